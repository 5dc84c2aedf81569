"""Inputs and outputs that are text: drawn, described and compared without arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
WORDS = ("north", "river", "amber", "seven", "cloud", "stone", "violet", "harbour")


def is_text(array: Array) -> bool:
    """Whether an array holds bytes or text."""
    return array.dtype.kind in "SUO"


def draw_text(shape: tuple[int, ...], kind: str, seed: int, stream: int) -> NDArray[np.bytes_]:
    """Words and numbers, the same for a seed; `zeros` are empty, `ones` are `1`."""
    count = math.prod(shape)
    if kind != "random":
        texts = ["" if kind == "zeros" else "1"] * count
    else:
        bits = np.random.PCG64(np.random.SeedSequence([seed, stream])).random_raw(count)
        texts = [f"{WORDS[int(bit) % len(WORDS)]} {int(bit) >> 3 & 63}" for bit in np.atleast_1d(bits)]
    return np.array([text.encode() for text in texts], np.bytes_).reshape(shape)


def as_numbers(a: Array, b: Array) -> tuple[Array, Array]:
    """Two arrays of text as numbers: equal where the texts are equal, infinitely apart elsewhere."""
    one, other = (np.asarray(array).astype(np.bytes_) for array in (a, b))
    unlike = one != other.reshape(one.shape) if one.size == other.size else np.ones(one.shape, bool)
    return np.zeros(one.shape), np.where(unlike, np.inf, 0.0)
