"""Pooling, local and global. Arrays are (samples, places..., channels)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inspector.causes.case import Array
from inspector.causes.formulas.convolutions import sizes, slices
from inspector.domain.computation import Layer

LARGEST_WINDOW = 4096


def pool(layer: Layer, inputs: Sequence[Array], _weights: Mapping[str, Array]) -> Array | None:
    """The largest (`max`) or the mean (`average`) of what lies inside each window; with `counts_padding` in the
    settings also of the zeros around it."""
    x, how = inputs[0], layer.settings.get("pool")
    rank = x.ndim - 2
    window = sizes(layer.settings.get("pool_size"), rank)
    if rank < 1 or "pool_size" not in layer.settings or int(np.prod(window)) > LARGEST_WINDOW:
        return None
    if how == "max":
        return _over(layer, x, window, how, 0.0 if layer.settings.get("counts_padding") else -np.inf)
    total = _over(layer, x, window)
    if total is None or layer.settings.get("counts_padding"):
        return None if total is None else np.asarray(total / float(np.prod(window)))
    counted = _over(layer, np.ones((1, *x.shape[1:-1], 1)), window)
    return None if counted is None else np.asarray(total / counted)


def global_pool(layer: Layer, inputs: Sequence[Array], _weights: Mapping[str, Array]) -> Array | None:
    """Over every place; `over` in the settings names other axes."""
    x = inputs[0]
    if x.ndim < 3:
        return None
    over = tuple(layer.settings.get("over", range(1, x.ndim - 1)))
    keep = bool(layer.settings.get("keepdims"))
    how = str(layer.settings.get("pool"))
    if how == "max":
        return np.asarray(x.max(axis=over, keepdims=keep))
    total = np.asarray(x.sum(axis=over, keepdims=keep))
    return total if how == "sum" else np.asarray(total / float(np.prod([x.shape[at] for at in over])))


def _over(layer: Layer, x: Array, window: Sequence[int], how: str = "sum", fill: float = 0.0) -> Array | None:
    """The sum of each window, or its largest value."""
    found = slices(layer, x, window, fill)
    if found is None:
        return None
    framed, places = found
    total: Array | None = None
    for _, place in places:
        piece = framed[place]
        total = piece.copy() if total is None else np.maximum(total, piece) if how == "max" else total + piece
    return total
