"""Walk an HDF5 file without ever following it out: each link is looked at before it is opened.

HDF5 itself follows external links, opens external storage on reading and looks up the sources of a virtual
dataset even when only its shape is asked. So paths are resolved here, component by component, and a dataset's
creation properties are checked before anything else is asked of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import h5py

from inspector.domain.errors import InspectorError

LinkType = Literal["group", "dataset", "datatype", "soft", "external", "other", "broken"]
# what h5py raises where a file is damaged
FAILURES = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError)
CUT = re.compile(r"the file ends at byte \d+")
MAX_HOPS = 32  # as many soft links as a path may need; more is a circle
_OBJECTS: dict[int, LinkType] = {
    h5py.h5o.TYPE_GROUP: "group",
    h5py.h5o.TYPE_DATASET: "dataset",
    h5py.h5o.TYPE_NAMED_DATATYPE: "datatype",
}


class UnsafeError(InspectorError):
    """What is asked for lies outside the file, or nowhere."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__("NOT_OPENED", what, where=where, todo="Copy the target into the file to see it.")


@dataclass(frozen=True, slots=True)
class Link:
    """One name in a group. `address` tells objects apart (0 for links that are no objects); `target` is
    the text of a soft or external link."""

    name: str
    raw: bytes
    type: LinkType
    address: int = 0
    target: str = ""


def shown(raw: bytes) -> str:
    """A name for eyes and messages: bytes that are no UTF-8 are written as escapes."""
    return raw.decode("utf-8", "backslashreplace")


def root_of(file: Any) -> Any:
    """The low-level root group of an h5py file. Raises CORRUPT."""
    return open_object(file.id, b"/", "/")


def links(group: Any) -> Iterator[Link]:
    """All links of a low-level group, in the group's order, none of them followed. Raises CORRUPT."""
    return (look(group, raw) for raw in members(group))


def members(group: Any) -> list[bytes]:
    """The names in a group. Raises CORRUPT."""
    try:
        return list(group)
    except FAILURES as error:
        raise corrupt(error, "") from error


def address(target: Any) -> int:
    """What tells an object apart in its file. Raises CORRUPT."""
    try:
        return int(h5py.h5o.get_info(target).addr)
    except FAILURES as error:
        raise corrupt(error, "") from error


def size(group: Any) -> int:
    """How many names a group has, 0 where it cannot be read."""
    try:
        return int(group.get_num_objs())
    except FAILURES:
        return 0


def corrupt(error: Exception, where: str) -> InspectorError:
    """HDF5's own words; TRUNCATED where the file's end is missing."""
    cut = CUT.search(str(error))
    if cut:
        return InspectorError(
            "TRUNCATED",
            f"this lies in the part that is missing: {cut.group()}",
            where=where,
            todo="Copy or download the file again.",
        )
    return InspectorError("CORRUPT", f"HDF5 says: {error}", where=where, todo="The file is damaged.")


def look(group: Any, raw: bytes) -> Link:
    """What kind of link a name is. A broken object is a `broken` link with HDF5's words."""
    try:
        kind = group.links.get_info(raw).type
        if kind == h5py.h5l.TYPE_SOFT:
            return Link(shown(raw), raw, "soft", target=shown(group.links.get_val(raw)))
        if kind == h5py.h5l.TYPE_EXTERNAL:
            file, inside = group.links.get_val(raw)
            return Link(shown(raw), raw, "external", target=f"{shown(file)}:{shown(inside)}")
        if kind != h5py.h5l.TYPE_HARD:
            return Link(shown(raw), raw, "other", target=f"link of type {kind}")
        found = h5py.h5o.get_info(group, raw)
        return Link(shown(raw), raw, _OBJECTS.get(found.type, "other"), address=int(found.addr))
    except FAILURES as error:
        return Link(shown(raw), raw, "broken", target=str(error))


def find(group: Any, name: str) -> Link | None:
    """The link of a shown name, None when there is none."""
    raw = raw_name(group, name)
    return None if raw is None else look(group, raw)


def raw_name(group: Any, name: str) -> bytes | None:
    """The bytes of a shown name, None when the group has no such link."""
    raw = name.encode("utf-8", "surrogatepass")
    if group.links.exists(raw):
        return raw
    return next((other for other in group if shown(other) == name), None) if "\\x" in name else None


def resolve(root: Any, path: str) -> Any:
    """The low-level object at an absolute path. Raises UnsafeError where a component leads out of the
    file, is broken, or leads in a circle; NO_SUCH_ENTRY where there is none."""
    return resolve_relative(root, root, path)


def resolve_relative(root: Any, group: Any, path: str) -> Any:
    """As `resolve`, starting at a group unless the path begins with a slash."""
    waiting = _parts(path)
    here = root if path.startswith("/") else group
    hops = 0
    while waiting:
        name = waiting.pop(0)
        if not isinstance(here, h5py.h5g.GroupID):
            raise InspectorError("NO_SUCH_ENTRY", f"{name} stands below what is no group", where=path)
        try:
            raw = raw_name(here, name)
            hard = raw is not None and here.links.get_info(raw).type == h5py.h5l.TYPE_HARD
        except FAILURES as error:
            raise corrupt(error, path) from error
        if raw is None:
            raise InspectorError("NO_SUCH_ENTRY", f"there is no {name}", where=path)
        if hard:
            here = open_object(here, raw, path)
            continue
        link = look(here, raw)
        if link.type != "soft":
            raise UnsafeError(_refused(link), path)
        hops += 1
        if hops > MAX_HOPS:
            raise UnsafeError("soft links lead in a circle", path)
        waiting = _parts(link.target) + waiting
        here = root if link.target.startswith("/") else here
    return here


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _refused(link: Link) -> str:
    if link.type == "external":
        return f"{link.name} is a link to another file, {link.target}"
    return f"{link.name} cannot be opened: {link.target}"


def open_object(group: Any, raw: bytes, path: str) -> Any:
    """Open what a hard link leads to. Raises CORRUPT, TRUNCATED."""
    try:
        return h5py.h5o.open(group, raw)
    except FAILURES as error:
        raise corrupt(error, path) from error


def outside(dataset: Any) -> str:
    """Where a low-level dataset's values lie when they lie outside the file, else an empty text."""
    plist = dataset.get_create_plist()
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        sources = [
            f"{plist.get_virtual_filename(i)}:{plist.get_virtual_dsetname(i)}"
            for i in range(min(plist.get_virtual_count(), 4))
        ]
        return f"virtual dataset of {', '.join(sources)}"
    count = plist.get_external_count()
    if count:
        files = [shown(plist.get_external(i)[0]) for i in range(min(count, 4))]
        return f"external storage in {', '.join(files)}"
    return ""
