"""A SavedModel's object graph (TensorFlow 2): variables with the keys of their values, Keras classes, functions.

tensorflow/core/protobuf/saved_object_graph.proto, trackable_object_graph.proto; keras_metadata.pb is
SavedMetadata of keras/protobuf/saved_metadata.proto
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from inspector.formats.tensor_proto import dtype_name, shape_of
from inspector.formats.wire_format import BYTES, VARINT, WireFormatError, fields, text

KINDS = {4: "object", 5: "asset", 6: "function", 7: "variable", 8: "function", 9: "constant", 10: "resource"}
KINDS[12] = "tensor"


@dataclass(frozen=True, slots=True)
class SavedObject:
    """One object. `path` is how the root reaches it, `text` the name of a variable or the class of an object."""

    path: str
    kind: str
    text: str = ""
    metadata: str = ""


@dataclass(slots=True)
class _Node:
    kind: str = "object"
    text: str = ""
    metadata: str = ""
    children: list[tuple[str, int]] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)


def saved_objects(data: memoryview) -> list[SavedObject]:
    """The objects of a SavedObjectGraph, each under its first path from the root; what is damaged is left out."""
    nodes: list[_Node] = []
    try:
        for number, kind, start, stop in fields(data, 0, len(data)):
            if (number, kind) == (1, BYTES):
                nodes.append(_saved(data[start:stop]))
    except WireFormatError:
        pass
    return [SavedObject(path, nodes[i].kind, nodes[i].text, nodes[i].metadata) for i, path in _paths(nodes)]


def checkpoint_keys(data: memoryview) -> dict[str, str]:
    """Full name of a variable -> key of its value, from a TrackableObjectGraph. A name that two variables have
    says nothing, and is left out."""
    nodes: list[_Node] = []
    try:
        for number, kind, start, stop in fields(data, 0, len(data)):
            if (number, kind) == (1, BYTES):
                nodes.append(_tracked(data[start:stop]))
    except WireFormatError:
        pass
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name, key in (pair for node in nodes for pair in node.attributes):
        if found.setdefault(name, key) != key:
            twice.add(name)
    return {name: key for name, key in found.items() if name and name not in twice}


def keras_metadata(data: memoryview) -> dict[str, str]:
    """Path of a Keras object -> its metadata as JSON text, from a keras_metadata.pb."""
    found: dict[str, str] = {}
    try:
        for number, kind, start, stop in fields(data, 0, len(data)):
            if (number, kind) == (1, BYTES):
                parts = {n: text(data, b, e) for n, k, b, e in fields(data, start, stop) if k == BYTES}
                found[parts.get(3, "")] = parts.get(5, "")
    except WireFormatError:
        pass
    return found


def _paths(nodes: list[_Node]) -> Iterator[tuple[int, str]]:
    """Nodes in breadth-first order with their shortest paths."""
    waiting = [(0, "root")] if nodes else []
    seen = {0}
    for index, path in waiting:  # grows while it is walked
        yield index, path
        for name, child in nodes[index].children:
            if child not in seen and 0 <= child < len(nodes):
                seen.add(child)
                waiting.append((child, f"{path}.{name}"))


def _saved(data: memoryview) -> _Node:
    node = _Node()
    for number, kind, start, stop in fields(data, 0, len(data)):
        if kind != BYTES:
            continue
        if number == 1:
            node.children.append(_reference(data[start:stop]))
        elif number in KINDS:
            node.kind = KINDS[number]
            node.text, node.metadata = _described(node.kind, data[start:stop])
    return node


def _described(kind: str, data: memoryview) -> tuple[str, str]:
    if kind == "variable":
        return _variable(data), ""
    if kind in ("object", "function"):
        texts = {n: text(data, b, e) for n, k, b, e in fields(data, 0, len(data)) if k == BYTES}
        return (texts.get(1, ""), texts.get(3, "")) if kind == "object" else ("", "")
    return "", ""


def _variable(data: memoryview) -> str:
    dtype, shape, name = "", None, ""
    for number, kind, start, stop in fields(data, 0, len(data)):
        if (number, kind) == (1, VARINT):
            dtype = dtype_name(start)
        elif (number, kind) == (2, BYTES):
            shape = shape_of(data, start, stop)
        elif (number, kind) == (6, BYTES):
            name = text(data, start, stop)
    sizes = "x".join("?" if size is None else str(size) for size in shape or ()) or "scalar"
    return f"{name} {dtype} {sizes}"


def _tracked(data: memoryview) -> _Node:
    node = _Node()
    for number, kind, start, stop in fields(data, 0, len(data)):
        if (number, kind) == (2, BYTES):
            texts = {n: text(data, b, e) for n, k, b, e in fields(data, start, stop) if k == BYTES}
            node.attributes.append((texts.get(2, ""), texts.get(3, "")))
    return node


def _reference(data: memoryview) -> tuple[str, int]:
    child, name = 0, ""
    for number, kind, start, stop in fields(data, 0, len(data)):
        if (number, kind) == (1, VARINT):
            child = start
        elif (number, kind) == (2, BYTES):
            name = text(data, start, stop)
    return name, child
