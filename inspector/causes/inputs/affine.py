"""Scales, offsets and mixed channels: the closed form of what a preprocessing does to an array's last axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from inspector.causes.case import Array

ROWS = 8192  # equations that are solved; all of them are checked
MOST = 64  # channels with numbers of their own
MIXED = 4
SAFE = 3  # equations for each unknown
NEAR = 1e-4
NICE = (1 / 255, 255.0, 1 / 127.5, 127.5, 1 / 128, 128.0, 1 / 256, 256.0, 1 / 127, 1 / 65025)
Linear = Callable[[Array], Array | None]


@dataclass(frozen=True, slots=True)
class Affine:
    """y = matrix x + offset on the last axis. A 1 x 1 matrix is one scale for every channel."""

    matrix: Array
    offset: Array

    def __call__(self, x: Array) -> Array:
        """In float64; the last axis keeps its length."""
        x = np.asarray(x, np.float64)
        if self.matrix.shape == (1, 1):
            return np.asarray(x * self.matrix[0, 0] + self.offset[0])
        return np.asarray(x @ self.matrix.T + self.offset)

    def after(self, first: Affine) -> Affine:
        """This one done upon the other's result."""
        size = max(len(self.offset), len(first.offset))
        one, two = self.widened(size), first.widened(size)
        return Affine(one.matrix @ two.matrix, one.matrix @ two.offset + one.offset)

    def inverse(self) -> Affine | None:
        if np.linalg.cond(self.matrix) > 1e6:
            return None
        back = np.linalg.inv(self.matrix)
        return Affine(back, -back @ self.offset)

    def widened(self, size: int) -> Affine:
        """The same with a matrix of this size, where it was 1 x 1."""
        if len(self.offset) == size or len(self.offset) != 1:
            return self
        return Affine(np.eye(size) * self.matrix[0, 0], np.repeat(self.offset, size))

    @property
    def is_uniform(self) -> bool:
        """One scale and one offset for all channels."""
        if len(self.offset) == 1:
            return True
        matrix, size = self.matrix, float(np.abs(self.matrix).max())
        even = np.abs(matrix - np.eye(len(matrix)) * matrix[0, 0]).max() <= NEAR * size
        return bool(even and np.ptp(self.offset) <= NEAR * max(float(np.abs(self.offset).max()), NEAR))

    def is_near(self, other: Affine) -> bool:
        size = max(len(self.offset), len(other.offset))
        one, two = self.widened(size), other.widened(size)
        if len(one.offset) != len(two.offset):
            return False
        scale = float(np.abs(two.matrix).max())
        shift = max(float(np.abs(two.offset).max()), scale)
        near = np.abs(one.matrix - two.matrix).max() <= NEAR * scale
        return bool(near and np.abs(one.offset - two.offset).max() <= NEAR * shift)


IDENTITY = Affine(np.ones((1, 1)), np.zeros(1))


def uniform(scale: float, offset: float = 0.0) -> Affine:
    return Affine(np.full((1, 1), scale), np.full(1, offset))


def between(x: Array, y: Array, tolerance: float) -> Affine | None:
    """What turns x into y, both of one shape, everywhere to the tolerance; the simplest that does."""
    return solve(lambda field: field, x, y, tolerance)


def solve(linear: Linear, x: Array, wanted: Array, tolerance: float, seen: Array | None = None) -> Affine | None:
    """The simplest `t` with linear(t(x)) = wanted, where `linear` keeps sums and multiples (a convolution without
    its bias); `seen` marks the elements of `wanted` that count. None where nothing simple enough is it.

    One scale and offset; the channels in reverse; a scale and an offset for each channel; channels mixed freely."""
    fields = _Fields(linear, np.asarray(x, np.float64), np.asarray(wanted, np.float64), seen)
    for terms in _hypotheses(x.shape[-1]):
        found = fields.fitted(terms, tolerance)
        if found is not None:
            return found
    return None


def _hypotheses(channels: int) -> Iterator[list[Affine]]:
    """Each a list of parts whose weighted sum is looked for."""
    nothing = np.zeros((1, 1))
    shift = Affine(nothing, np.ones(1))
    yield [IDENTITY, shift]
    if channels > MOST or channels < 2:
        return
    eye, zeros = np.eye(channels), np.zeros((channels, channels))
    if channels == 3:
        yield [Affine(eye[::-1], np.zeros(3)), shift]
    shifts = [Affine(zeros, row) for row in eye]
    yield [*(Affine(np.diag(row), np.zeros(channels)) for row in eye), *shifts]
    if channels <= MIXED:
        yield [*(Affine(np.outer(r, c), np.zeros(channels)) for r in eye for c in eye), *shifts]


class _Fields:
    """What each part gives, worked out once."""

    def __init__(self, linear: Linear, x: Array, wanted: Array, seen: Array | None) -> None:
        self._linear, self._x = linear, x
        self._seen = np.ones(wanted.shape, bool) if seen is None else seen
        self._wanted = wanted[self._seen]
        count = self._wanted.size
        chosen = np.random.default_rng(0).permutation(count)[:ROWS] if count > ROWS else np.arange(count)
        self._rows = np.sort(chosen)

    def fitted(self, terms: list[Affine], tolerance: float) -> Affine | None:
        if self._rows.size < SAFE * len(terms):
            return None
        columns = [self._column(term) for term in terms]
        if any(column is None for column in columns):
            return None
        design = np.stack([column for column in columns if column is not None], axis=1)
        sizes = np.linalg.norm(design, axis=0)
        if not sizes.all():
            return None
        found, _, rank, _ = np.linalg.lstsq(design[self._rows] / sizes, self._wanted[self._rows], rcond=1e-9)
        if rank < len(terms):
            return None
        weights = found / sizes
        rounded = np.array([nice(value) for value in weights])
        plain = np.where(np.abs(weights) * np.abs(design).max(axis=0) <= tolerance, 0.0, rounded)
        for chosen in (plain, rounded, weights):
            if np.abs(design @ chosen - self._wanted).max() <= tolerance:
                return _sum(terms, chosen)
        return None

    def _column(self, term: Affine) -> Array | None:
        given = self._linear(np.broadcast_to(term(self._x), self._x.shape))
        return None if given is None or given.shape != self._seen.shape else given[self._seen]


def _sum(terms: list[Affine], weights: Array) -> Affine:
    size = max(len(term.offset) for term in terms)
    wide = [term.widened(size) for term in terms]
    matrix = sum((w * term.matrix for w, term in zip(weights, wide, strict=True)), np.zeros((size, size)))
    offset = sum((w * term.offset for w, term in zip(weights, wide, strict=True)), np.zeros(size))
    return Affine(matrix, offset)


def nice(value: float) -> float:
    """The number that a person will have written, where one is within 1e-4: 1/255, 0.5, 103.939."""
    for known in NICE:
        if abs(abs(value) - known) <= NEAR * known:
            return float(np.copysign(known, value))
    if abs(value) < 1e-9:
        return 0.0
    short = float(f"{value:.4g}")
    return short if abs(value - short) <= 1e-6 * abs(value) else value
