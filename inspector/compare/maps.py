"""Activations as pictures: two axes of A, of B and of B - A, chosen by what the axes usually mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from inspector.compare.stream import Array, Float64, require_numbers, require_same_shape

_ONE_ROW = 64  # a vector up to this long is drawn as one row


@dataclass(frozen=True, slots=True, kw_only=True)
class Maps:
    """Three 2-D float64 arrays of one shape (rows, columns); `difference` is B - A. NaN marks cells
    where nothing stands. `layout` says in words what rows and columns are."""

    a: Float64
    b: Float64
    difference: Float64
    layout: str


def maps(a: Array, b: Array, *, sample: int = 0, channel: int = 0, channel_axis: int = -1) -> Maps:
    """Cuts one sample, and one channel where there is a plane to show, out of both activations.

    `channel_axis` is 1 for channels-first activations, otherwise the last. Shapes, channels last:
    rank 0 and 1: the values themselves; 2 (samples, units): the units in rows of a near-square grid;
    3 (samples, steps, units): units down, steps across; 4 (samples, rows, columns, channels): the
    channel's plane; 5 (samples, depth, rows, columns, channels): the channel's slices side by side;
    higher: flattened. Reads only the sample that is shown. Raises InspectorError WRONG_SHAPE,
    WRONG_DTYPE, and IndexError for a sample or channel that is not there."""
    require_same_shape(a, b)
    require_numbers(a, b)
    picture_a, layout = _picture(a, sample, channel, channel_axis)
    picture_b, _ = _picture(b, sample, channel, channel_axis)
    with np.errstate(invalid="ignore", over="ignore"):
        return Maps(a=picture_a, b=picture_b, difference=picture_b - picture_a, layout=layout)


def channel_count(shape: tuple[int, ...], channel_axis: int = -1) -> int:
    """How many channels `maps` can be asked for: 1 unless a plane is cut out of each (rank 4 and 5)."""
    return shape[channel_axis] if len(shape) in (4, 5) else 1


def _picture(x: Array, sample: int, channel: int, channel_axis: int) -> tuple[Float64, str]:
    if x.ndim < 2:
        return _grid(x.reshape(-1).astype(np.float64), "elements")
    one = x[sample]
    if one.ndim in (3, 4):
        plane = np.moveaxis(one, channel_axis - 1 if channel_axis > 0 else channel_axis, -1)[..., channel]
        values = plane.astype(np.float64)
        return (values, "rows by columns") if values.ndim == 2 else _side_by_side(values)
    values = one.astype(np.float64)
    if values.ndim == 2:
        return values if channel_axis == 1 else values.T, "units down, steps across"
    return _grid(values.reshape(-1), "units" if values.ndim == 1 else "elements, flattened")


def _grid(values: Float64, what: str) -> tuple[Float64, str]:
    """A vector as one row, or in rows of a near-square grid, the end filled with NaN."""
    if values.size <= _ONE_ROW:
        return values.reshape(1, -1), f"{what} in one row"
    columns = math.ceil(math.sqrt(values.size))
    rows = math.ceil(values.size / columns)
    grid = np.full(rows * columns, np.nan)
    grid[: values.size] = values
    return grid.reshape(rows, columns), f"{what} in rows of {columns}"


def _side_by_side(volume: Float64) -> tuple[Float64, str]:
    """The slices of (depth, rows, columns) in a near-square arrangement, a gap of NaN between them."""
    depth, rows, columns = volume.shape
    across = math.ceil(math.sqrt(depth)) if depth else 1
    down = math.ceil(depth / across)
    sheet = np.full((down * (rows + 1) - 1 if down else 0, across * (columns + 1) - 1), np.nan)
    for index in range(depth):
        top, left = index // across * (rows + 1), index % across * (columns + 1)
        sheet[top : top + rows, left : left + columns] = volume[index]
    return sheet, f"{depth} slices, {across} across, rows by columns each"
