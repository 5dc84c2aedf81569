"""Numbers that are made, not loaded: random, zeros and ones in the shape of a model's input."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


def uniform(shape: tuple[int, ...], low: float, high: float, *, seed: int, stream: int) -> NDArray[np.float64]:
    """Uniform numbers in [low, high), float64, the same for a seed on every machine and in every numpy.

    Made from the raw bits of PCG64, which numpy promises to keep, not from a Generator's methods, which
    may change. Each input of a model draws from its own `stream`. Filled in C order, so that the first
    samples of a larger batch are those of a smaller one."""
    bits = np.random.PCG64(np.random.SeedSequence([seed, stream])).random_raw(math.prod(shape))
    unit = (bits.reshape(shape) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return low + (high - low) * unit


def integers(shape: tuple[int, ...], low: int, high: int, *, seed: int, stream: int) -> NDArray[np.int64]:
    """Whole numbers from low to high, both included, drawn as `uniform` draws."""
    unit = uniform(shape, 0.0, 1.0, seed=seed, stream=stream)
    return low + np.floor(unit * (high - low + 1)).astype(np.int64)
