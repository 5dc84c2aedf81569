"""Search as one types: by name, op or class, shape, dtype; every word must hit; exact before fuzzy.

200,000 names are one text that regular expressions walk, and everything else is a few distinct words with the
numbers of the rows that have them: a key stroke must not cost a loop over the rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from inspector.domain.files import Entry, Found, Shape
from inspector.formats.opened import Opened

Scores = NDArray[np.float32]
_SHAPE = re.compile(r"\*?[\d?]*(x[\d?]+)+\*?")
_OUTPUT = re.compile(r":\d+$")
WHOLE, LOCAL, OP, DTYPE, PART, START, WITHIN, IN_OP = 100.0, 97.0, 95.0, 90.0, 88.0, 80.0, 70.0, 60.0
FUZZY, FUZZY_FACTOR, NEAREST = 75, 0.5, 30


class Words:
    """Each row's op, dtype or shape: distinct words, and which of them a row has."""

    def __init__(self, words: Iterable[str]) -> None:
        known: dict[str, int] = {}
        self._codes = np.array([known.setdefault(word, len(known)) for word in words], np.int32)
        self._words = list(known)

    def scores(self, score: Callable[[str], float]) -> Scores:
        """`score` asked once for each distinct word, spread over the rows."""
        table = np.array([score(word) for word in self._words] or [0.0], np.float32)
        return table[self._codes] if self._codes.size else np.zeros(0, np.float32)


class Search:
    """An index of one file's entries, made at the first question."""

    def __init__(self, opened: Opened) -> None:
        rows = list(opened.entries())
        self._entries = [entry for entry, _ in rows]
        self._above = [above for _, above in rows]
        paths = [_path(entry).lower().replace("\n", " ") for entry in self._entries]
        self._text = "\n" + "\n".join(paths) + "\n"
        self._lengths = np.array([len(path) for path in paths], np.int64)
        self._starts = np.cumsum(self._lengths + 1) - self._lengths
        self._ops = Words(entry.class_name.lower() for entry in self._entries)

    def find(self, query: str, limit: int = 200) -> list[Found]:
        """The best entries for a query of one or more words, scores 0 to 100."""
        words = query.lower().replace("×", "x").split()
        if not words or not self._entries or limit <= 0:
            return []
        scores = self._scores(words[0])
        for word in words[1:]:
            scores = np.minimum(scores, self._scores(word))
        hits = np.flatnonzero(scores)
        best = hits[np.lexsort((hits, self._lengths[hits], -scores[hits]))][:limit]
        return [Found(self._entries[row], self._above[row], float(scores[row])) for row in best]

    def _scores(self, word: str) -> Scores:
        """Each row's score for one word; where no row has it, for the names nearest to it."""
        if _SHAPE.fullmatch(word):
            shaped = self._shapes.scores(lambda shape: _shape_score(word, shape))
            return np.maximum(shaped, self._by_name(word))
        found = np.maximum(self._ops.scores(lambda op: _op_score(word, op)), self._by_name(word))
        found = np.maximum(found, self._dtypes.scores(lambda dtype: _dtype_score(word, dtype)))
        return found if found.any() else self._nearest(word)

    def _by_name(self, word: str) -> Scores:
        scores = np.zeros(len(self._entries), np.float32)
        if _OUTPUT.sub("", word) != word:  # a tensor's name: its node's
            self._mark(scores, rf"(?<=\n){re.escape(_OUTPUT.sub('', word))}(?=\n)", WHOLE)
        literal = re.escape(word)
        for pattern, score in (
            (literal, WITHIN),
            (rf"(?<=[/\n]){literal}", START),
            (rf"(?<=[/\n]){literal}(?=[/\n])", PART),
            (rf"(?<=[/\n]){literal}(?=\n)", LOCAL),
            (rf"(?<=\n){literal}(?=\n)", WHOLE),
        ):
            if not self._mark(scores, pattern, score):
                break
        return scores

    def _mark(self, scores: Scores, pattern: str, score: float) -> bool:
        """Give the score to the rows whose path has the pattern; whether there were any."""
        places = np.fromiter((hit.start() for hit in re.finditer(pattern, self._text)), np.int64)
        scores[np.searchsorted(self._starts, places, side="right") - 1] = score
        return bool(places.size)

    def _nearest(self, word: str) -> Scores:
        scores = np.zeros(len(self._entries), np.float32)
        near = process.extract(word, self._parts, scorer=fuzz.ratio, limit=NEAREST, score_cutoff=FUZZY)
        likeness = {part: score * FUZZY_FACTOR for part, score, _ in near}
        if not likeness:
            return scores
        anyone = "|".join(re.escape(part) for part in likeness)
        hits = list(re.finditer(rf"(?<=[/\n])(?:{anyone})(?=[/\n])", self._text))
        rows = np.searchsorted(self._starts, [hit.start() for hit in hits], side="right") - 1
        np.maximum.at(scores, rows, np.array([likeness[hit.group()] for hit in hits], np.float32))
        return scores

    @cached_property
    def _parts(self) -> list[str]:
        """The distinct parts of all names."""
        return list(dict.fromkeys(re.split(r"[/\n]", self._text)))

    @cached_property
    def _dtypes(self) -> Words:
        return Words(entry.dtype.lower() for entry in self._entries)

    @cached_property
    def _shapes(self) -> Words:
        return Words(shape_text(entry.shape) for entry in self._entries)


def shape_text(shape: Shape | None) -> str:
    """`3x3x?x32`; empty for an unknown rank."""
    return "" if shape is None else "x".join("?" if size is None else str(size) for size in shape)


def _path(entry: Entry) -> str:
    """The whole name: what the id says behind its kind, else the name."""
    return entry.id.partition(":")[2] or entry.name


def _op_score(word: str, op: str) -> float:
    return OP if word == op else IN_OP if word in op else 0.0


def _dtype_score(word: str, dtype: str) -> float:
    """Also the beginning of one, from three letters on: one types `float16` letter by letter."""
    return DTYPE if word == dtype else IN_OP if len(word) > 2 and dtype.startswith(word) else 0.0


def _shape_score(word: str, shape: str) -> float:
    if word == shape:
        return 100.0
    if not shape:
        return 0.0
    pattern = re.escape(word).replace(r"\?", r"(\d+|\?)").replace(r"\*", ".*")
    return 90.0 if re.fullmatch(pattern, shape) else 60.0 if f"x{word}x" in f"x{shape}x" else 0.0
