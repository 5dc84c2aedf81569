"""Whether numbers stand on a grid: whole multiples of a step, per tensor or per channel."""

from __future__ import annotations

import numpy as np

from inspector.causes.case import Array

LEVELS = 260
STEPS = np.arange(2, LEVELS)  # as many steps may lie between 0 and the largest number
ENOUGH = 12  # numbers beside those that make the grid
DISTINCT = 4  # fewer numbers are near some grid by chance
NEAR = 2e-3  # of a step
#: What a wrong scale is off by: bits, and the ends of signed and unsigned ranges taken for each other.
FACTORS = (
    127 / 128,
    128 / 127,
    127 / 255,
    255 / 127,
    255 / 256,
    256 / 255,
    127.0,
    1 / 127,
    128.0,
    1 / 128,
    255.0,
    1 / 255,
)
THIN = 2**16
SOME = 8


def grid(array: Array, *, per_channel: bool = True) -> float:
    """The distance of neighbouring values (the largest of the channels'), 0 for numbers that are on no grid."""
    values = array.ravel()[:: max(1, array.size // THIN)]
    step = _of_levels(values) or _of_ends(values)
    if step:
        return step if array.size <= THIN or _of_levels(array.ravel()) or _of_ends(array.ravel()) else 0.0
    if not per_channel or array.ndim < 2:
        return 0.0
    return max((_of_channels(array, axis) for axis in range(array.ndim)), default=0.0)


def levels(array: Array, step: float) -> int:
    """How many steps lie between the ends."""
    return round(float(np.ptp(array)) / step) + 1


def off_by_one_factor(a: Array, b: Array) -> float:
    """The factor between two arrays where it is a power of two or one of a range's; 0 else."""
    factor = float((a * b).sum() / (a * a).sum()) if a.any() else 0.0
    if factor <= 0 or abs(factor - 1) < 1e-4 or np.abs(b - factor * a).max() > 1e-5 * float(np.abs(b).max()):
        return 0.0
    power = np.log2(factor)
    known = abs(power - round(power)) < 1e-5 or any(abs(factor / one - 1) < 1e-5 for one in FACTORS)
    return factor if known else 0.0


def _of_levels(values: Array) -> float:
    """Few values at even distances, however they are centred."""
    if len(np.unique(values[:1024])) > LEVELS:
        return 0.0
    found = np.unique(values)
    if not 2 < len(found) <= LEVELS or values.size < len(found) + ENOUGH:
        return 0.0
    gaps = np.diff(found)
    step = float(gaps.min())
    if step <= 1e-5 * float(np.abs(found).max()):
        return 0.0
    step = float(gaps.sum() / np.round(gaps / step).sum())
    return step if np.abs(gaps / step - np.round(gaps / step)).max() <= 0.02 else 0.0


def _of_ends(values: Array) -> float:
    """Whole multiples of a part of the largest value, or (from the smallest on) of the range."""
    if values.size < ENOUGH or not np.ptp(values) or len(np.unique(values[:1024])) <= DISTINCT:
        return 0.0
    return _of_rows(values[None])


def _of_channels(array: Array, axis: int) -> float:
    channels = np.moveaxis(array, axis, 0)
    some = channels[:: max(1, len(channels) // SOME)]
    if len(some) < len(channels) and not _of_rows(some.reshape(len(some), -1)):
        return 0.0
    rows = channels.reshape(len(channels), -1)
    enough = rows.shape[1] >= DISTINCT and len(rows) > 1 and len(rows) * (rows.shape[1] - 2) >= ENOUGH
    return _of_rows(rows) if enough else 0.0


def _of_rows(rows: Array) -> float:
    """The largest step of rows that each have a step of their own, and as many of them up to their end."""
    largest, low, span = np.abs(rows).max(axis=1), rows.min(axis=1), np.ptp(rows, axis=1)
    used = (largest > 0) & (span > 0)
    if not used.any():
        return 0.0
    rows, largest, low, span = rows[used], largest[used], low[used], span[used]
    for start, whole in ((np.zeros_like(low), largest), (low, span)):
        parts = (rows - start[:, None]) / whole[:, None]
        places = parts[:, :SOME, None] * STEPS  # most numbers are on no grid, and a few of them say so
        for count in STEPS[np.abs(places - np.round(places)).max(axis=(0, 1)) <= NEAR]:
            if np.abs(parts * count - np.round(parts * count)).max() <= NEAR:
                return float(whole.max() / count)
    return 0.0
