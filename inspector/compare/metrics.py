"""The one metric implementation: B against A in float64, streamed, for window, command and report."""

from __future__ import annotations

import math

import numpy as np

from inspector.compare.stream import Array, Float64, chunks, dot
from inspector.domain.comparison import Metrics
from inspector.domain.errors import InspectorError


def measure(a: Array, b: Array, *, noise_floor: float = 0.0) -> Metrics:
    """The difference of B from A, both of one shape and any numeric dtype, computed in float64.

    Memory stays bounded for memory-mapped arrays and for transposed views of them.
    Positions where both sides are NaN, or the same infinity, agree and are left out. A position where
    only one side is NaN or infinite, or the infinities differ in sign, disagrees: then `max_abs` and
    `max_rel` are infinite, the position counts as beyond noise, and the first such one is the worst; the
    other numbers are over the positions that are finite on both sides.
    Raises InspectorError WRONG_SHAPE, WRONG_DTYPE."""
    accumulator = Accumulator(noise_floor=noise_floor)
    accumulator.add(a, b)
    return accumulator.result()


class Accumulator:
    """Metrics over several batches: `add` each pair of arrays, joined along axis 0, then `result`.

    The noise floor is given at the start because the elements beyond it are counted as they pass."""

    __slots__ = (
        "_beyond", "_counted", "_disagree", "_floor", "_inf_a", "_inf_b", "_largest_a", "_nan_a", "_nan_b",
        "_rows", "_shape", "_size", "_sum_aa", "_sum_ab", "_sum_bb", "_sum_d", "_sum_dd", "_worst",
        "_worst_at",
    )  # fmt: skip

    def __init__(self, *, noise_floor: float = 0.0) -> None:
        self._floor = noise_floor
        self._shape: tuple[int, ...] | None = None
        self._rows = self._size = self._counted = self._beyond = self._disagree = 0
        self._nan_a = self._nan_b = self._inf_a = self._inf_b = 0
        self._sum_d = self._sum_dd = self._sum_aa = self._sum_bb = self._sum_ab = 0.0
        self._largest_a = self._worst = 0.0
        self._worst_at = 0

    def add(self, a: Array, b: Array) -> None:
        """Adds one batch. All batches agree in the shape behind axis 0. Raises WRONG_SHAPE, WRONG_DTYPE."""
        self._join(a.shape)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            for start, part_a, part_b in chunks(a, b):
                self._add_chunk(self._size + start, part_a, part_b)
        self._size += a.size

    def result(self) -> Metrics:
        """The metrics of everything added; `worst_index` counts axis 0 through all batches."""
        worst = math.inf if self._disagree else self._worst
        return Metrics(
            max_abs=worst,
            mean_abs=self._sum_d / self._counted if self._counted else 0.0,
            max_rel=_ratio(worst, self._largest_a),
            cosine=self._cosine(),
            sqnr_db=_decibels(self._sum_aa, self._sum_dd),
            fraction_beyond_noise=self._beyond / self._size if self._size else 0.0,
            worst_index=self._worst_index(),
            nan_a=self._nan_a,
            nan_b=self._nan_b,
            inf_a=self._inf_a,
            inf_b=self._inf_b,
        )

    def _join(self, shape: tuple[int, ...]) -> None:
        if self._shape is None:
            self._shape = shape
        elif not shape or shape[1:] != self._shape[1:] or not self._shape:
            raise InspectorError(
                "WRONG_SHAPE", f"a batch of shape {list(shape)} follows one of shape {list(self._shape)}",
                todo="Add batches that agree in every axis but the first.",
            )  # fmt: skip
        self._rows += shape[0] if shape else 1

    def _add_chunk(self, start: int, a: Float64, b: Float64) -> None:
        difference = np.abs(a - b)
        if np.isfinite(difference).all():
            self._counted += a.size
        else:
            difference, a, b = self._without_nonfinite(start, difference, a, b)
        self._beyond += int(np.count_nonzero(difference > self._floor))
        self._sum_d += float(difference.sum())
        self._sum_dd += dot(difference, difference)
        self._sum_aa += dot(a, a)
        self._sum_bb += dot(b, b)
        self._sum_ab += dot(a, b)
        self._largest_a = max(self._largest_a, float(np.abs(a).max()))
        at = int(difference.argmax())
        if not self._disagree and difference[at] > self._worst:
            self._worst, self._worst_at = float(difference[at]), start + at

    def _without_nonfinite(
        self, start: int, difference: Float64, a: Float64, b: Float64
    ) -> tuple[Float64, Float64, Float64]:
        """Counts NaN and infinities and puts zeros in their place, which add nothing to any sum."""
        nan_a, nan_b, inf_a, inf_b = np.isnan(a), np.isnan(b), np.isinf(a), np.isinf(b)
        for name, found in (("_nan_a", nan_a), ("_nan_b", nan_b), ("_inf_a", inf_a), ("_inf_b", inf_b)):
            setattr(self, name, getattr(self, name) + int(np.count_nonzero(found)))
        left_out = nan_a | nan_b | inf_a | inf_b
        disagree = np.flatnonzero(left_out & ~((nan_a & nan_b) | (a == b)))
        if disagree.size and not self._disagree:
            self._worst_at = start + int(disagree[0])
        self._disagree += disagree.size
        self._beyond += disagree.size
        self._counted += a.size - int(np.count_nonzero(left_out))
        zero = np.float64(0)
        return np.where(left_out, zero, difference), np.where(left_out, zero, a), np.where(left_out, zero, b)

    def _cosine(self) -> float:
        """1 for equal arrays (also for two zero arrays), 0 when only one of the two is all zero."""
        if self._sum_dd == 0.0:
            return 1.0
        lengths = math.sqrt(self._sum_aa) * math.sqrt(self._sum_bb)
        return max(-1.0, min(1.0, self._sum_ab / lengths)) if lengths else 0.0

    def _worst_index(self) -> tuple[int, ...]:
        if not self._shape or not self._size:
            return ()
        shape = (self._rows, *self._shape[1:])
        return tuple(int(i) for i in np.unravel_index(self._worst_at, shape))


def _ratio(part: float, whole: float) -> float:
    if part == 0.0:
        return 0.0
    return part / whole if whole else math.inf


def _decibels(signal: float, noise: float) -> float:
    """10 log10(signal / noise): infinite without noise, minus infinite for noise without a signal."""
    if noise == 0.0:
        return math.inf
    return 10.0 * math.log10(signal / noise) if signal else -math.inf
