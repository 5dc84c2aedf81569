"""From an assignment and a comparison to the rows of the table of matches. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from inspector.domain.comparison import Comparison, LayerDifference
from inspector.domain.match import Assignment, Evidence, Match, WeightDifference

RowStatus = Literal[
    "same", "within-noise", "different", "not-compared", "matched", "weights-differ", "unmatched", "only-in-b"
]
#: The mark and the word of a row that has no numbers; those of a comparison are the theme's.
ROW_MARKS: dict[str, tuple[str, str]] = {
    "matched": ("↔", "matched"),
    "weights-differ": ("≠", "weights differ"),
    "unmatched": ("∅", "unmatched"),
    "only-in-b": ("∅", "only in B"),
}
_DIFFERING = frozenset({"different", "weights-differ"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One layer of A with what stands for it in B, or (with an empty `a`) a tensor that only B has.

    `introduced`, `total` are largest absolute differences. `same_as` names the earlier layer of A whose
    tensor this is too (fused). `note` says why there is no tensor. `changed` is a match the user made."""

    index: int
    status: RowStatus
    a: str
    b: str | None
    class_name: str = ""
    evidence: tuple[Evidence, ...] = ()
    weights: tuple[WeightDifference, ...] = ()
    introduced: float | None = None
    total: float | None = None
    noise_floor: float | None = None
    same_as: str = ""
    note: str = ""

    @property
    def differs(self) -> bool:
        return self.status in _DIFFERING

    @property
    def unmatched(self) -> bool:
        return self.b is None or not self.a

    @property
    def changed(self) -> bool:
        return any(evidence.kind == "user" for evidence in self.evidence)


def rows_of(assignment: Assignment | None, comparison: Comparison | None) -> tuple[Row, ...]:
    """The comparison's layers when there is one, else the assignment's matches; then what only B has."""
    if comparison is not None:
        rows = [*_as_chosen(_compared(comparison), assignment)]
        left = comparison.unmatched_a, comparison.unmatched_b
    elif assignment is not None:
        rows = [*_static(assignment.matches)]
        left = assignment.unmatched_a, assignment.unmatched_b
    else:
        return ()
    known = {row.a for row in rows}
    rows += [_only_a(len(rows) + i, name) for i, name in enumerate(name for name in left[0] if name not in known)]
    rows += [Row(index=len(rows) + i, status="only-in-b", a="", b=name) for i, name in enumerate(left[1])]
    return tuple(rows)


def evidence_text(row: Row) -> str:
    """The evidence in short, strongest first, or why two layers share a tensor: `weights 1.00, name 0.98`."""
    if row.same_as:
        return f"same tensor as {row.same_as}"
    if row.changed:
        return "your choice"
    ranked = sorted(row.evidence, key=lambda evidence: -evidence.score)
    return ", ".join(f"{evidence.kind} {evidence.score:.2f}" for evidence in ranked)


def _compared(comparison: Comparison) -> Iterator[Row]:
    first: dict[str, str] = {}
    for layer in comparison.layers:
        status: RowStatus = "unmatched" if layer.b is None else layer.status
        yield Row(
            index=layer.index, status=status, a=layer.a, b=layer.b, class_name=layer.class_name,
            evidence=layer.evidence, weights=layer.weights, introduced=_largest(layer, "introduced"),
            total=_largest(layer, "total"), noise_floor=layer.noise_floor,
            same_as=_shared(first, layer.a, layer.b), note=layer.note,
        )  # fmt: skip


def _as_chosen(rows: Iterator[Row], assignment: Assignment | None) -> Iterator[Row]:
    """The rows of a comparison, but for layers whose match the person has changed since: those have no numbers."""
    now = {row.a: row for row in _static(assignment.matches)} if assignment is not None else {}
    for row in rows:
        chosen = now.get(row.a, row)
        another = chosen.changed != row.changed or (chosen.changed and chosen.b != row.b)
        yield replace(chosen, index=row.index) if another else row


def _static(matches: tuple[Match, ...]) -> Iterator[Row]:
    first: dict[str, str] = {}
    for index, match in enumerate(matches):
        yield Row(
            index=index, status=_static_status(match), a=match.a, b=match.tensor_b,
            class_name=match.class_name, evidence=match.evidence, weights=match.weights, note=match.note,
            same_as=_shared(first, match.a, match.tensor_b),
        )  # fmt: skip


def _static_status(match: Match) -> RowStatus:
    if match.tensor_b is None:
        return "unmatched"
    return "weights-differ" if any(weight.relation == "different" for weight in match.weights) else "matched"


def _only_a(index: int, name: str) -> Row:
    return Row(index=index, status="unmatched", a=name, b=None, note="no tensor of B fits it")


def _largest(layer: LayerDifference, which: Literal["introduced", "total"]) -> float | None:
    metrics = layer.introduced if which == "introduced" else layer.total
    return None if metrics is None else metrics.max_abs


def _shared(first: dict[str, str], a: str, b: str | None) -> str:
    holder = first.setdefault(b, a) if b is not None else a
    return "" if holder == a else holder
