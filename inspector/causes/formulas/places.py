"""Layers that move numbers: pad, crop, resize, flatten, reshape, permute, repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from inspector.causes.case import Array
from inspector.domain.computation import Layer

Weights = Mapping[str, Array]
CONVENTIONS = ("half_pixel", "corners_aligned", "legacy")
METHODS = ("nearest", "bilinear", "bicubic", "area")


def pad(layer: Layer, inputs: Sequence[Array], _weights: Weights) -> Array | None:
    """ZeroPadding; `pad_mode` as numpy calls it, `fill` the constant."""
    x, rank = inputs[0], inputs[0].ndim - 2
    pads = layer.settings.get("pads") or pairs(layer.settings.get("padding"), rank)
    if pads is None or rank < 1:
        return None
    mode = str(layer.settings.get("pad_mode", "constant"))
    if mode == "constant":
        return np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=float(layer.settings.get("fill", 0.0)))
    return np.asarray(np.pad(x, ((0, 0), *pads, (0, 0)), mode=mode))  # type: ignore[call-overload]


def crop(layer: Layer, inputs: Sequence[Array], _weights: Weights) -> Array | None:
    """Cropping: what is left off before and behind each axis."""
    x, rank = inputs[0], inputs[0].ndim - 2
    amounts = pairs(layer.settings.get("cropping"), rank)
    if amounts is None or rank < 1:
        return None
    return x[
        (slice(None), *(slice(low, size - high) for (low, high), size in zip(amounts, x.shape[1:-1], strict=True)))
    ]


def pairs(value: Any, rank: int) -> tuple[tuple[int, int], ...] | None:
    """An amount for all axes, one for each, or one for each end, as Keras takes them; None for anything else."""
    if isinstance(value, int):
        return ((value, value),) * rank
    if not isinstance(value, tuple | list):
        return None
    if rank == 1 and len(value) == 2 and all(isinstance(item, int) for item in value):
        return ((int(value[0]), int(value[1])),)
    if len(value) != rank:
        return None
    found = [(item, item) if isinstance(item, int) else tuple(item) for item in value]
    return tuple((int(low), int(high)) for low, high in found) if all(len(item) == 2 for item in found) else None


def resize(layer: Layer, inputs: Sequence[Array], _weights: Weights) -> Array | None:
    """UpSampling and Resizing: `convention` says which points of the two pictures lie over each other."""
    x, rank = inputs[0], inputs[0].ndim - 2
    target = _target(layer, x.shape[1:-1])
    if target is None or rank not in (1, 2, 3):
        return None
    method = str(layer.settings.get("interpolation", "nearest"))
    convention, antialias = str(layer.settings.get("convention", "half_pixel")), bool(layer.settings.get("antialias"))
    for axis, size in enumerate(target, start=1):
        matrix = weights_of(x.shape[axis], size, method, convention, antialias=antialias)
        if matrix is None:
            return None
        x = np.moveaxis(np.tensordot(x, matrix, (axis, 1)), -1, axis)
    return x


def _target(layer: Layer, lengths: Sequence[int]) -> tuple[int, ...] | None:
    given = layer.settings
    if isinstance(given.get("target"), tuple | list):
        return tuple(given["target"])
    if "height" in given and "width" in given and len(lengths) == 2:
        return int(given["height"]), int(given["width"])
    times = given.get("size", 2)
    each = [times] * len(lengths) if isinstance(times, int) else list(times) if isinstance(times, tuple | list) else []
    return tuple(n * int(t) for n, t in zip(lengths, each, strict=True)) if len(each) == len(lengths) else None


def weights_of(size: int, target: int, method: str, convention: str, *, antialias: bool = False) -> Array | None:
    """(target, size): what each new place takes of each old one.

    As TensorFlow's ResizeNearestNeighbor, ResizeBilinear, ResizeBicubic, ResizeArea and, with antialias,
    ScaleAndTranslate work it out. None for methods that are not written here."""
    at, scale = np.arange(target, dtype=np.float64), size / target
    if method == "area":
        return _area(size, target)
    place = {
        "half_pixel": (at + 0.5) * scale - 0.5,
        "corners_aligned": at * (size - 1) / (target - 1) if target > 1 else at * 0.0,
        "legacy": at * scale,
    }[convention]
    if method == "nearest":
        whole: dict[str, Array] = {"half_pixel": np.floor((at + 0.5) * scale), "corners_aligned": np.floor(place + 0.5)}
        return np.asarray(np.eye(size)[np.clip(whole.get(convention, np.floor(place)).astype(int), 0, size - 1)])
    kernels = {"bilinear": (_triangle, 1), "bicubic": (_keys if convention == "half_pixel" or antialias else _sharp, 2)}
    if method not in kernels:
        return None
    kernel, reach = kernels[method]
    if antialias:
        return _spread(place, size, max(scale, 1.0), kernel)
    return _taps(place, size, kernel, reach, edges="left out" if kernel is _keys else "repeated")


def _taps(place: Array, size: int, kernel: Callable[[Array], Array], reach: int, edges: str) -> Array:
    """The neighbours within reach; beyond the edge the last one is repeated, or what is there is left out."""
    found = np.zeros((len(place), size))
    low = np.floor(place).astype(int)
    if reach > 1:  # TensorFlow looks the cubic up in a table of 1024 steps
        place = low + np.round((place - low) * 1024) / 1024
    for step in range(1 - reach, reach + 1):
        index, share = low + step, kernel(place - (low + step))
        if edges == "left out":
            share = np.where((index >= 0) & (index < size), share, 0.0)
        np.add.at(found, (np.arange(len(place)), np.clip(index, 0, size - 1)), share)
    return np.asarray(found / found.sum(1, keepdims=True))


def _spread(place: Array, size: int, wide: float, kernel: Callable[[Array], Array]) -> Array:
    """The kernel widened by the scale, so that every old place counts when a picture gets smaller."""
    found = kernel((np.arange(size) - place[:, None]) / wide)
    return np.asarray(found / found.sum(1, keepdims=True))


def _area(size: int, target: int) -> Array:
    edges = np.arange(target + 1) * (size / target)
    low, high = edges[:-1, None], edges[1:, None]
    covered = np.clip(np.minimum(high, np.arange(size) + 1.0) - np.maximum(low, np.arange(size)), 0.0, None)
    return np.asarray(covered / covered.sum(1, keepdims=True))


def _triangle(x: Array) -> Array:
    return np.asarray(np.clip(1.0 - np.abs(x), 0.0, None))


def _cubic(x: Array, a: float) -> Array:
    """Keys 1981."""
    x = np.abs(x)
    near, far = ((a + 2) * x - (a + 3)) * x * x + 1, ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _keys(x: Array) -> Array:
    return _cubic(x, -0.5)


def _sharp(x: Array) -> Array:
    """TensorFlow without half-pixel centres."""
    return _cubic(x, -0.75)


def flatten(layer: Layer, inputs: Sequence[Array], _weights: Weights) -> Array | None:
    """In C order; `order` in the settings is the order of the axes in which B reads them."""
    x = inputs[0]
    order = layer.settings.get("order")
    turned = x if order is None else x.transpose(order)
    return turned.reshape(x.shape[0], -1)


def reshape(layer: Layer, inputs: Sequence[Array], _weights: Weights) -> Array | None:
    """In C order, each sample by itself."""
    x, shape, order = inputs[0], layer.settings.get("target_shape"), layer.settings.get("order")
    if not isinstance(shape, tuple | list) or not all(isinstance(size, int) for size in shape):
        return None
    turned = x if order is None else x.transpose(order)
    return turned.reshape(x.shape[0], *shape)


def permute(layer: Layer, inputs: Sequence[Array], _weights: Weights) -> Array | None:
    """`dims` count from 1, the samples stay where they are."""
    dims = layer.settings.get("dims")
    if not isinstance(dims, tuple | list) or sorted(dims) != list(range(1, inputs[0].ndim)):
        return None
    return inputs[0].transpose(0, *dims)


def repeat(layer: Layer, inputs: Sequence[Array], _weights: Weights) -> Array | None:
    """RepeatVector."""
    times = layer.settings.get("n")
    return np.repeat(inputs[0][:, None], times, 1) if isinstance(times, int) and inputs[0].ndim == 2 else None
