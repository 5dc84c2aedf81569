"""Where the values of a graph's variables lie in a checkpoint: as the graph's own restoring nodes say it.

What they do not say follows from names: a variable's own, the one it is shared under, or its full name in the
checkpoint's object graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inspector.domain.errors import InspectorError
from inspector.domain.graph import Node
from inspector.formats.attributes import Attributes
from inspector.formats.graph_index import GraphIndex
from inspector.formats.object_graph import checkpoint_keys
from inspector.formats.tensor_bundle import TensorBundle
from inspector.formats.tensor_proto import locate, strings
from inspector.formats.wire_format import WireFormatError

VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})
OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
ASSIGNING = ("Assign", "AssignVariableOp")
_PASSING = ("Identity", "Cast")


@dataclass(frozen=True, slots=True)
class Slot:
    """The key of a tensor in a checkpoint, and which part of it (`shape start,length:...`, "" for all)."""

    key: str
    part: str = ""


def slots_of(graph: GraphIndex, bundle: TensorBundle) -> dict[str, Slot]:
    """Node name of each variable -> where its value lies; those without a value are left out."""
    stated = dict(_restored(graph))
    full_names = _full_names(bundle)
    found = {}
    for name, node in graph.nodes.items():
        if node.op in VARIABLES:
            shared = str(node.attributes.get("shared_name") or "")
            named = [Slot(full_names.get(text, text)) for text in (name, shared)]
            named += [Slot(text) for text in (name, shared)]
            candidates = [stated[name], *named] if name in stated else named
            slot = next((slot for slot in candidates if slot.key in bundle), None)
            if slot is not None:
                found[name] = slot
    return found


def _full_names(bundle: TensorBundle) -> Mapping[str, str]:
    if OBJECTS not in bundle:
        return {}
    try:
        return checkpoint_keys(memoryview(bundle.text(OBJECTS)))
    except InspectorError:
        return {}  # the shard is missing: said where its values are asked for


def _restored(graph: GraphIndex) -> Iterator[tuple[str, Slot]]:
    """Assignments of what RestoreV2 reads, in the graph itself and in the functions that it calls."""
    for variable, slot in _assignments(graph.data, graph.nodes):
        yield variable, slot
    for node in graph.nodes.values():
        called = str(node.attributes.get("f") or "").removeprefix("func:") if "PartitionedCall" in node.op else ""
        body = graph.functions.get(called, {})
        if any(inner.op == "RestoreV2" for inner in body.values()):
            arguments = dict(zip(graph.signatures[called].arguments, node.inputs, strict=False))
            for argument, slot in _assignments(graph.data, body):
                if argument in arguments:
                    yield arguments[argument].rpartition(":")[0], slot


def _assignments(data: memoryview, nodes: Mapping[str, Node]) -> Iterator[tuple[str, Slot]]:
    slots: dict[str, list[Slot]] = {}
    for node in nodes.values():
        if node.op in ASSIGNING and len(node.inputs) == 2:
            source, index = _source(nodes, node.inputs[1])
            if source is not None and source.op == "RestoreV2" and len(source.inputs) >= 3:
                known = slots.setdefault(source.name, []) or _read(data, nodes, source, slots)
                if index < len(known):
                    yield node.inputs[0].partition(":")[0], known[index]


def _read(data: memoryview, nodes: Mapping[str, Node], restore: Node, slots: dict[str, list[Slot]]) -> list[Slot]:
    keys, parts = (_texts(data, nodes, text) for text in restore.inputs[1:3])
    slots[restore.name] = [Slot(key, part) for key, part in zip(keys, parts, strict=False)]
    return slots[restore.name]


def _source(nodes: Mapping[str, Node], tensor: str) -> tuple[Node | None, int]:
    """The node behind Identity nodes, and which of its outputs it is (`name:1` or `name:tensors:1`)."""
    for _ in range(8):
        name, index = tensor.partition(":")[0], tensor.rpartition(":")[2]
        node = nodes.get(name)
        if node is None or node.op not in _PASSING or not node.inputs:
            return node, int(index) if index.isdigit() else 0
        tensor = node.inputs[0]
    return None, 0


def _texts(data: memoryview, nodes: Mapping[str, Node], tensor: str) -> list[str]:
    """The strings of a constant, [] when it is none."""
    node = nodes.get(tensor.partition(":")[0])
    if node is None or not isinstance(node.attributes, Attributes) or "value" not in node.attributes.ranges:
        return []
    try:
        found = strings(data, locate(data, *node.attributes.tensor("value")))
    except (InspectorError, WireFormatError):
        return []
    return [text.decode("utf-8", "backslashreplace") for text in found]
