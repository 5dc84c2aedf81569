"""Dense, convolution of any rank, depthwise and separable, before their activation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from inspector.causes.case import Array
from inspector.domain.computation import Layer

Pads = tuple[tuple[int, int], ...]
MOST = 4e8  # multiplications
RANKS = {"conv1d": 1, "conv2d": 2, "conv3d": 3, "depthwise_conv1d": 1, "depthwise_conv2d": 2}


def linear(layer: Layer, x: Array, weights: dict[str, Array], *, pads: Pads | None = None) -> Array | None:
    """The layer's value before its activation, in float64; `pads` instead of the layer's own padding.

    None for kinds that are not written here, channels first, or more than 4e8 multiplications."""
    kernel, bias = weights.get("kernel", weights.get("depthwise_kernel")), weights.get("bias", np.zeros(()))
    if kernel is None:
        return None
    if layer.kind == "dense":
        return x @ kernel + bias if kernel.ndim == 2 and x.shape[-1] == kernel.shape[0] else None
    rank = RANKS.get(layer.kind)
    if rank is None or layer.settings.get("data_format") == "channels_first" or x.ndim != rank + 2:
        return None
    strides, dilation = (_sizes(layer.settings.get(name), rank) for name in ("strides", "dilation"))
    effective = [(size - 1) * d + 1 for size, d in zip(kernel.shape[:rank], dilation, strict=True)]
    if pads is None:
        pads = own_pads(str(layer.settings.get("padding", "valid")), x.shape[1:-1], effective, strides)
    windows = windows_of(x, pads, effective, strides, dilation)
    if windows is None or windows.size * float(kernel.shape[-1]) > MOST:
        return None
    depthwise = layer.kind.startswith("depthwise")
    found = _depthwise(windows, kernel, rank) if depthwise else _convolved(windows, kernel, rank)
    return None if found is None else found + bias


def own_pads(padding: str, sizes: Sequence[int], effective: Sequence[int], strides: Sequence[int]) -> Pads:
    """What `same`, `causal` and `valid` put before and behind each axis, as TensorFlow does."""
    if padding == "causal":
        return tuple((size - 1, 0) for size in effective)
    if padding != "same":
        return ((0, 0),) * len(sizes)
    found = []
    for size, window, stride in zip(sizes, effective, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + window - size, 0)
        found.append((total // 2, total - total // 2))
    return tuple(found)


def paddings(layer: Layer, x: Array, sizes: Sequence[int]) -> dict[str, Pads]:
    """The paddings that a converter may have put in the place of the layer's own, by name."""
    rank = len(sizes)
    strides, dilation = (_sizes(layer.settings.get(name), rank) for name in ("strides", "dilation"))
    effective = [(size - 1) * d + 1 for size, d in zip(sizes, dilation, strict=True)]
    spatial = x.shape[1:-1]
    found = {name: own_pads(name, spatial, effective, strides) for name in ("same", "valid")}
    if rank == 1:
        found["causal"] = own_pads("causal", spatial, effective, strides)
    found["the same amount on every side"] = tuple((size // 2, size // 2) for size in effective)
    found["shifted by one pixel"] = tuple((high, low) for low, high in found["same"])
    found["one more before"] = tuple((low + 1, max(high - 1, 0)) for low, high in found["same"])
    found["all behind"] = tuple((0, low + high) for low, high in found["same"])
    found["all before"] = tuple((low + high, 0) for low, high in found["same"])
    own = own_pads(str(layer.settings.get("padding", "valid")), spatial, effective, strides)
    return {name: pads for name, pads in found.items() if pads != own}


def windows_of(
    x: Array, pads: Pads, effective: Sequence[int], strides: Sequence[int], dilation: Sequence[int], fill: float = 0.0
) -> Array | None:
    """(samples, places..., channels, window...), None where a window does not fit."""
    padded = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)
    rank = len(effective)
    if any(size < window for size, window in zip(padded.shape[1:-1], effective, strict=True)):
        return None
    view = np.lib.stride_tricks.sliding_window_view(padded, tuple(effective), tuple(range(1, rank + 1)))
    steps = tuple(slice(None, None, stride) for stride in strides)
    inside = tuple(slice(None, None, step) for step in dilation)
    return np.asarray(view[(slice(None), *steps, slice(None), *inside)])


def _convolved(windows: Array, kernel: Array, rank: int) -> Array | None:
    """Grouped where the kernel takes fewer channels than there are."""
    channels, taken, filters = windows.shape[rank + 1], kernel.shape[rank], kernel.shape[-1]
    if channels % taken or filters % (channels // taken):
        return None
    groups = channels // taken
    edges = [filters // groups * at for at in range(groups + 1)]
    parts = []
    for at, (low, high) in enumerate(pairwise(edges)):
        part = windows[(slice(None),) * (rank + 1) + (slice(at * taken, (at + 1) * taken),)]
        axes = list(range(rank + 1, 2 * rank + 2)), [rank, *range(rank)]
        parts.append(np.tensordot(part, kernel[..., low:high], axes))
    return np.concatenate(parts, axis=-1)


def _depthwise(windows: Array, kernel: Array, rank: int) -> Array | None:
    """Kernel (window..., channels, multiplier); output channel c * multiplier + m."""
    if windows.shape[rank + 1] != kernel.shape[rank]:
        return None
    letters = "xyz"[:rank]
    found = np.einsum(f"n{letters.upper()}c{letters},{letters}cm->n{letters.upper()}cm", windows, kernel)
    return np.asarray(found.reshape(*found.shape[:-2], -1))


def _sizes(value: Any, rank: int) -> tuple[int, ...]:
    if isinstance(value, tuple | list) and len(value) == rank:
        return tuple(int(size) for size in value)
    return (int(value),) * rank if isinstance(value, int) else (1,) * rank
