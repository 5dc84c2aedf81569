"""Which elements of an output are worth showing: the top classes of both sides, or where they differ most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.compare.charts import scatter_sample
from inspector.domain.comparison import Scores
from inspector.domain.wording import index_text

_MOST = 12
_SAMPLED = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputValue:
    """One element: `label` says where; a value is None when it is not known. `note` says in whose top 5."""

    label: str
    a: float | None
    b: float | None
    note: str = ""

    @property
    def difference(self) -> float | None:
        return None if self.a is None or self.b is None else self.b - self.a


def top_classes(scores: Scores, a: Any = None, b: Any = None) -> tuple[OutputValue, ...]:
    """The classes in the top five of either side, A's order first, with both sides' scores.

    `a`, `b` of shape (samples, classes) give the scores of classes that are not in a side's own five."""
    known_a = dict(zip(scores.top5_a, scores.values_a, strict=True))
    known_b = dict(zip(scores.top5_b, scores.values_b, strict=True))
    rows = []
    for number in dict.fromkeys([*scores.top5_a, *scores.top5_b]):
        missing = [side for side, known in (("A", known_a), ("B", known_b)) if number not in known]
        rows.append(
            OutputValue(
                label=f"class {number}",
                a=known_a.get(number, None if a is None else float(a[0, number])),
                b=known_b.get(number, None if b is None else float(b[0, number])),
                note=f"not in {missing[0]}'s top 5" if missing else "",
            )
        )
    return tuple(rows)


def worst_elements(a: Any, b: Any, most: int = _MOST, *, sample: int | None = None) -> tuple[OutputValue, ...]:
    """The elements that differ most, the worst first; a NaN is worse than any number. Of one sample alone,
    `sample` is its place in the batch, which stands in front of the index."""
    points = scatter_sample(np.atleast_1d(a), np.atleast_1d(b), _SAMPLED)
    with np.errstate(invalid="ignore"):
        distance = np.abs(points.b - points.a)
    equal = (points.a == points.b) | (np.isnan(points.a) & np.isnan(points.b))
    distance = np.where(equal, 0.0, np.where(np.isnan(distance), np.inf, distance))
    order = np.argsort(-distance, kind="stable")[:most]
    before = () if sample is None else (sample,)
    return tuple(_elements(points, order, np.shape(a), before))


def _elements(points: Any, order: Any, shape: tuple[int, ...], before: tuple[int, ...]) -> Iterable[OutputValue]:
    for at in order:
        place = tuple(int(i) for i in np.unravel_index(int(points.index[at]), shape)) if shape else ()
        yield OutputValue(label=index_text((*before, *place)), a=float(points.a[at]), b=float(points.b[at]))
