"""Inputs and outputs that are text: drawn, described and compared without arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
WORDS = ("north", "river", "amber", "seven", "cloud", "stone", "violet", "harbour")


def is_text(array: Array) -> bool:
    """Whether an array holds bytes or text."""
    return array.dtype.kind in "SUO"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What words are drawn from: a vocabulary, and unless it is `closed` words beyond it; `sentences` of several."""

    words: tuple[bytes, ...] = ()
    sentences: bool = False
    closed: bool = False


ANYTHING = Drawn()


def draw_text(shape: tuple[int, ...], kind: str, seed: int, stream: int, drawn: Drawn = ANYTHING) -> Array:
    """Words of a vocabulary and beyond it, words and numbers where there is none, the same for a seed; `zeros` are
    empty, `ones` are `1`. Bytes."""
    count = math.prod(shape)
    if kind != "random":
        texts = [b"" if kind == "zeros" else b"1"] * count
    else:
        bits = np.random.PCG64(np.random.SeedSequence([seed, stream])).random_raw(count)
        texts = [_text(int(bit), drawn) for bit in np.atleast_1d(bits)]
    return np.array(texts, np.bytes_).reshape(shape)


def _text(bits: int, drawn: Drawn) -> bytes:
    if not drawn.words:
        return f"{WORDS[bits % len(WORDS)]} {bits >> 3 & 63}".encode()
    if not drawn.sentences:
        return _word(bits, drawn)
    count = 2 + bits % 5
    return b" ".join(_word((bits * (2 * place + 1)) >> 5 & 0xFFFFFFFF, drawn) for place in range(count))


def _word(bits: int, drawn: Drawn) -> bytes:
    """One of four is beyond the vocabulary, unless nothing else is taken."""
    if drawn.closed or bits & 3:
        return drawn.words[(bits >> 2) % len(drawn.words)]
    return f"{WORDS[(bits >> 2) % len(WORDS)]}{bits >> 5 & 63}".encode()


def as_numbers(a: Array, b: Array) -> tuple[Array, Array]:
    """Two arrays of text as numbers: equal where the texts are equal, infinitely apart elsewhere."""
    one, other = (np.asarray(array).astype(np.bytes_) for array in (a, b))
    unlike = one != other.reshape(one.shape) if one.size == other.size else np.ones(one.shape, bool)
    return np.zeros(one.shape), np.where(unlike, np.inf, 0.0)
