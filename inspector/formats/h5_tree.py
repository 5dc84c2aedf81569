"""Groups, datasets and links of an HDF5 file as tree entries, opened one group at a time and never followed out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry
from inspector.formats import h5_safety, h5_values
from inspector.formats.h5_attributes import attribute, attribute_names, text
from inspector.formats.h5_safety import Link

PREFIX = "h5:"
_SHOWN = 2000  # characters of an attribute
_NOTES = {
    "soft": "link to {}",
    "external": "link to another file, not opened: {}",
    "other": "not opened: {}",
    "broken": "broken: {}",
    "datatype": "a stored type",
}


class H5Tree:
    """Entries with ids `h5:` and an absolute path."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def children(self, path: str, start: int = 0, stop: int | None = None) -> list[Entry]:
        """Members of the group at `path`, `start` to `stop`."""
        group = h5_safety.resolve(self._root, path)
        if not isinstance(group, h5py.h5g.GroupID):
            return []
        return list(self._members(group, path, self._addresses(path), start, stop))

    def _members(
        self, group: Any, path: str, above: dict[int, str], start: int = 0, stop: int | None = None
    ) -> Iterator[Entry]:
        """`above`: object address -> path of the groups around, the group itself included."""
        for raw in h5_safety.members(group)[start:stop]:
            yield self._entry(group, path, h5_safety.look(group, raw), above)

    def entry(self, path: str) -> Entry:
        """The entry at a path. Raises NO_SUCH_ENTRY."""
        parent, _, name = path.rstrip("/").rpartition("/")
        if not name:
            return Entry(id=f"{PREFIX}/", name="/", kind="group", child_count=_count(self._root))
        group = h5_safety.resolve(self._root, parent or "/")
        link = h5_safety.find(group, name) if isinstance(group, h5py.h5g.GroupID) else None
        if link is None:
            raise InspectorError("NO_SUCH_ENTRY", f"there is no {path}", where=path)
        return self._entry(group, parent, link, self._addresses(parent))

    def count(self, path: str) -> int:
        """How many members the group at a path has, 0 where there is none."""
        try:
            return _count(h5_safety.resolve(self._root, path))
        except InspectorError:
            return 0

    def walk(self, path: str, above: tuple[str, ...]) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Everything below a group with its ancestors' ids; what a group with several names holds, once."""
        try:
            waiting = [(h5_safety.resolve(self._root, path), path, above, self._addresses(path))]
        except InspectorError:
            return
        seen: set[int] = set()
        while waiting:
            group, here, ancestors, around = waiting.pop()
            try:
                found = list(self._members(group, here, around))
            except InspectorError:
                continue
            below = []
            for entry in found:
                yield entry, ancestors
                inner, address = self._group(group, entry)
                if inner is not None and address not in seen:
                    seen.add(address)
                    inside = entry.id.removeprefix(PREFIX)
                    below.append((inner, inside, (*ancestors, entry.id), {**around, address: inside}))
            waiting += reversed(below)

    def _group(self, group: Any, entry: Entry) -> tuple[Any, int]:
        """The group of an entry with its address, None when it is none or cannot be read."""
        if entry.kind != "group" or not entry.child_count:
            return None, 0
        try:
            inner = h5_safety.resolve_relative(self._root, group, entry.name)
            return inner, h5_safety.address(inner)
        except InspectorError:
            return None, 0

    def details(self, path: str) -> Details:
        """Link target, shape, storage and attributes of an entry."""
        entry = self.entry(path)
        rows: list[tuple[str, str]] = [("Path", path)]
        if entry.note:
            rows.append(("Note", entry.note))
        if entry.kind in ("group", "dataset"):
            target = h5_safety.resolve(self._root, path)
            if isinstance(target, h5py.h5d.DatasetID):
                rows += storage_rows(target)
            rows += attribute_rows(target)
        return Details(entry, tuple(rows))

    def _addresses(self, path: str) -> dict[int, str]:
        """Object address -> path of every group on the way to `path`, itself included."""
        found = {h5_safety.address(self._root): "/"}
        group, here = self._root, ""
        for part in (part for part in path.split("/") if part):
            here = f"{here}/{part}"
            group = h5_safety.resolve_relative(self._root, group, part)
            found[h5_safety.address(group)] = here
        return found

    def _entry(self, group: Any, parent: str, link: Link, above: dict[int, str]) -> Entry:
        path = f"{parent.rstrip('/')}/{link.name}"
        id_ = f"{PREFIX}{path}"
        if link.type == "group" and link.address in above:
            return Entry(id=id_, name=link.name, kind="link", note=f"the same group as {above[link.address]}")
        if link.type == "soft":
            return Entry(id=id_, name=link.name, kind="link", note=self._soft(group, link))
        if link.type in _NOTES:
            return Entry(id=id_, name=link.name, kind="link", note=_NOTES[link.type].format(link.target))
        try:
            target = h5_safety.open_object(group, link.raw, path)
        except InspectorError as error:
            return Entry(id=id_, name=link.name, kind="link", note=f"broken: {error.what}")
        if isinstance(target, h5py.h5g.GroupID):
            return Entry(id=id_, name=link.name, kind="group", child_count=_count(target))
        return _dataset(id_, path, link.name, target)

    def _soft(self, group: Any, link: Link) -> str:
        try:
            h5_safety.resolve_relative(self._root, group, link.target)
        except InspectorError as error:
            return f"broken link to {link.target}: {error.what}"
        return f"link to {link.target}"


def _dataset(id_: str, path: str, name: str, target: Any) -> Entry:
    stored = h5_values.describe(target)
    values = path if stored.numeric and stored.declared else ""
    return Entry(
        id=id_,
        name=name,
        kind="dataset",
        shape=stored.shape,
        dtype=stored.dtype,
        size=stored.declared,
        value_id=values,
        note=stored.problem or ("no values" if stored.shape is None else ""),
    )


def _count(target: Any) -> int:
    return h5_safety.size(target) if isinstance(target, h5py.h5g.GroupID) else 0


def storage_rows(dataset: Any) -> list[tuple[str, str]]:
    """Shape, dtype, chunks, compression, bytes."""
    stored = h5_values.describe(dataset)
    rows = [
        ("Shape", "none" if stored.shape is None else " × ".join(map(str, stored.shape)) or "scalar"),
        ("Type", stored.dtype),
    ]
    plist = dataset.get_create_plist()
    if plist.get_layout() == h5py.h5d.CHUNKED:
        rows.append(("Chunks", " × ".join(map(str, plist.get_chunk()))))
    filters = [h5_safety.shown(plist.get_filter(number)[3]) for number in range(plist.get_nfilters())]
    rows.append(("Compression", ", ".join(filters) or "none"))
    rows.append(("Bytes", f"{stored.declared} ({stored.held} in the file)"))
    return rows


def attribute_rows(holder: Any) -> list[tuple[str, str]]:
    """All attributes as text, long ones cut."""
    return [(name, shown_attribute(holder, name)) for name in attribute_names(holder)]


def shown_attribute(holder: Any, name: str) -> str:
    """One attribute as text; what it is where it cannot be read."""
    value = attribute(holder, name)
    if value is None:
        return "cannot be read"
    if isinstance(value, np.ndarray) and value.ndim:
        return _cut(", ".join(text(item) for item in value.reshape(-1)[:200]))
    return _cut(text(value))


def _cut(words: str) -> str:
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]} … ({len(words)} characters)"
