"""Structure and matches as JSON: what `tree --json` and `map --json` print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import msgspec

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry, ModelFile
from inspector.domain.match import Assignment
from inspector.report.json_report import strict

Children = Callable[[str, int, int], list[Entry]]
PAGE = 500


def walk(children: Children) -> Iterator[tuple[int, Entry]]:
    """Every entry with its depth, parents first, asked for page by page. `children(id, start, stop)`."""
    waiting = [_pages(children, "")]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            continue
        yield len(waiting) - 1, entry
        if entry.child_count:
            waiting.append(_pages(children, entry.id))


def tree_json(file: ModelFile, children: Children) -> str:
    """The file and its nested entries. Raises InspectorError TOO_DEEP when no JSON reader would take it."""
    roots: list[dict[str, Any]] = []
    path = [roots]
    for depth, entry in walk(children):
        fields = {**asdict(entry), "children": []}
        del path[depth + 1 :]
        path[depth].append(fields)
        path.append(fields["children"])
    return _text({**asdict(file), "children": roots}, file.path)


def map_json(assignment: Assignment) -> str:
    """`"schema": 1`: matches in A's order with their evidence, the ports paired, and what is left over."""
    return _text({"schema": 1, **asdict(assignment)}, "")


def _pages(children: Children, parent: str) -> Iterator[Entry]:
    start = 0
    while page := children(parent, start, start + PAGE):
        yield from page
        start += len(page)
        if len(page) < PAGE:
            return


def _text(value: dict[str, Any], where: str) -> str:
    try:
        return msgspec.json.format(msgspec.json.encode(strict(value)), indent=2).decode() + "\n"
    except RecursionError as error:
        raise InspectorError(
            "TOO_DEEP",
            "the structure is nested too deeply for JSON",
            where=where,
            todo="Use `tree` without --json.",
        ) from error
