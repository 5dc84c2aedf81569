"""Binary frozen GraphDefs (`.pb`), mapped into the reader's memory and indexed; constants stay byte ranges."""

from __future__ import annotations

import contextlib
import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from glob import escape
from itertools import islice
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, ModelFile, Warn
from inspector.formats.flat_graph import Asked, FlatGraph, VariableValues, asked_of_graph, flattened_graph
from inspector.formats.graph_index import GraphIndex
from inspector.formats.graph_tree import GraphTree, facts
from inspector.formats.listing import FILE, Listing, ModelTree
from inspector.formats.opened import NO_CHOICES, Choices
from inspector.formats.wire_format import BYTES, WireFormatError, fields, varint
from inspector.graphs.inlining import node_of
from inspector.graphs.ports import needs_flattening
from inspector.lifting import lift
from inspector.lifting.graph_ops import inference

NAME, TITLE = "graphdef", "TensorFlow frozen graph"
_OP = re.compile(rb"[A-Z_][A-Za-z0-9_>.]*")
LIMIT = 2 << 30
FIRST_FIELDS = 16
NODE_KEY = 0x0A
_FIRST_KEYS = (b"\n", b"\x12", b"\x18", b'"')  # the keys of node, library, version and versions
VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})
SAVING = frozenset({
    "Save", "SaveV2", "SaveSlices", "Restore", "RestoreV2", "RestoreSlice", "MergeV2Checkpoints",
})  # fmt: skip
REACHING_OUT = SAVING | frozenset({
    "ReadFile", "WriteFile", "PyFunc", "PyFuncStateless", "EagerPyFunc", "MatchingFiles", "RpcClient",
    "WholeFileReaderV2", "TextLineReaderV2",
})  # fmt: skip


def recognise(head: bytes, path: Path) -> bool:
    """Whether one of the first fields is a node: a name, and an op that could be one.

    The fields of a message may come in any order, so versions or functions may stand before the nodes."""
    if head[:1] not in _FIRST_KEYS:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        try:
            return _has_node(view)
        finally:
            view.release()


def _has_node(view: memoryview) -> bool:
    try:
        for number, kind, start, stop in islice(fields(view, 0, len(view)), FIRST_FIELDS):
            if number == 1:
                return kind == BYTES and _is_node(view, start, stop)
            if number not in (2, 3, 4):
                return False
    except WireFormatError as error:
        return error.expected > len(view) and view[0] == NODE_KEY and _begins_a_node(view)
    return False


def _begins_a_node(view: memoryview) -> bool:
    """Whether a file that ends within its first node has a name and an op before that."""
    with contextlib.suppress(WireFormatError):
        return _is_node(view, varint(view, 1)[1], len(view))
    return False


def _is_node(view: memoryview, start: int, stop: int) -> bool:
    """Whether the message has a name and an op; one that is cut off is judged by what is there."""
    name = op = b""
    try:
        for number, kind, begin, end in fields(view, start, stop):
            if kind != BYTES and number < 6:
                return False
            name = bytes(view[begin:end]) if number == 1 else name
            op = bytes(view[begin:end]) if number == 2 else op
            if name and op:
                break
    except WireFormatError:
        pass
    return bool(name) and _OP.fullmatch(op) is not None


def open(path: Path, choices: Choices = NO_CHOICES) -> OpenedGraph:
    """Map and index the file. Raises TRUNCATED when nothing can be read, TOO_LARGE beyond 2 GB."""
    data = mapped(path, LIMIT)
    return OpenedGraph(path, len(data), data)


def mapped(path: Path, limit: int) -> memoryview:
    """The bytes of a file, mapped. Raises TOO_LARGE, EMPTY."""
    size = path.stat().st_size
    if size > limit:
        raise InspectorError(
            "TOO_LARGE",
            f"{size} bytes; a GraphDef ends at 2 GB",
            where=str(path),
            todo="Save the model as a SavedModel.",
        )
    if not size:
        raise InspectorError("EMPTY", "the file has no bytes", where=str(path), todo="Copy or export it again.")
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


class OpenedGraph:
    """Implements formats.opened.Opened; `name` and `title` are the format's, `said` what came up before."""

    def __init__(
        self,
        path: Path,
        size: int,
        data: memoryview,
        *,
        name: str = NAME,
        title: str = TITLE,
        said: tuple[Warn, ...] = (),
    ) -> None:
        self.graph = GraphIndex.read(data)
        if not self.graph.nodes:
            raise _nothing(path, size, self.graph)
        found = inference(self.graph)
        self._inputs, self._outputs = asked_of_graph(self.graph, found)
        self._flat: FlatGraph | None = None
        self._tree: GraphTree | ModelTree
        self._tree = tree = GraphTree(self.graph, _nodes(self._inputs), _nodes(self._outputs))
        if needs_flattening(found, self.graph.nodes, self.graph.functions):
            self._flat, flattened = flattened_graph(self.graph, self._inputs, self._outputs, VariableValues(), found)
            self._inputs, self._outputs = (
                [replace(asked, tensor=flattened.tensors[asked.tensor]) for asked in ports]
                for ports in (self._inputs, self._outputs)
            )
            tree = GraphTree(self._flat, _nodes(self._inputs), _nodes(self._outputs))
            self._tree = ModelTree(Listing(), tree, GraphTree(self.graph))
        self._missing = tree.missing
        runs_in, reason = _runs(path, self._flat or self.graph, _nodes(self._outputs))
        self._file = ModelFile(
            path=str(path),
            format=name,
            title=title,
            size=size,
            runs_in=runs_in,
            reason=reason,
            facts=facts(self._flat or self.graph, tree),
            warnings=(*said, *self._warnings(size)),
            inode=path.stat().st_ino,
            modified_ns=path.stat().st_mtime_ns,
        )
        self._computation: Computation | None = None

    @property
    def file(self) -> ModelFile:
        return self._file

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        return self._tree.children(entry_id, start, stop)

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        return self._tree.entries()

    def details(self, entry_id: str) -> Details:
        return self._tree.details(entry_id)

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        return self._holding(value_id).constant_shape(value_id.removeprefix(FILE))

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        return self._holding(value_id).constant_range(value_id.removeprefix(FILE), start, stop)

    def _holding(self, value_id: str) -> GraphIndex:
        """The graph of a constant: where functions are written out there are two."""
        return self.graph if self._flat is None or value_id.startswith(FILE) else self._flat

    def computation(self) -> Computation:
        if self._computation is None:
            ports = ([asked.port(asked.tensor) for asked in side] for side in (self._inputs, self._outputs))
            self._computation = lift(self._flat or self.graph, *ports)
        return self._computation

    def close(self) -> None:
        """The mapping goes with the process, since arrays may still look into it."""

    def _warnings(self, size: int) -> tuple[Warn, ...]:
        found = []
        if self.graph.broken:
            code, text = _break(size, self.graph)
            found.append(Warn(code, f"{text}; the {len(self.graph.nodes)} nodes before it are shown"))
        left = len(self.graph.nodes) - len(self._flat.nodes) if self._flat is not None else 0
        if left > 0 and not self.graph.functions:
            text = f"{left} nodes of training are in the file and not in the computation"
            found.append(Warn("TRAINING_GRAPH", text))
        return (*found, *graph_warnings(self.graph, self._missing))


def _nodes(ports: Sequence[Asked]) -> list[str]:
    return [node_of(asked.tensor) for asked in ports]


def _runs(path: Path, graph: GraphIndex, outputs: Sequence[str]) -> tuple[str, str]:
    """Frozen graphs run; a variable that an output needs has no value. What lies beside may have it."""
    variable = unfrozen(graph, outputs)
    if not variable:
        return "graph", "a frozen graph runs as it is in TensorFlow"
    beside = sorted(path.parent.glob(f"{escape(path.stem)}*.meta")) or sorted(path.parent.glob("*.meta"))
    hint = f"open {beside[0].name} beside it, a checkpoint with values" if beside else "freeze it, or open a checkpoint"
    return "", f"the variable {variable} has no value in this file: {hint}"


def unfrozen(graph: GraphIndex, outputs: Sequence[str]) -> str:
    """A variable that the outputs need, "" when there is none."""
    if isinstance(graph, FlatGraph):
        return next(iter(graph.variables), "")
    waiting, seen = list(outputs), set(outputs)
    for name in waiting:  # grows while it is walked
        node = graph.nodes.get(name)
        if node is None:
            continue
        if node.op in VARIABLES:
            return name
        new = [node_of(text) for text in node.inputs]
        waiting += [text for text in dict.fromkeys(new) if text not in seen]
        seen.update(new)
    return ""


def _break(size: int, graph: GraphIndex) -> tuple[str, str]:
    """The code and the words for a file that stops being a graph: cut short, or damaged on the way."""
    if graph.expected > size:
        return "TRUNCATED", f"the file is cut off: at least {graph.expected} bytes expected, {size} are there"
    return "CORRUPT", f"the file is damaged: {graph.broken} of {size} bytes"


def _nothing(path: Path, size: int, graph: GraphIndex) -> InspectorError:
    code, text = _break(size, graph)
    return InspectorError(code, f"{text}; not one node can be read", where=str(path), todo="Copy the file again.")


def graph_warnings(graph: GraphIndex, missing: Sequence[str] | None = None) -> Iterator[Warn]:
    """What stands out in a graph's nodes. `missing`: inputs that name no node, where they are known."""
    absent = GraphTree(graph).missing if missing is None else missing
    if graph.duplicates:
        names = ", ".join(node.name for node in graph.duplicates[:3])
        yield Warn("DUPLICATE_NAMES", f"{len(graph.duplicates)} node names stand twice: {names}")
    if absent:
        yield Warn("MISSING_INPUTS", f"{len(absent)} inputs name no node: {', '.join(absent[:3])}")
    if any(node.op in VARIABLES for node in graph.nodes.values()):
        yield Warn("NOT_FROZEN", "the graph has variables, whose values are not in the file: freeze it first")
    yield from code_warning(graph)


def code_warning(graph: GraphIndex, expected: frozenset[str] = frozenset()) -> Iterator[Warn]:
    """Ops, in functions too, that read or write files or run code, but those that are `expected`."""
    tables = [graph.nodes, *graph.functions.values()]
    used = {node.op for table in tables for node in table.values()} & REACHING_OUT - expected
    if used:
        yield Warn("CONTAINS_CODE", f"ops that read or write files or run code: {', '.join(sorted(used))}")
