"""Binary frozen GraphDefs (`.pb`), mapped into the reader's memory and indexed; constants stay byte ranges."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, ModelFile, Warn
from inspector.formats.graph_index import GraphIndex
from inspector.formats.graph_tree import GraphTree, facts
from inspector.formats.wire_format import WireFormatError, varint
from inspector.lifting import lift

NAME, TITLE = "graphdef", "TensorFlow frozen graph"
_OP = re.compile(rb"[A-Z_][A-Za-z0-9_>.]*")
LIMIT = 2 << 30


def recognise(head: bytes, path: Path) -> bool:
    """A message whose first field is a NodeDef: a name, then an op."""
    view = memoryview(head)
    try:
        if not head or head[0] != 0x0A:
            return False
        _, at = varint(view, 1)
        if head[at] != 0x0A:
            return False
        size, at = varint(view, at + 1)
        at += size
        if head[at] != 0x12:
            return False
        size, at = varint(view, at + 1)
        return bool(_OP.fullmatch(head[at:at + size]))
    except (WireFormatError, IndexError):
        return False


def open(path: Path) -> OpenedGraph:  # noqa: A001 - every format has an `open`
    """Map and index the file. Raises TRUNCATED when nothing can be read, TOO_LARGE beyond 2 GB."""
    size = path.stat().st_size
    if size > LIMIT:
        raise InspectorError("TOO_LARGE", f"{size} bytes; a GraphDef ends at 2 GB", where=str(path),
                             todo="Save the model as a SavedModel.")
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return OpenedGraph(path, size, memoryview(mapped))


class OpenedGraph:
    """Implements formats.opened.Opened."""

    def __init__(self, path: Path, size: int, data: memoryview) -> None:
        self.graph = GraphIndex.read(data)
        if not self.graph.nodes:
            raise InspectorError("TRUNCATED", f"no node can be read: {self.graph.broken}, the file has {size} bytes",
                                 where=str(path), todo="Copy the file again.")
        self._tree = GraphTree(self.graph)
        self._file = ModelFile(
            path=str(path), format=NAME, title=TITLE, size=size, runs_in="graph",
            reason="a frozen graph runs as it is in TensorFlow", facts=facts(self.graph, self._tree),
            warnings=self._warnings(size), inode=path.stat().st_ino, modified_ns=path.stat().st_mtime_ns,
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
        return self.graph.constant_shape(value_id)

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        return self.graph.constant_range(value_id, start, stop)

    def computation(self) -> Computation:
        if self._computation is None:
            self._computation = lift(self.graph)
        return self._computation

    def close(self) -> None:
        """The mapping goes with the process, since arrays may still look into it."""

    def _warnings(self, size: int) -> tuple[Warn, ...]:
        found = []
        if self.graph.broken:
            text = f"the file breaks off: {self.graph.broken} of {size} bytes; {len(self.graph.nodes)} nodes are shown"
            found.append(Warn("TRUNCATED", text))
        if self.graph.duplicates:
            names = ", ".join(self.graph.duplicates[:3])
            found.append(Warn("DUPLICATE_NAMES", f"{len(self.graph.duplicates)} node names stand twice: {names}"))
        missing = self._tree.missing
        if missing:
            found.append(Warn("MISSING_INPUTS", f"{len(missing)} inputs name no node: {', '.join(missing[:3])}"))
        return tuple(found)
