"""Sections of a tree that are lists of rows: signatures, variables in scopes, assets, objects."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, Shape
from inspector.formats.graph_tree import NO_NUMBERS, GraphTree
from inspector.formats.scopes import Child, Scopes
from inspector.formats.tensor_proto import element_type

Rows = tuple[tuple[str, str], ...]
FILE = "file/"  # what stands before the ids of the file's own graph


@dataclass(slots=True)
class Listing:
    """Entries by id, with their children in order and what is said of them."""

    entries: dict[str, Entry] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    said: dict[str, Rows] = field(default_factory=dict)

    def add(self, above: str, entry: Entry, rows: Rows = ()) -> None:
        """One entry as the last child of another."""
        if entry.id in self.entries:
            return
        self.entries[entry.id] = entry
        self.children.setdefault(above, []).append(entry.id)
        self.said[entry.id] = rows

    def section(self, name: str) -> str:
        """A section at the top; its id."""
        self.add("", Entry(id=f"section:{name}", name=name, kind="section"))
        return f"section:{name}"

    def entry(self, entry_id: str) -> Entry:
        """With the number of its children."""
        return replace(self.entries[entry_id], child_count=len(self.children.get(entry_id, ())))

    def under(self, entry_id: str, above: tuple[str, ...]) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Everything below an entry, with the ids above it."""
        waiting = [(child, above) for child in reversed(self.children.get(entry_id, ()))]
        while waiting:
            child, around = waiting.pop()
            yield self.entry(child), around
            waiting += [(inner, (*around, child)) for inner in reversed(self.children.get(child, ()))]


def add_variables(
    listing: Listing, names: Iterable[str], entry_of: Callable[[str, str], tuple[Entry, Rows]], title: str = "Variables"
) -> None:
    """The section of variables in their scopes. `entry_of` takes a name and what to call the row."""
    scopes = Scopes(names)
    top = listing.section(title)
    waiting = [("", top)]
    while waiting:
        scope, above = waiting.pop()
        for child in scopes.children[scope]:
            called = scopes.local(Child(child.name, is_scope=child.is_scope))
            if child.is_scope:
                listing.add(above, Entry(id=f"variables:{child.name}", name=called, kind="scope"))
                waiting.append((child.name, f"variables:{child.name}"))
            else:
                listing.add(above, *entry_of(child.name, called))


def variable_entry(entry_id: str, name: str, shape: Shape, dtype: str, value_id: str, note: str = "") -> Entry:
    """A row with values; without `value_id` the note says why there are none."""
    numbers = bool(value_id) and dtype not in NO_NUMBERS
    try:
        size = math.prod(size or 0 for size in shape) * element_type(dtype).itemsize if numbers else 0
    except InspectorError:
        numbers, size = False, 0
    return Entry(
        id=entry_id, name=name, kind="weight", class_name="Variable", shape=shape, dtype=dtype, size=size,
        value_id=value_id if numbers else "", note=note,
    )  # fmt: skip


class ModelTree:
    """A listing's sections, then a flat graph's, then the graph as it lies in the file."""

    def __init__(self, listing: Listing, graph: GraphTree | None, file: GraphTree | None) -> None:
        self._listing, self._graph, self._file = listing, graph, file

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        if not entry_id:
            return self._top()[start:stop]
        if entry_id in self._listing.entries:
            return [self._listing.entry(child) for child in self._listing.children.get(entry_id, ())[start:stop]]
        if self._file is not None and entry_id == "section:File":
            return [_filed(entry) for entry in self._file.children("section:Graph", start, stop)]
        if self._file is not None and entry_id.startswith(FILE):
            return [_filed(entry) for entry in self._file.children(entry_id.removeprefix(FILE), start, stop)]
        return self._graph.children(entry_id, start, stop) if self._graph is not None else []

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        for section in self._listing.children.get("", ()):
            yield from self._listing.under(section, (section,))
        if self._graph is not None:
            yield from self._graph.entries()

    def details(self, entry_id: str) -> Details:
        if entry_id in self._listing.entries:
            entry = self._listing.entry(entry_id)
            rows = self._listing.said[entry_id]
            return Details(entry, rows or (("Name", entry.name), ("Entries", str(entry.child_count))))
        if entry_id == "section:File" and self._file is not None:
            found = self._file_section()
            return Details(found, (("Name", "the graph as it lies in the file"), ("Entries", str(found.child_count))))
        if entry_id.startswith(FILE) and self._file is not None:
            details = self._file.details(entry_id.removeprefix(FILE))
            return Details(_filed(details.entry), details.rows)
        if self._graph is None:
            raise InspectorError("NO_SUCH_ENTRY", f"there is no entry {entry_id}", where=entry_id)
        return self._graph.details(entry_id)

    def _top(self) -> list[Entry]:
        found = [self._listing.entry(child) for child in self._listing.children.get("", ())]
        found += self._graph.children("", 0, 1 << 30) if self._graph is not None else []
        return [*found, self._file_section()] if self._file is not None else found

    def _file_section(self) -> Entry:
        count = self._file.entry("section:Graph").child_count if self._file is not None else 0
        return Entry(id="section:File", name="Graph in the file", kind="section", child_count=count)


def _filed(entry: Entry) -> Entry:
    """An entry of the file's own graph: nothing in it can be tapped."""
    value_id = f"{FILE}{entry.value_id}" if entry.value_id else ""
    return replace(entry, id=f"{FILE}{entry.id}", value_id=value_id, tensor="")


def shape_text(shape: Shape | Sequence[int] | None) -> str:
    """`?x28x28x1`, `scalar`, or `unknown`."""
    if shape is None:
        return "unknown"
    return "x".join("?" if size is None else str(size) for size in shape) or "scalar"
