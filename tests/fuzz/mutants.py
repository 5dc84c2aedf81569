"""Damaged copies of a file, made from a seed: the same number gives the same mutant every time."""

from __future__ import annotations

import random
from collections.abc import Callable

HEAD = 4096  # where formats keep what leads to everything else
EXTREMES = (
    b"\x00" * 8,
    b"\xff" * 8,
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80\x00\x00\x00\x00",
)

Damage = Callable[[random.Random, bytearray], None]


def mutant(original: bytes, seed: int) -> bytes:
    """The seed's mutant of the file: one to three kinds of damage, each a few bytes or a cut."""
    chance = random.Random(seed)
    data = bytearray(original)
    for _ in range(chance.randint(1, 3)):
        chance.choice(DAMAGES)(chance, data)
    return bytes(data)


def _place(chance: random.Random, data: bytearray) -> int:
    """A position, half of the time near the start."""
    end = min(len(data), HEAD) if chance.random() < 0.5 else len(data)
    return chance.randrange(max(end, 1))


def flip(chance: random.Random, data: bytearray) -> None:
    """One to sixteen bits turned over."""
    for _ in range(chance.randint(1, 16)):
        if data:
            data[_place(chance, data)] ^= 1 << chance.randrange(8)


def extreme(chance: random.Random, data: bytearray) -> None:
    """A number at the edge of its range where another stood."""
    at = _place(chance, data)
    value = chance.choice(EXTREMES)[: chance.choice((1, 2, 4, 8))]
    data[at : at + len(value)] = value[: len(data) - at]


def splice(chance: random.Random, data: bytearray) -> None:
    """A piece of the file over another place of it."""
    start, to, size = _place(chance, data), _place(chance, data), chance.randint(1, 256)
    piece = bytes(data[start : start + size])
    data[to : to + len(piece)] = piece[: len(data) - to]


def remove(chance: random.Random, data: bytearray) -> None:
    """A few bytes gone, so that all after them stand elsewhere."""
    at = _place(chance, data)
    del data[at : at + chance.randint(1, 16)]


def truncate(chance: random.Random, data: bytearray) -> None:
    """The end is missing, at any sixteenth."""
    del data[len(data) * chance.randrange(16) // 16 :]


# Flips and extremes find the most, so they stand more often.
DAMAGES: tuple[Damage, ...] = (flip, flip, flip, extreme, extreme, extreme, splice, remove, truncate)
