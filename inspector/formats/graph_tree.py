"""A graph as a tree to browse: inputs, outputs, scopes with their nodes, functions; nothing built before asked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, Shape
from inspector.domain.graph import Node
from inspector.formats.graph_index import GraphIndex, plain_attributes
from inspector.formats.scopes import Child, Scopes
from inspector.formats.tensor_proto import element_type
from inspector.graphs.inlining import node_of
from inspector.graphs.ports import Ports
from inspector.lifting.graph_ops import inference

SECTIONS = ("Inputs", "Outputs", "Graph", "Functions")
NO_NUMBERS = ("string", "resource", "variant")
SHOWN = 24
MOST = 500  # rows of one kind
LONGEST = 2000  # characters of one value


class GraphTree:
    """Ids: `section:NAME`, `scope:PATH`, `node:NAME`, `again:NUMBER` (a further node of a name),
    `function:NAME`, `inner:FUNCTION:NAME`."""

    def __init__(
        self, graph: GraphIndex, inputs: Sequence[str] | None = None, outputs: Sequence[str] | None = None
    ) -> None:
        """`inputs` and `outputs` are names of nodes, where somebody states them."""
        self._graph = graph
        self._stated = inputs, outputs

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """Node name -> names of the nodes that read it."""
        found: dict[str, list[str]] = {}
        for name, node in self._graph.nodes.items():
            for tensor in node.inputs:
                found.setdefault(tensor.rpartition(":")[0], []).append(name)
        return found

    @cached_property
    def missing(self) -> list[str]:
        """Inputs that name no node of the graph."""
        return [name for name in self.readers if name not in self._graph.nodes]

    @cached_property
    def _ports(self) -> Ports:
        return inference(self._graph).ports

    @cached_property
    def inputs(self) -> list[str]:
        """Nodes that are fed."""
        stated = self._stated[0]
        return self._known([node_of(text) for text in self._ports.inputs] if stated is None else stated)

    @cached_property
    def outputs(self) -> list[str]:
        """Nodes that are asked for."""
        stated = self._stated[1]
        return self._known([node_of(text) for text in self._ports.outputs] if stated is None else stated)

    def _known(self, names: Sequence[str]) -> list[str]:
        return [name for name in dict.fromkeys(names) if name in self._graph.nodes]

    @cached_property
    def _scopes(self) -> Scopes:
        return Scopes(self._graph.nodes)

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        """A page of an entry's children."""
        return [self.entry(child) for child in self._ids(entry_id)[start:stop]]

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Nodes and scopes below the section of the whole graph, then the functions' nodes."""
        for name, node in self._graph.nodes.items():
            above = tuple(f"scope:{scope}" for scope in self._scopes.above(name))
            yield self._node(f"node:{name}", node), ("section:Graph", *above)
        for function, nodes in self._graph.functions.items():
            for name in nodes:
                yield self.entry(f"inner:{function}:{name}"), ("section:Functions", f"function:{function}")

    def entry(self, entry_id: str) -> Entry:
        """The entry of an id. Raises NO_SUCH_ENTRY."""
        kind, _, rest = entry_id.partition(":")
        if kind == "section" and rest in SECTIONS:
            return Entry(id=entry_id, name=rest, kind="section", child_count=len(self._ids(entry_id)))
        if kind == "scope" and rest in self._scopes.children:
            name = self._scopes.local(Child(rest, is_scope=True))
            return Entry(id=entry_id, name=name, kind="scope", child_count=len(self._scopes.children[rest]))
        if kind == "again" and rest.isdecimal() and int(rest) < len(self._graph.duplicates):
            node = self._graph.duplicates[int(rest)]
            note = "a further node of this name; the first one counts"
            return Entry(id=entry_id, name=node.name, kind="node", class_name=node.op, dtype=_dtype(node), note=note)
        if kind == "node" and rest in self._graph.nodes:
            return self._node(entry_id, self._graph.nodes[rest])
        if kind == "function" and rest in self._graph.functions:
            return Entry(id=entry_id, name=rest, kind="function", child_count=len(self._graph.functions[rest]))
        function, _, name = rest.partition(":")
        if kind == "inner" and name in self._graph.functions.get(function, {}):
            node = self._graph.functions[function][name]
            return Entry(id=entry_id, name=name, kind="node", class_name=node.op, dtype=_dtype(node))
        raise InspectorError("NO_SUCH_ENTRY", f"there is no entry {entry_id}", where=entry_id)

    def details(self, entry_id: str) -> Details:
        """Op, inputs, control inputs, attributes, device, shapes and readers of a node; counts of others."""
        entry = self.entry(entry_id)
        kind, _, rest = entry_id.partition(":")
        if kind in ("node", "inner"):
            function, _, name = rest.partition(":")
            node = self._graph.nodes[rest] if kind == "node" else self._graph.functions[function][name]
            return Details(entry, tuple(self._rows(node, outer=kind == "node")))
        if kind == "again":
            return Details(entry, tuple(self._rows(self._graph.duplicates[int(rest)], outer=True)))
        return Details(entry, (("Entries", str(entry.child_count)), ("Name", rest)))

    def _ids(self, entry_id: str) -> list[str]:
        kind, _, rest = entry_id.partition(":")
        if not entry_id:
            return [f"section:{name}" for name in SECTIONS if name != "Functions" or self._graph.functions]
        if kind == "section":
            return {
                "Inputs": [f"node:{name}" for name in self.inputs],
                "Outputs": [f"node:{name}" for name in self.outputs],
                "Graph": [*self._inside(""), *(f"again:{i}" for i in range(len(self._graph.duplicates)))],
                "Functions": [f"function:{name}" for name in self._graph.functions],
            }[rest]
        if kind == "function":
            return [f"inner:{rest}:{name}" for name in self._graph.functions.get(rest, {})]
        return self._inside(rest) if kind == "scope" else []

    def _inside(self, scope: str) -> list[str]:
        children = self._scopes.children.get(scope, [])
        return [f"scope:{child.name}" if child.is_scope else f"node:{child.name}" for child in children]

    def _node(self, entry_id: str, node: Node) -> Entry:
        shape: Shape | None = self._graph.shape(f"{node.name}:0")
        name = self._scopes.local(Child(node.name, is_scope=False))
        entry = Entry(
            id=entry_id,
            name=name,
            kind="node",
            class_name=node.op,
            shape=shape,
            dtype=_dtype(node),
            tensor="" if node.op == "NoOp" else f"{node.name}:0",
        )
        return self._with_value(entry, node.name) if node.op == "Const" else entry

    def _with_value(self, entry: Entry, name: str) -> Entry:
        """A constant's own shape, dtype and size; a damaged one is a row with a note, not an error."""
        try:
            stored, dtype = self._graph.constant_shape(name)
            if dtype in NO_NUMBERS:
                return replace(entry, dtype=dtype, note="no numeric view")
            size = math.prod(stored) * element_type(dtype).itemsize
        except InspectorError as error:
            return replace(entry, note=error.what)
        return replace(entry, shape=stored, dtype=dtype, size=size, value_id=name)

    def _rows(self, node: Node, *, outer: bool) -> Iterator[tuple[str, str]]:
        yield "Name", node.name
        yield "Op", node.op
        if node.device:
            yield "Device", node.device
        for number, tensor in enumerate(node.inputs[:MOST]):
            ghost = outer and tensor.rpartition(":")[0] not in self._graph.nodes
            yield f"Input {number}", f"{tensor} (no such node)" if ghost else tensor
        yield from (("Control input", name) for name in node.controls[:MOST])
        shown = {name: _shown(value) for name, value in plain_attributes(node)}
        damaged: dict[str, str] = getattr(node.attributes, "problems", {})
        yield from (shown | {name: f"damaged: {problem}" for name, problem in damaged.items()}).items()
        readers = self.readers.get(node.name, []) if outer else []
        for name in readers[:SHOWN]:
            yield "Read by", name
        if len(readers) > SHOWN:
            yield "Read by", f"{len(readers) - SHOWN} more"


def facts(graph: GraphIndex, tree: GraphTree) -> tuple[tuple[str, str], ...]:
    """What a person wants to know of a graph first."""
    ops = Counter(node.op for node in graph.nodes.values())
    rows = [
        ("Nodes", str(len(graph.nodes))),
        ("Inputs", ", ".join(tree.inputs) or "none"),
        ("Outputs", ", ".join(tree.outputs[:6]) or "none"),
        ("Functions", str(len(graph.functions))),
        ("Ops", ", ".join(f"{op} {count}" for op, count in ops.most_common(12))),
    ]
    if "producer" in graph.versions:
        rows.append(("Producer version", str(graph.versions["producer"])))
    return tuple(rows)


def _dtype(node: Node) -> str:
    for name in ("dtype", "T", "DstT", "output_type"):
        value = node.attributes.get(name)
        if isinstance(value, str):
            return value
    return ""


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "x".join("?" if size is None else str(size) for size in value) or "scalar"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value[:SHOWN]) + ("…]" if len(value) > SHOWN else "]")
    words = str(value)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}… ({len(words)} characters)"
