"""Bring an activation of one side into the other's layout: the same numbers with axes in another order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def axes_between(a: Array, b: Array) -> tuple[int, ...] | None:
    """The permutation of A's axes that gives B's shape and, of several, the one whose values are nearest.

    None when the shapes agree already or no permutation fits."""
    if a.shape == b.shape or a.ndim != b.ndim or sorted(a.shape) != sorted(b.shape):
        return None
    fitting = [axes for axes in permutations(range(a.ndim)) if tuple(a.shape[i] for i in axes) == b.shape]
    keeping = [axes for axes in fitting if axes[0] == 0] or fitting
    return min(keeping, key=lambda axes: float(np.abs(np.transpose(a, axes) - b).mean()))


def to_b(a: Array, shape_b: tuple[int, ...], axes: tuple[int, ...] | None) -> Array | None:
    """A's array in B's layout; None when the numbers of elements differ."""
    turned = a if axes is None else np.transpose(a, axes)
    if turned.shape == shape_b:
        return turned
    return turned.reshape(shape_b) if turned.size == int(np.prod(shape_b, dtype=np.int64)) else None


def to_a(b: Array, shape_a: tuple[int, ...], axes: tuple[int, ...] | None) -> Array | None:
    """B's array in A's layout; None when the numbers of elements differ."""
    if axes is not None:
        return np.transpose(b, tuple(int(i) for i in np.argsort(axes)))
    if b.shape == shape_a:
        return b
    return b.reshape(shape_a) if b.size == int(np.prod(shape_a, dtype=np.int64)) else None
