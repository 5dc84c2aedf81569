"""Whether numbers stand on a grid: whole multiples of a step, per tensor or per channel."""

from __future__ import annotations

import numpy as np

from inspector.causes.case import Array

LEVELS = 260
STEPS = (127, 128, 255, 63, 31, 15, 7, 8, 3)  # of 8 bits to 2 bits, as many steps lie between 0 and the largest
ENOUGH = 12  # numbers beside those that make the grid
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
    """Whole multiples of the largest value's 127th part (128th, 7th, ...), or of the range's 255th."""
    largest, low, span = float(np.abs(values).max(initial=0.0)), float(values.min()), float(np.ptp(values))
    if not largest or not span or values.size < ENOUGH:
        return 0.0
    for count in STEPS:
        for start, step in ((0.0, largest / count), (low, span / count)):
            if not _whole(values[:64], start, step) or not _whole(values, start, step):
                continue
            if len(np.unique(np.round((values - start) / step))) > 2:
                return step
    return 0.0


def _of_channels(array: Array, axis: int) -> float:
    channels = np.moveaxis(array, axis, 0)
    some = channels[:: max(1, len(channels) // SOME)]
    if len(some) < len(channels) and not _of_rows(some.reshape(len(some), -1)):
        return 0.0
    return _of_rows(channels.reshape(len(channels), -1))


def _of_rows(rows: Array) -> float:
    if rows.shape[1] < 4 or rows.shape[0] < 2 or rows.shape[0] * (rows.shape[1] - 2) < ENOUGH:
        return 0.0
    largest = np.abs(rows).max(axis=1, keepdims=True)
    low, span = rows.min(axis=1, keepdims=True), np.ptp(rows, axis=1)[:, None]
    used = (largest > 0).ravel() & (span > 0).ravel()
    if not used.any():
        return 0.0
    rows, largest, low, span = rows[used], largest[used], low[used], span[used]
    first = rows[:, :SOME]  # most numbers are on no grid, and a few of them say so
    for count in STEPS:
        for start, step in ((np.zeros_like(low), largest / count), (low, span / count)):
            if _whole(first, start, step) and _whole(rows, start, step):
                return float(step.max())
    return 0.0


def _whole(values: Array, start: Array | float, step: Array | float) -> bool:
    places = (values - start) / step
    return bool(np.abs(places - np.round(places)).max() <= 2e-3)
