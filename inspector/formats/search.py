"""Search as one types: by name, op or class, shape, dtype; every word must hit; exact before fuzzy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from inspector.domain.files import Entry, Found, Shape
from inspector.formats.opened import Opened

_SHAPE = re.compile(r"\*?[\d?]*(x[\d?]+)+\*?")
FUZZY = 78
_DTYPES = ("float", "int", "uint", "bool", "string", "bfloat", "half", "double", "complex", "qint", "quint")


@dataclass(frozen=True, slots=True)
class _Row:
    entry: Entry
    ancestors: tuple[str, ...]
    path: str
    op: str
    shape: str


class Search:
    """An index of one file's entries, made at the first question."""

    def __init__(self, opened: Opened) -> None:
        self._rows = [_Row(entry, above, _path(entry).lower(), entry.class_name.lower(), shape_text(entry.shape))
                      for entry, above in opened.entries()]

    def find(self, query: str, limit: int = 200) -> list[Found]:
        """The best entries for a query of one or more words."""
        words = query.lower().split()
        if not words:
            return []
        hits = [(min(scores), row) for row in self._rows if all(scores := [_score(word, row) for word in words])]
        if not hits and len(words) == 1:
            hits = self._fuzzy(words[0], limit)
        hits.sort(key=lambda hit: (-hit[0], len(hit[1].path)))
        return [Found(row.entry, row.ancestors, score) for score, row in hits[:limit]]

    def _fuzzy(self, word: str, limit: int) -> list[tuple[float, _Row]]:
        names = [row.path for row in self._rows]
        found = process.extract(word, names, scorer=fuzz.partial_ratio, limit=limit, score_cutoff=FUZZY)
        return [(score * 0.5, self._rows[index]) for _, score, index in found]


def shape_text(shape: Shape | None) -> str:
    """`3x3x?x32`; empty for an unknown rank."""
    return "" if shape is None else "x".join("?" if size is None else str(size) for size in shape)


def _path(entry: Entry) -> str:
    """The whole name: what the id says behind its kind, else the name."""
    return entry.id.partition(":")[2] or entry.name


def _score(word: str, row: _Row) -> float:
    if _SHAPE.fullmatch(word):
        return _shape_score(word, row.shape)
    parts = row.path.split("/")
    if word in (row.path, row.entry.name.lower(), row.entry.tensor.lower()):
        return 100.0
    if word == row.op:
        return 95.0
    if word == row.entry.dtype.lower() and word.startswith(_DTYPES):
        return 90.0
    if word in parts:
        return 88.0
    if any(part.startswith(word) for part in parts):
        return 80.0
    if word in row.path:
        return 70.0
    return 60.0 if row.op and word in row.op else 0.0


def _shape_score(word: str, shape: str) -> float:
    if word == shape:
        return 100.0
    if not shape:
        return 0.0
    pattern = re.escape(word).replace(r"\?", r"(\d+|\?)").replace(r"\*", ".*")
    return 90.0 if re.fullmatch(pattern, shape) else 60.0 if f"x{word}x" in f"x{shape}x" else 0.0
