"""The graph that a signature (or an inference) computes: calls written out, variables as constants with values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import Shape
from inspector.domain.graph import Node
from inspector.formats.graph_index import GraphIndex
from inspector.formats.tensor_bundle import TensorBundle
from inspector.formats.variables import VARIABLES, Slot
from inspector.graphs.inlining import Body, Flat, Flattened, flatten, node_of
from inspector.graphs.ports import Inference
from inspector.lifting.graph_ops import ops_of

NO_CHECKPOINT = "the graph has variables, and no checkpoint lies beside it"


@dataclass(slots=True)
class VariableValues:
    """Values of variables by node name. `missing` says why there is no checkpoint to take them from; `joined` are
    nodes that put a partitioned variable together."""

    slots: Mapping[str, Slot] = field(default_factory=dict)
    joined: dict[str, Slot] = field(default_factory=dict)
    bundle: TensorBundle | None = None
    missing: str = NO_CHECKPOINT

    def shape(self, node: Node) -> tuple[tuple[int, ...], str]:
        """As the checkpoint says, otherwise as the graph does; an unknown size is 0."""
        slot = self.slots.get(node.name) or self.joined.get(node.name)
        if slot is not None and self.bundle is not None:
            return self.bundle.shape(slot.key, slot.part)
        stated = node.attributes.get("shape")
        return tuple(size or 0 for size in stated or ()), str(node.attributes.get("dtype", ""))

    def values(self, name: str, start: int, stop: int | None) -> NDArray[Any]:
        """Elements in C order. Raises NO_VALUES."""
        slot = self.slots.get(name) or self.joined.get(name)
        if slot is None or self.bundle is None:
            raise InspectorError("NO_VALUES", self.missing, where=name, todo="Put the model's other files beside it.")
        return self.bundle.values(slot.key, start, stop, slot.part)


class FlatGraph(GraphIndex):
    """Implements domain.graph.Graph. A variable is a node of op Const under its own name."""

    def __init__(
        self, source: GraphIndex, flattened: Flattened, fed: Mapping[str, Node], values: VariableValues
    ) -> None:
        super().__init__(source.data, functions=source.functions, versions=source.versions)
        self._source = source
        self._variables = values
        self._states: dict[str, Node] = {}
        for name, flat in flattened.nodes.items():
            self.nodes[name] = fed[name] if name in fed else self._node(flat)
        for name, node in fed.items():
            self.nodes.setdefault(name, node)
        for name in [name for name, node in self.nodes.items() if node.op == "ConcatV2"]:
            self._join(name)

    @property
    def variables(self) -> dict[str, Node]:
        """The variables that it reads, as the file states them."""
        return self._states

    def is_constant(self, name: str) -> bool:
        return name in self._states or super().is_constant(name)

    def constant_shape(self, name: str) -> tuple[tuple[int, ...], str]:
        if name in self._states:
            return self._variables.shape(self._states[name])
        return super().constant_shape(name)

    def constant(self, name: str) -> NDArray[Any]:
        return self.constant_range(name, 0, None).reshape(self.constant_shape(name)[0])

    def constant_range(self, name: str, start: int, stop: int | None) -> NDArray[Any]:
        if name in self._states:
            shape, _ = self.constant_shape(name)
            return self._variables.values(name, start, math.prod(shape) if stop is None else stop)
        return super().constant_range(name, start, stop)

    def _join(self, name: str) -> None:
        """A partitioned variable that is put together again is one constant, as it was trained."""
        sources = [self._behind(text) for text in self.nodes[name].inputs[:-1]]
        slots = [self._variables.slots.get(source) for source in sources]
        keys = {slot.key for slot in slots if slot is not None and slot.part}
        if len(keys) == 1 and None not in slots and self._variables.bundle is not None:
            self._variables.joined[name] = Slot(keys.pop())
            self._states[name] = self.nodes[name]
            shape, dtype = self._variables.shape(self.nodes[name])
            self.nodes[name] = Node(name, "Const", (), (), {"dtype": dtype, "shape": shape})

    def _behind(self, tensor: str) -> str:
        """The node behind Identity nodes."""
        node = self.nodes.get(tensor.rpartition(":")[0])
        while node is not None and node.op == "Identity" and node.inputs:
            node = self.nodes.get(node.inputs[0].rpartition(":")[0])
        return node.name if node is not None else ""

    def _node(self, flat: Flat) -> Node:
        nodes = self._source.functions[flat.function] if flat.function else self._source.nodes
        stated = nodes[flat.source]
        node = Node(flat.name, flat.op, flat.inputs, flat.controls, stated.attributes, stated.device)
        if flat.op in VARIABLES:
            self._states[flat.name] = node
            shape, dtype = self._variables.shape(node)
            return Node(flat.name, "Const", (), (), {"dtype": dtype, "shape": shape}, stated.device)
        return node


@dataclass(frozen=True, slots=True)
class Asked:
    """A tensor that is fed or asked for, with what is stated about it."""

    name: str
    tensor: str
    dtype: str = ""
    shape: Shape | None = None

    def port(self, tensor: str) -> Port:
        """The port of a computation, for which the tensor may be another one."""
        return Port(name=self.name, tensor=tensor, shape=self.shape, dtype=self.dtype)


def asked_of_graph(graph: GraphIndex, found: Inference) -> tuple[list[Asked], list[Asked]]:
    """The inputs and outputs of the inference in a graph that states none."""
    inputs, outputs = (
        [Asked(text.removesuffix(":0"), text, graph.dtype(text), graph.shape(text)) for text in tensors]
        for tensors in (found.ports.inputs, found.ports.outputs)
    )
    return inputs, outputs


def flattened_graph(
    source: GraphIndex,
    inputs: Iterable[Asked],
    outputs: Iterable[Asked],
    values: VariableValues,
    found: Inference,
) -> tuple[FlatGraph, Flattened]:
    """The flat graph between inputs and outputs. `found` holds the source's nodes as they are to be computed.

    Raises TOO_LARGE when functions blow it up."""
    fed = [asked for asked in inputs if asked.tensor]
    wanted = [asked.tensor for asked in outputs if asked.tensor]
    try:
        flattened = flatten(found.nodes, Functions(source), wanted, [asked.tensor for asked in fed], found.ports.phases)
    except OverflowError as error:
        raise InspectorError("TOO_LARGE", f"the functions call each other too often: {error}") from error
    placeholders = [_placeholder(source, asked, node_of(flattened.tensors[asked.tensor])) for asked in fed]
    return FlatGraph(source, flattened, {node.name: node for node in placeholders}, values), flattened


def _placeholder(source: GraphIndex, asked: Asked, name: str) -> Node:
    """A placeholder of that name: a tensor in the middle that a signature feeds, or one with a default, is one."""
    node = source.nodes.get(name)
    if node is not None and node.op == "Placeholder":
        return node
    return Node(name, "Placeholder", (), (), {"dtype": asked.dtype, "shape": asked.shape})


class Functions:
    """A graph's function library as the inlining takes it, each function when it is first called."""

    def __init__(self, graph: GraphIndex) -> None:
        self._graph = graph
        self._known: dict[str, Body | None] = {}

    def __call__(self, name: str) -> Body | None:
        if name not in self._known:
            self._known[name] = self._body(name) if name in self._graph.functions else None
        return self._known[name]

    def _body(self, name: str) -> Body:
        signature = self._graph.signatures[name]
        return Body(signature.arguments, signature.outputs, signature.results, ops_of(self._graph.functions[name]))
