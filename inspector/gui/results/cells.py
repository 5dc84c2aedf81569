"""What stands in each cell of the table of matches, what hovers over it, and how it is sorted."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from inspector.domain.match import WeightDifference
from inspector.domain.wording import full, short
from inspector.gui.browse.wording import shape_text
from inspector.gui.plain import shortened
from inspector.gui.results.rows import ROW_MARKS, Row, evidence_text
from inspector.gui.theme import MARKS


class Column(IntEnum):
    """The columns in their order."""

    STATUS = 0
    A = 1
    CLASS = 2
    B = 3
    EVIDENCE = 4
    INTRODUCED = 5
    TOTAL = 6
    NOISE = 7


TITLES = ("Result", "A: layer", "Class", "B: tensor", "Evidence", "Introduced", "Total", "Noise floor")
HINTS = (
    "What the comparison says of this layer",
    "The layer of A, in the order in which A computes",
    "The layer's class in A",
    "The tensor of B that holds the layer's value",
    "Why the pair is believed, with scores from 0 to 1",
    "What this layer alone adds: largest absolute difference when both sides get the same inputs",
    "Largest absolute difference of the two ordinary runs, what came from above included",
    "The difference that rounding alone explains here",
)
NUMBERS = frozenset({Column.INTRODUCED, Column.TOTAL, Column.NOISE})
_RANK = {
    "different": 0,
    "weights-differ": 1,
    "unmatched": 2,
    "not-compared": 3,
    "matched": 4,
    "within-noise": 5,
    "same": 6,
}


def number_of(row: Row, column: int) -> float | None:
    """The number that stands in a column of numbers."""
    return {Column.INTRODUCED: row.introduced, Column.TOTAL: row.total}.get(Column(column), row.noise_floor)


def mark_of(row: Row) -> tuple[str, str]:
    """The mark and the word of a row's result."""
    return ROW_MARKS.get(row.status) or MARKS[row.status]


def shown(row: Row, column: int) -> str:
    """What stands in a cell."""
    match column:
        case Column.STATUS:
            return " ".join(mark_of(row))
        case Column.A:
            return shortened(row.a)
        case Column.CLASS:
            return shortened(row.class_name)
        case Column.B:
            return shortened(row.b if row.b is not None else row.note or "no tensor")
        case Column.EVIDENCE:
            return shortened(evidence_text(row))
    number = number_of(row, column)
    return "" if number is None else short(number)


def hover(row: Row, column: int) -> str:
    """Everything behind a cell: the whole name, every digit, the sentences of the evidence."""
    if column in NUMBERS:
        number = number_of(row, column)
        return "" if number is None else f"{TITLES[column]}: {full(number)}"
    if column in (Column.EVIDENCE, Column.STATUS):
        facts = [f"{evidence.kind} {evidence.score:.4g}: {evidence.detail}" for evidence in row.evidence]
        facts += [_weight(weight) for weight in row.weights] if column == Column.STATUS else []
        return "\n".join([*([evidence_text(row)] if row.same_as else []), *facts, *([row.note] if row.note else [])])
    if column == Column.B:
        return "\n".join(part for part in (row.b or "", row.note, evidence_text(row) if row.same_as else "") if part)
    return row.a if column == Column.A else row.class_name


def sort_key(row: Row, column: int) -> Any:
    """What a column is sorted by; numbers that are not there come as None."""
    if column in NUMBERS:
        return number_of(row, column)
    if column == Column.STATUS:
        return _RANK.get(row.status, 9)
    if column == Column.A:
        return row.index
    if column == Column.EVIDENCE:
        return max((evidence.score for evidence in row.evidence), default=0.0)
    return (row.class_name if column == Column.CLASS else row.b or "").casefold()


def _weight(weight: WeightDifference) -> str:
    return f"{weight.role}: {weight.relation}, {shape_text(weight.shape_a)}"
