"""The learning phase of Keras 1 and 2 in a graph: a bool placeholder that picks training or inference."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.domain.graph import Node

_REACH = 64


def learning_phases(nodes: Mapping[str, Node]) -> frozenset[str]:
    """Names of the placeholders that say training or inference, with the Identity nodes behind them."""
    names = {
        name
        for name, node in nodes.items()
        if node.op in ("Placeholder", "PlaceholderWithDefault", "PlaceholderV2")
        and ("learning_phase" in name or str(node.attributes.get("dtype")) == "bool")
    }
    grown = True
    while grown:
        grown = False
        for name, node in nodes.items():
            handing_on = name not in names and node.op in ("Identity", "Switch") and node.inputs
            if handing_on and all(tensor.rpartition(":")[0] in names for tensor in node.inputs):
                names.add(name)
                grown = True
    return frozenset(names)


def inference_input(nodes: Mapping[str, Node], phases: frozenset[str], node: Node) -> str | None:
    """The input that a Switch or Merge on the learning phase hands on in inference, None for other nodes."""
    if not phases:
        return None
    if node.op == "Switch" and len(node.inputs) == 2 and node.inputs[1].rpartition(":")[0] in phases:
        return node.inputs[0]
    if node.op == "Merge":
        for tensor in node.inputs:
            if _branch(nodes, phases, tensor) == "0":
                return tensor
    return None


def _branch(nodes: Mapping[str, Node], phases: frozenset[str], tensor: str) -> str | None:
    """Which output of a learning-phase Switch a tensor descends from: `0` inference, `1` training."""
    waiting = [tensor]
    for _ in range(_REACH):
        if not waiting:
            return None
        name, _, index = waiting.pop(0).rpartition(":")
        node = nodes.get(name)
        if node is None or node.op == "NextIteration":
            continue
        if node.op == "Switch" and len(node.inputs) == 2 and node.inputs[1].rpartition(":")[0] in phases:
            return index
        waiting.extend(node.inputs)
    return None
