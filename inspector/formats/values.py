"""Numbers about stored arrays: statistics, histogram and a picture for the eye; fingerprints for matching."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Fingerprint
from inspector.domain.errors import InspectorError
from inspector.domain.files import ValueSummary
from inspector.formats.opened import Opened

Float64 = NDArray[np.float64]
CHUNK = 1 << 20
BINS = 64
SIDE = 256
SKETCH = 64
SAMPLE = 1 << 16
_MIX = np.uint64(0x9E3779B97F4A7C15)  # the 64-bit golden ratio, as in splitmix64


def chunks(opened: Opened, value_id: str) -> Iterator[NDArray[Any]]:
    """The array's elements in C order, a million at a time."""
    count = _count(opened.value_shape(value_id)[0])
    for start in range(0, count, CHUNK):
        yield opened.values(value_id, start, min(count, start + CHUNK))


def summarise(opened: Opened, value_id: str) -> ValueSummary:
    """Statistics over the finite values, in float64. Raises NOT_NUMERIC, TOO_LARGE."""
    shape, dtype = opened.value_shape(value_id)
    count = finite = zeros = nan = 0
    low, high, mean, away = math.inf, -math.inf, 0.0, 0.0
    for part in chunks(opened, value_id):
        kept = _finite(part)
        count, nan = count + part.size, nan + int(np.isnan(_double(part)).sum())
        mean, away = _merged(finite, mean, away, kept)
        finite, zeros = finite + kept.size, zeros + int((kept == 0).sum())
        low, high = min(low, kept.min(initial=math.inf)), max(high, kept.max(initial=-math.inf))
    low, high = (float(low), float(high)) if finite else (0.0, 0.0)
    edges, counts = _histogram(opened, value_id, low, high)
    picture, note = _picture(opened, value_id, shape)
    return ValueSummary(
        shape=shape,
        dtype=dtype,
        count=count,
        minimum=low,
        maximum=high,
        mean=mean,
        deviation=math.sqrt(away / finite) if finite else 0.0,
        zeros=zeros,
        nan=nan,
        infinite=count - finite - nan,
        edges=edges,
        counts=counts,
        picture=picture,
        picture_note=note,
    )


def _merged(count: int, mean: float, away: float, part: Float64) -> tuple[float, float]:
    """Mean and sum of squared distances from it, with a further part taken in. The mean of the squares less
    the square of the mean would lose all digits where the mean is large (Chan, Golub and LeVeque 1983)."""
    if not part.size:
        return mean, away
    with np.errstate(over="ignore", invalid="ignore"):
        part_mean = float(part.mean())
        apart = part_mean - mean
        whole = count + part.size
        away += float(np.square(part - part_mean).sum()) + apart * apart * count * part.size / whole
    return mean + apart * part.size / whole, away


def fingerprint(opened: Opened, value_id: str) -> Fingerprint:
    """One pass over the values, complex ones as pairs. The quantiles are those of up to SAMPLE values at even
    strides. Raises NOT_NUMERIC, TOO_LARGE."""
    shape, dtype = opened.value_shape(value_id)
    digest = hashlib.blake2b(digest_size=16)
    mixed = np.uint64(0)
    count = _count(shape)
    wanted = np.unique(np.linspace(0, max(0, count - 1), SKETCH).astype(np.int64)) if count else np.zeros(0, np.int64)
    sketch: list[float] = []
    sample: list[Float64] = []
    stride = math.ceil(count / SAMPLE) or 1
    start = 0
    for part in chunks(opened, value_id):
        values = _real(part) + 0.0  # -0.0 becomes 0.0
        digest.update(values.tobytes())
        mixed = _mixed(mixed, values)
        inside = wanted[(wanted >= start) & (wanted < start + values.size)] - start
        sketch += values[inside].tolist()
        sample.append(values[-start % stride :: stride])
        start += values.size
    return Fingerprint(
        id=value_id, shape=shape, dtype=dtype, exact=digest.hexdigest(), sorted=f"{count}-{int(mixed):x}",
        sketch=tuple(sketch), quantiles=_quantiles(sample),
    )  # fmt: skip


def _real(part: NDArray[Any]) -> Float64:
    if part.dtype.kind == "c":
        return np.ascontiguousarray(part, np.complex128).view(np.float64)
    return part.astype(np.float64)


def _quantiles(sample: list[Float64]) -> tuple[float, ...]:
    values = np.concatenate(sample) if sample else np.zeros(0)
    finite = values[np.isfinite(values)]
    return tuple(np.quantile(finite, np.linspace(0, 1, 17)).tolist()) if finite.size else ()


def fingerprints(opened: Opened, ids: list[str]) -> list[Fingerprint]:
    """Of every id whose values are numbers."""
    found = []
    for value_id in ids:
        try:
            found.append(fingerprint(opened, value_id))
        except InspectorError:
            continue  # not numeric: nothing to compare by content
    return found


def _mixed(sum_: np.uint64, values: Float64) -> np.uint64:
    """A sum of mixed bits: the same for any order of the values (splitmix64's finalizer, Steele 2014)."""
    bits = values.view(np.uint64) + _MIX
    with np.errstate(over="ignore"):
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.uint64(sum_ + (bits ^ (bits >> np.uint64(31))).sum(dtype=np.uint64))


def _finite(part: NDArray[Any]) -> Float64:
    if part.dtype.kind == "c":
        raise InspectorError("NOT_NUMERIC", "complex values have no order, so no statistics")
    values = _double(part)
    return values[np.isfinite(values)]


def _double(part: NDArray[Any]) -> Float64:
    with np.errstate(invalid="ignore"):  # a signalling NaN is one all the same
        return part.astype(np.float64)


def _histogram(opened: Opened, value_id: str, low: float, high: float) -> tuple[tuple[float, ...], tuple[int, ...]]:
    if low > high or not math.isfinite(high - low) or not _count(opened.value_shape(value_id)[0]):
        return (), ()
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    counts = np.zeros(BINS, np.int64)
    for part in chunks(opened, value_id):
        counts += np.histogram(_finite(part), edges)[0]
    return tuple(edges.tolist()), tuple(counts.tolist())


def _picture(opened: Opened, value_id: str, shape: tuple[int, ...]) -> tuple[tuple[tuple[float, ...], ...], str]:
    count = _count(shape)
    if count < 2 or not shape:
        return (), ""
    if count > 1 << 26:
        values = opened.values(value_id, 0, SIDE * shape[-1] if shape[-1] <= 1 << 16 else SIDE * SIDE)
        return _rows(_thinned(values[: values.size // shape[-1] * shape[-1]].reshape(-1, shape[-1]))), "the first rows"
    with np.errstate(invalid="ignore"):  # a damaged file holds numbers that signal
        values = opened.values(value_id).astype(np.float64).reshape(shape)
    if len(shape) == 4 and shape[0] <= 16 and shape[1] <= 16:
        return _rows(_mosaic(values)), "kernels side by side: outputs across, inputs down"
    if len(shape) == 1:
        width = min(SIDE, math.ceil(math.sqrt(count)))
        padded = np.full(math.ceil(count / width) * width, np.nan)
        padded[:count] = values
        return _rows(_thinned(padded.reshape(-1, width))), f"{count} values in rows of {width}"
    note = "rows by the last axis" if len(shape) > 2 else "as it is stored"
    return _rows(_thinned(values.reshape(-1, shape[-1]))), note


def _mosaic(kernel: Float64) -> Float64:
    """HWIO kernels as tiles with a gap, as many as fit."""
    height, width = kernel.shape[:2]
    across, down = max(1, SIDE // (width + 1)), max(1, SIDE // (height + 1))
    tiles = kernel[:, :, :down, :across]
    grid = np.full((tiles.shape[2] * (height + 1) - 1, tiles.shape[3] * (width + 1) - 1), np.nan)
    for i in range(tiles.shape[2]):
        for o in range(tiles.shape[3]):
            top, left = i * (height + 1), o * (width + 1)
            grid[top : top + height, left : left + width] = tiles[:, :, i, o]
    return grid


def _thinned(matrix: NDArray[Any]) -> Float64:
    rows, columns = (max(1, math.ceil(size / SIDE)) for size in matrix.shape)
    return matrix[::rows, ::columns].astype(np.float64)


def _rows(matrix: Float64) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in matrix.tolist())


def _count(shape: tuple[int, ...]) -> int:
    return math.prod(shape)
