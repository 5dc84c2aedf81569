"""Pooling, local and global."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.causes.case import Array
from inspector.causes.formulas.linear import own_pads, windows_of


def pool(x: Array, how: str, sizes: Sequence[int], strides: Sequence[int], padding: str) -> Array | None:
    """`how`: `max`, `average` (of what lies inside), or `average with padding` (which counts as zeros)."""
    rank = len(sizes)
    if x.ndim != rank + 2:
        return None
    pads = own_pads(padding, x.shape[1:-1], sizes, strides)
    fill = -np.inf if how == "max" else 0.0
    ones = (1,) * rank
    windows = windows_of(x, pads, sizes, strides, ones, fill)
    if windows is None:
        return None
    axes = tuple(range(-rank, 0))
    if how == "max":
        return np.asarray(windows.max(axes))
    if how == "average with padding":
        return np.asarray(windows.mean(axes))
    counted = windows_of(np.ones_like(x), pads, sizes, strides, ones)
    return None if counted is None else np.asarray(windows.sum(axes) / counted.sum(axes))
