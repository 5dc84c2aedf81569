"""What an array says at all: its range, and whether agreeing with it means anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from inspector.compare.stream import Array, chunks, dot


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Numbers over the finite elements (zeros where there are none). `mean_magnitude` is mean |x|."""

    size: int
    finite: int
    nan: int
    minimum: float = 0.0
    maximum: float = 0.0
    mean: float = 0.0
    deviation: float = 0.0
    mean_magnitude: float = 0.0


def content(x: Array) -> Content:
    """Streams over x, of any shape and numeric dtype, twice (the deviation needs the mean), in float64.

    Raises InspectorError WRONG_DTYPE."""
    finite = nan = 0
    low, high, total, magnitude = math.inf, -math.inf, 0.0, 0.0
    for _, part, _ in chunks(x, x):
        kept = part[np.isfinite(part)]
        nan += int(np.isnan(part).sum())
        finite += kept.size
        low, high = min(low, kept.min(initial=math.inf)), max(high, kept.max(initial=-math.inf))
        total += float(kept.sum())
        magnitude += float(np.abs(kept).sum())
    if not finite:
        return Content(size=x.size, finite=0, nan=nan)
    mean = total / finite
    return Content(
        size=x.size,
        finite=finite,
        nan=nan,
        minimum=float(low),
        maximum=float(high),
        mean=mean,
        deviation=_deviation(x, mean, finite),
        mean_magnitude=magnitude / finite,
    )


def mean_magnitude(x: Array) -> float:
    """The mean of |x| over the finite elements, 0 when there are none."""
    return content(x).mean_magnitude


def says_nothing(x: Array) -> str:
    """Why agreeing with x proves nothing: `empty`, `not a single finite number`, `all zero`, `constant`
    (one value, of more than one element), or an empty text when x does say something."""
    found = content(x)
    if not found.size:
        return "empty"
    if not found.finite:
        return "not a single finite number"
    if found.minimum == found.maximum == 0.0:
        return "all zero"
    return "constant" if found.minimum == found.maximum and found.size > 1 else ""


def _deviation(x: Array, mean: float, finite: int) -> float:
    """The population's standard deviation over the finite elements."""
    total = 0.0
    for _, part, _ in chunks(x, x):
        away = part[np.isfinite(part)] - mean
        total += dot(away, away)
    return math.sqrt(total / finite)
