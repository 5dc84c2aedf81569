"""A graph as a tree to browse: inputs, outputs, scopes with their nodes, functions; nothing built before asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, Shape
from inspector.domain.graph import Node
from inspector.formats.graph_index import GraphIndex, plain_attributes
from inspector.formats.tensor_proto import element_type

SECTIONS = ("Inputs", "Outputs", "Graph", "Functions")
NOT_INPUTS = ("learning_phase", "unused_control_flow_input")
SHOWN = 24


class GraphTree:
    """Ids: `section:NAME`, `scope:PREFIX`, `node:NAME`, `function:NAME`, `inner:FUNCTION:NAME`."""

    def __init__(self, graph: GraphIndex) -> None:
        self._graph = graph

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
    def inputs(self) -> list[str]:
        nodes = self._graph.nodes.values()
        return [n.name for n in nodes if n.op.startswith("Placeholder") and not any(w in n.name for w in NOT_INPUTS)]

    @cached_property
    def outputs(self) -> list[str]:
        """Nodes that read something and that nobody reads."""
        controlled = {name for node in self._graph.nodes.values() for name in node.controls}
        return [
            name for name, node in self._graph.nodes.items()
            if node.inputs and name not in self.readers and name not in controlled and node.op not in ("NoOp", "Assert")
        ]

    @cached_property
    def _scopes(self) -> dict[str, list[str]]:
        """Scope -> ids of its children in file order; the top is the empty scope."""
        found: dict[str, dict[str, None]] = {"": {}}
        for name in self._graph.nodes:
            parts = name.split("/")
            for depth in range(1, len(parts)):
                scope, parent = "/".join(parts[:depth]), "/".join(parts[: depth - 1])
                if scope not in found:
                    found[scope] = {}
                    found[parent][f"scope:{scope}"] = None
            found["/".join(parts[:-1])][f"node:{name}"] = None
        return {scope: list(children) for scope, children in found.items()}

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        """A page of an entry's children."""
        return [self.entry(child) for child in self._ids(entry_id)[start:stop]]

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Nodes and scopes below the section of the whole graph, then the functions' nodes."""
        for name in self._graph.nodes:
            parts = name.split("/")
            above = tuple(f"scope:{'/'.join(parts[:depth])}" for depth in range(1, len(parts)))
            yield self.entry(f"node:{name}"), ("section:Graph", *above)
        for function, nodes in self._graph.functions.items():
            for name in nodes:
                yield self.entry(f"inner:{function}:{name}"), ("section:Functions", f"function:{function}")

    def entry(self, entry_id: str) -> Entry:
        """The entry of an id. Raises NO_SUCH_ENTRY."""
        kind, _, rest = entry_id.partition(":")
        if kind == "section" and rest in SECTIONS:
            return Entry(id=entry_id, name=rest, kind="section", child_count=len(self._ids(entry_id)))
        if kind == "scope" and rest in self._scopes:
            return Entry(id=entry_id, name=rest.rpartition("/")[2], kind="scope", child_count=len(self._scopes[rest]))
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
        return Details(entry, (("Entries", str(entry.child_count)), ("Name", rest)))

    def _ids(self, entry_id: str) -> list[str]:
        kind, _, rest = entry_id.partition(":")
        if not entry_id:
            return [f"section:{name}" for name in SECTIONS if name != "Functions" or self._graph.functions]
        if kind == "section":
            return {
                "Inputs": [f"node:{name}" for name in self.inputs],
                "Outputs": [f"node:{name}" for name in self.outputs],
                "Graph": self._scopes[""] if rest == "Graph" else [],
                "Functions": [f"function:{name}" for name in self._graph.functions],
            }[rest]
        if kind == "function":
            return [f"inner:{rest}:{name}" for name in self._graph.functions.get(rest, {})]
        return self._scopes.get(rest, []) if kind == "scope" else []

    def _node(self, entry_id: str, node: Node) -> Entry:
        shape: Shape | None = self._graph.shape(f"{node.name}:0")
        dtype, size, value = _dtype(node), 0, ""
        if node.op == "Const":
            stored, dtype = self._graph.constant_shape(node.name)
            if dtype not in ("string", "resource", "variant"):
                size = int(np.prod(stored, dtype=object)) * element_type(dtype).itemsize
                value = node.name
        return Entry(id=entry_id, name=node.name.rpartition("/")[2], kind="node", class_name=node.op, shape=shape,
                     dtype=dtype, size=size, tensor="" if node.op == "NoOp" else f"{node.name}:0", value_id=value)

    def _rows(self, node: Node, *, outer: bool) -> Iterator[tuple[str, str]]:
        yield "Name", node.name
        yield "Op", node.op
        if node.device:
            yield "Device", node.device
        for number, tensor in enumerate(node.inputs):
            ghost = outer and tensor.rpartition(":")[0] not in self._graph.nodes
            yield f"Input {number}", f"{tensor} (no such node)" if ghost else tensor
        for name in node.controls:
            yield "Control input", name
        for name, value in plain_attributes(node):
            yield name, _shown(value)
        readers = self.readers.get(node.name, []) if outer else []
        for name in readers[:SHOWN]:
            yield "Read by", name
        if len(readers) > SHOWN:
            yield "Read by", f"{len(readers) - SHOWN} more"


def facts(graph: GraphIndex, tree: GraphTree) -> tuple[tuple[str, str], ...]:
    """What a person wants to know of a graph first."""
    ops = Counter(node.op for node in graph.nodes.values())
    rows = [
        ("Nodes", str(len(graph.nodes))), ("Inputs", ", ".join(tree.inputs) or "none"),
        ("Outputs", ", ".join(tree.outputs[:6]) or "none"), ("Functions", str(len(graph.functions))),
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
    return str(value)
