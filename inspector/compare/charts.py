"""What the charts of a layer panel draw: a histogram of the difference, a scatter of A over B, channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.compare.stream import CHUNK, Array, Float64, chunks

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts of B - A. `edges` has one more number than `counts` and is even about zero."""

    edges: Float64
    counts: Indices
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """Points of A over B, 1-D arrays of one length in the order of `index` (flat C-order positions)."""

    index: Indices
    a: Float64
    b: Float64


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDifference:
    """One channel and the largest |B - A| in it (infinite where only one side is NaN or infinite)."""

    channel: int
    max_abs: float


def difference_histogram(a: Array, b: Array, bins: int = 65) -> Histogram:
    """Streams B - A into `bins` even bins over [-m, m], m the largest finite difference (1 if none).

    With an odd number of bins zero lies in the middle of one. Elements whose difference is not finite
    are left out and counted. Raises InspectorError WRONG_SHAPE, WRONG_DTYPE."""
    largest = 0.0
    for _, part_a, part_b in chunks(a, b):
        largest = max(largest, float(np.abs(_finite_difference(part_a, part_b)).max(initial=0.0)))
    reach = largest or 1.0
    edges = np.linspace(-reach, reach, bins + 1)
    counts = np.zeros(bins, np.int64)
    for _, part_a, part_b in chunks(a, b):
        counts += np.histogram(_finite_difference(part_a, part_b), edges)[0]
    return Histogram(edges=edges, counts=counts, left_out=a.size - int(counts.sum()))


def scatter_sample(a: Array, b: Array, limit: int = 4000, seed: int = 0) -> Scatter:
    """At most `limit` points: the worst quarter by |B - A|, always in, and the rest drawn one from each
    of even strata of the positions, so that the whole array is seen. The same seed, the same points.

    Raises InspectorError WRONG_SHAPE, WRONG_DTYPE."""
    if a.size <= limit:
        index = np.arange(a.size, dtype=np.int64)
    else:
        worst = _worst_positions(a, b, max(1, limit // 4))
        spread = _strata(a.size, limit - worst.size, seed)
        index = np.union1d(worst, spread).astype(np.int64)
    return Scatter(index=index, a=_at(a, index), b=_at(b, index))


def channel_ranking(a: Array, b: Array, channel_axis: int = -1) -> tuple[ChannelDifference, ...]:
    """All channels, the one with the largest difference first (equal ones by number).

    The channel axis is A's: the last for NHWC and for vectors, 1 for NCHW. An array without axes has
    one channel. Reads one channel at a time. Raises InspectorError WRONG_SHAPE, WRONG_DTYPE."""
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    found = np.zeros(a.shape[channel_axis])
    front_a, front_b = np.moveaxis(a, channel_axis, -1), np.moveaxis(b, channel_axis, -1)
    for start, part_a, part_b in chunks(front_a, front_b):
        channels = np.arange(start, start + part_a.size) % found.size
        np.maximum.at(found, channels, _distance(part_a, part_b))
    order = np.argsort(-found, kind="stable")
    return tuple(ChannelDifference(channel=int(i), max_abs=float(found[i])) for i in order)


def _finite_difference(a: Float64, b: Float64) -> Float64:
    with np.errstate(invalid="ignore", over="ignore"):
        difference = b - a
    return difference[np.isfinite(difference)]


def _distance(a: Float64, b: Float64) -> Float64:
    """|B - A|, 0 where both are NaN or the same infinity, infinite where only one side is."""
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(b - a)
    agree = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(agree, 0.0, np.where(np.isnan(distance), math.inf, distance))


def _worst_positions(a: Array, b: Array, count: int) -> Indices:
    """Flat positions of the `count` largest distances, kept chunk by chunk."""
    best, where = np.empty(0), np.empty(0, np.int64)
    for start, part_a, part_b in chunks(a, b):
        distances = np.concatenate([best, _distance(part_a, part_b)])
        positions = np.concatenate([where, np.arange(start, start + part_a.size, dtype=np.int64)])
        keep = np.argsort(-distances, kind="stable")[:count]
        best, where = distances[keep], positions[keep]
    return where


def _strata(size: int, count: int, seed: int) -> Indices:
    """One position from each of `count` even strata of range(size)."""
    generator = np.random.Generator(np.random.PCG64(seed))
    bounds = np.linspace(0, size, count + 1).astype(np.int64)
    return generator.integers(bounds[:-1], bounds[1:])


def _at(x: Array, index: Indices) -> Float64:
    """The elements at flat C-order positions, taken in runs so that a memory map is read in order."""
    taken = [
        x[np.unravel_index(index[low : low + CHUNK], x.shape)] if x.ndim else x.reshape(1)
        for low in range(0, index.size, CHUNK)
    ]
    return np.concatenate(taken).astype(np.float64) if taken else np.empty(0)
