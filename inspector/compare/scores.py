"""Class scores: the five highest of each side and how far they agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.compare.stream import Array, require_same_shape
from inspector.domain.comparison import Scores

TOP = 5
_SUM_TOLERANCE = 1e-2  # float16 softmax over a thousand classes strays this far from 1


def looks_like_scores(x: Array) -> bool:
    """Whether x is (samples, classes) with at least two classes, finite, not negative, rows summing to 1."""
    if x.ndim != 2 or x.shape[0] == 0 or x.shape[1] < 2 or x.dtype.kind != "f":
        return False
    rows = x.astype(np.float64)
    sums = rows.sum(axis=1)
    return bool(np.isfinite(rows).all() and rows.min() >= 0 and np.abs(sums - 1).max() <= _SUM_TOLERANCE)


def scores(a: Array, b: Array, *, asked: bool = False) -> Scores | None:
    """Compares class scores of shape (samples, classes), the top five those of the first sample.

    None when A does not look like class scores, unless they were asked for and there are two axes with
    at least two classes. `top1_agreement` is the share of samples whose highest class is the same.
    `top5_overlap` counts the classes that are in both top fives. Equal scores rank by class number.
    Raises InspectorError WRONG_SHAPE."""
    require_same_shape(a, b)
    possible = a.ndim == 2 and a.shape[0] > 0 and a.shape[1] > 1
    if not possible or not (asked or looks_like_scores(a)):
        return None
    top_a, top_b = _top(a[0]), _top(b[0])
    return Scores(
        top5_a=top_a,
        top5_b=top_b,
        values_a=tuple(float(a[0, i]) for i in top_a),
        values_b=tuple(float(b[0, i]) for i in top_b),
        top5_overlap=len(set(top_a) & set(top_b)),
        top1_agreement=float(np.mean(_first(a) == _first(b))),
    )


def _top(row: Array) -> tuple[int, ...]:
    """Classes by falling score; NaN comes last."""
    order = np.argsort(-row.astype(np.float64), kind="stable")
    return tuple(int(i) for i in order[:TOP])


def _first(x: Array) -> NDArray[np.intp]:
    """The highest class of each sample, NaN the lowest of all."""
    rows = x.astype(np.float64)
    highest: NDArray[np.intp] = np.where(np.isnan(rows), -np.inf, rows).argmax(axis=1)
    return highest
