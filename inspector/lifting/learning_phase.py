"""The learning phase of Keras 1 and 2 in a graph: a bool placeholder that picks training or inference."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from inspector.domain.graph import Node
from inspector.graphs.inlining import Op
from inspector.graphs.phases import learning_phases

_REACH = 64


def phase_nodes(nodes: Mapping[str, Node], ops: Mapping[str, Op]) -> frozenset[str]:
    """Names of the placeholders that say training or inference, with the Identity nodes behind them."""
    names = set(learning_phases(ops))
    grown = bool(names)
    while grown:
        grown = False
        for name, node in nodes.items():
            handing_on = name not in names and node.op in ("Identity", "Switch") and node.inputs
            if handing_on and all(tensor.rpartition(":")[0] in names for tensor in node.inputs):
                names.add(name)
                grown = True
    return frozenset(names)


def inference_input(
    nodes: Mapping[str, Node], phases: frozenset[str], node: Node, decided: Mapping[str, bool] = MappingProxyType({})
) -> str | None:
    """The input that a Switch or Merge hands on in inference, None for other nodes.

    `decided` are further predicates whose value is a constant of the graph."""
    if not phases and not decided:
        return None
    if _taken(phases, decided, node) is not None:
        return node.inputs[0]
    if node.op == "Merge":
        for tensor in node.inputs:
            if _is_taken(nodes, phases, decided, tensor):
                return tensor
    return None


def _taken(phases: frozenset[str], decided: Mapping[str, bool], node: Node) -> str | None:
    """Which output of a Switch has the value: `0` in inference, None when that is not known."""
    if node.op != "Switch" or len(node.inputs) != 2:
        return None
    predicate = node.inputs[1].rpartition(":")[0]
    if predicate in phases:
        return "0"
    return str(int(decided[predicate])) if predicate in decided else None


def _is_taken(nodes: Mapping[str, Node], phases: frozenset[str], decided: Mapping[str, bool], tensor: str) -> bool:
    """Whether a tensor descends from the output of a decided Switch that has the value."""
    waiting = [tensor]
    for _ in range(_REACH):
        if not waiting:
            return False
        name, _, index = waiting.pop(0).rpartition(":")
        node = nodes.get(name)
        if node is None or node.op == "NextIteration":
            continue
        taken = _taken(phases, decided, node)
        if taken is not None:
            return index == taken
        waiting.extend(node.inputs)
    return False
