"""An index of a binary GraphDef: where each node lies, what it reads, and its attributes when asked.

Field numbers from tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto, function.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.domain.files import Shape
from inspector.domain.graph import Node
from inspector.formats.attributes import Attributes
from inspector.formats.tensor_proto import TensorRange, decode, locate
from inspector.formats.wire_format import BYTES, VARINT, WireFormatError, fields, text

SCALAR_PLACEHOLDERS = 24


@dataclass(frozen=True, slots=True)
class FunctionSignature:
    """Names of a function's arguments and outputs, and where in the body each output comes from."""

    arguments: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    results: tuple[str, ...] = ()


@dataclass(slots=True)
class GraphIndex:
    """Implements domain.graph.Graph over the bytes of a file, which stay where they are.

    Of nodes with one name `nodes` has the first and `duplicates` the others. `broken` says where the file
    stops being a graph, `expected` how many bytes it would have at least (0 when nothing is known of that)."""

    data: memoryview
    nodes: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, dict[str, Node]] = field(default_factory=dict)
    signatures: dict[str, FunctionSignature] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    duplicates: list[Node] = field(default_factory=list)
    broken: str = ""
    expected: int = 0
    _tensors: dict[str, TensorRange] = field(default_factory=dict)

    @classmethod
    def read(cls, data: memoryview) -> GraphIndex:
        """Index all nodes. What stands before a break is kept, and `broken` says where it broke."""
        index = cls(data)
        try:
            for number, kind, start, stop in fields(data, 0, len(data)):
                index._field(number, kind, start, stop)
        except WireFormatError as error:
            index.broken, index.expected = str(error), error.expected
        return index

    def is_constant(self, name: str) -> bool:
        return name in self.nodes and self.nodes[name].op == "Const"

    def constant_shape(self, name: str) -> tuple[tuple[int, ...], str]:
        tensor = self._tensor(name)
        return tensor.shape, tensor.dtype

    def constant(self, name: str) -> NDArray[np.generic]:
        return self.constant_range(name, 0, None).reshape(self._tensor(name).shape)

    def constant_range(self, name: str, start: int, stop: int | None) -> NDArray[Any]:
        """Elements `start` to `stop` of a constant, flat."""
        try:
            return decode(self.data, self._tensor(name), start, stop)
        except ValueError as error:  # WireFormatError is one, and so is what numpy says of a wrong length
            what = f"its values cannot be decoded: {error}"
            raise InspectorError("CORRUPT", what, where=name, todo="The file is damaged or cut.") from error

    def shape(self, tensor: str) -> Shape | None:
        """From `_output_shapes`, a placeholder's `shape`, or a constant's own."""
        name, _, index = tensor.rpartition(":")
        node = self.nodes.get(name or tensor)
        if node is None:
            return None
        if node.op == "Const":
            return self._constant_shape(node.name)
        stated = node.attributes.get("_output_shapes")
        place = int(index) if index.isdigit() else 0
        if isinstance(stated, list) and place < len(stated):
            return tuple(stated[place]) if stated[place] is not None else None
        dequeued = self._dequeued(node, place)
        if dequeued is not None:
            return dequeued
        own = node.attributes.get("shape") if node.op.startswith("Placeholder") else None
        if not isinstance(own, tuple) or (not own and node.op == "Placeholder" and self._scalar_is_unknown()):
            return None
        return own

    def _dequeued(self, node: Node, place: int) -> Shape | None:
        """What a queue or an iterator states of its elements; several of a queue's come with their number in front."""
        queue = self.nodes.get(node.inputs[0].rpartition(":")[0]) if node.inputs and "Dequeue" in node.op else None
        listed = queue.attributes.get("shapes") if queue is not None else node.attributes.get("output_shapes")
        if not isinstance(listed, list) or place >= len(listed) or not isinstance(listed[place], tuple):
            return None
        return (None, *listed[place]) if "DequeueMany" in node.op or "DequeueUpTo" in node.op else tuple(listed[place])

    def dtype(self, tensor: str) -> str:
        """What the node says of it, "" when it says nothing."""
        name, _, index = tensor.rpartition(":")
        node = self.nodes.get(name)
        if node is None:
            return ""
        for attribute in ("component_types", "output_types"):
            stated = node.attributes.get(attribute)
            if isinstance(stated, list) and index.isdigit() and int(index) < len(stated):
                return str(stated[int(index)])
        return next((str(node.attributes[name]) for name in ("dtype", "T", "DstT") if name in node.attributes), "")

    def _scalar_is_unknown(self) -> bool:
        """Before graph version 24 a placeholder of any shape was written with the shape of a scalar."""
        return self.versions.get("producer", 0) < SCALAR_PLACEHOLDERS

    def _constant_shape(self, name: str) -> Shape | None:
        try:
            return self.constant_shape(name)[0]
        except InspectorError:
            return None

    def _tensor(self, name: str) -> TensorRange:
        if name not in self._tensors:
            attributes = self.nodes[name].attributes if name in self.nodes else None
            if not isinstance(attributes, Attributes) or "value" not in attributes.ranges:
                raise InspectorError("NO_SUCH_VALUE", f"there is no constant {name}", where=name)
            try:
                self._tensors[name] = locate(self.data, *attributes.tensor("value"))
            except WireFormatError as error:
                raise InspectorError("CORRUPT", f"the constant is damaged: {error}", where=name) from error
        return self._tensors[name]

    def _field(self, number: int, kind: int, start: int, stop: int) -> None:
        if number == 1 and kind == BYTES:
            node = read_node(self.data, start, stop)
            if self.nodes.setdefault(node.name, node) is not node:
                self.duplicates.append(node)
        elif number == 2 and kind == BYTES:
            for inner, inner_kind, begin, end in fields(self.data, start, stop):
                if inner == 1 and inner_kind == BYTES:
                    name, nodes, signature = read_function(self.data, begin, end)
                    self.functions[name], self.signatures[name] = nodes, signature
        elif number == 4 and kind == BYTES:
            for inner, inner_kind, value, _ in fields(self.data, start, stop):
                if inner_kind == VARINT and inner in (1, 2):
                    self.versions["producer" if inner == 1 else "min_consumer"] = value


def read_node(data: memoryview, start: int, stop: int) -> Node:
    """One NodeDef; its attributes are decoded when they are looked at."""
    name, op, device = "", "", ""
    inputs: list[str] = []
    controls: list[str] = []
    entries: list[tuple[int, int]] = []
    for number, kind, begin, end in fields(data, start, stop):
        if kind != BYTES:
            continue
        if number == 3:
            tensor = text(data, begin, end)
            if tensor.startswith("^"):
                controls.append(tensor[1:])
            else:
                inputs.append(tensor if ":" in tensor else tensor + ":0")
        elif number == 5:
            entries.append((begin, end))
        elif number == 1:
            name = text(data, begin, end)
        elif number == 2:
            op = text(data, begin, end)
        elif number == 4:
            device = text(data, begin, end)
    return Node(name, op, tuple(inputs), tuple(controls), Attributes(data, entries), device)


def read_function(data: memoryview, start: int, stop: int) -> tuple[str, dict[str, Node], FunctionSignature]:
    """A FunctionDef: its name, the nodes of its body (inputs inside are `node:output:index`), its signature."""
    name = ""
    arguments: list[str] = []
    outputs: list[str] = []
    results: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    for number, kind, begin, end in fields(data, start, stop):
        if kind != BYTES:
            continue
        if number == 1:
            for inner, inner_kind, b, e in fields(data, begin, end):
                if inner_kind == BYTES and inner in (1, 2, 3):
                    found = text(data, b, e) if inner == 1 else _first_text(data, b, e)
                    name = found if inner == 1 else name
                    (arguments if inner == 2 else outputs if inner == 3 else []).append(found)
        elif number == 3:
            node = read_node(data, begin, end)
            nodes[node.name] = node
        elif number == 4:
            entry = {n: text(data, b, e) for n, k, b, e in fields(data, begin, end) if k == BYTES}
            results[entry.get(1, "")] = entry.get(2, "")
    signature = FunctionSignature(tuple(arguments), tuple(outputs), tuple(results.get(out, "") for out in outputs))
    return name, nodes, signature


def _first_text(data: memoryview, start: int, stop: int) -> str:
    return next((text(data, b, e) for n, k, b, e in fields(data, start, stop) if n == 1 and k == BYTES), "")


def plain_attributes(node: Node) -> Iterator[tuple[str, Any]]:
    """Attribute names with their plain values, for showing."""
    attributes: Mapping[str, Any] = node.attributes
    for name in attributes:
        yield name, attributes[name]
