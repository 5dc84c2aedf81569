"""Batch, layer and group norm. Axes count as in the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inspector.causes.case import Array
from inspector.domain.computation import Layer

Weights = Mapping[str, Array]


def axes_of(layer: Layer, rank: int) -> tuple[int, ...]:
    """The axes that the vectors lie along, the last one by default; () for what fits no array of this rank."""
    axis = layer.settings.get("axis", -1)
    given = [axis] if isinstance(axis, int) else list(axis) if isinstance(axis, tuple | list) else []
    known = all(isinstance(at, int) and -rank <= at < rank for at in given)
    return tuple(sorted(at % rank for at in given)) if known else ()


def batch_norm(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """In inference: (x - mean) / sqrt(variance + epsilon) * gamma + beta (Ioffe and Szegedy 2015), or the scale and
    offset that were worked out of it."""
    x = inputs[0]
    axes = axes_of(layer, x.ndim)
    if len(axes) != 1 or any(array.size != x.shape[axes[0]] for array in weights.values()):
        return None
    along = {role: array.reshape([-1 if at in axes else 1 for at in range(x.ndim)]) for role, array in weights.items()}
    if "moving_variance" not in along:
        scale = along.get("scale", along.get("gamma"))
        return None if scale is None else np.asarray(x * scale + along.get("offset", along.get("beta", 0.0)))
    root = _root(layer, along["moving_variance"])
    middle = (x - along.get("moving_mean", 0.0)) / root
    return np.asarray(middle * along.get("gamma", 1.0) + along.get("beta", 0.0))


def normalization(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """(x - mean) / max(sqrt(variance), 1e-7), or back (keras/src/layers/preprocessing/normalization.py)."""
    x = inputs[0]
    axes = axes_of(layer, x.ndim)
    shape = [x.shape[at] if at in axes else 1 for at in range(x.ndim)]
    if "mean" not in weights or "variance" not in weights:
        return None
    mean, variance = (weights[role].reshape(shape) for role in ("mean", "variance"))
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    return np.asarray(x * deviation + mean if layer.settings.get("invert") else (x - mean) / deviation)


def layer_norm(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """Every sample by its own moments along the axes (Ba et al. 2016)."""
    x = inputs[0]
    axes = axes_of(layer, x.ndim)
    if not axes:
        return None
    middle = x - x.mean(axes, keepdims=True)
    found = middle / _root(layer, (middle**2).mean(axes, keepdims=True))
    return scaled(found, weights, [x.shape[at] if at in axes else 1 for at in range(x.ndim)])


def group_norm(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """Groups of channels by their own moments over all places (Wu and He 2018)."""
    split = grouped(layer, inputs[0])
    if split is None:
        return None
    x, axes = inputs[0], (*range(1, split.ndim - 2), split.ndim - 1)
    middle = split - split.mean(axes, keepdims=True)
    found = middle / _root(layer, (middle**2).mean(axes, keepdims=True))
    return scaled(found.reshape(x.shape), weights, [1] * (x.ndim - 1) + [-1])


def grouped(layer: Layer, x: Array) -> Array | None:
    """(samples, places..., groups, channels of a group); None where the channels are not the last axis."""
    groups = layer.settings.get("groups", 32)
    groups = x.shape[-1] if groups == -1 else groups
    if axes_of(layer, x.ndim) != (x.ndim - 1,) or not isinstance(groups, int) or groups < 1 or x.shape[-1] % groups:
        return None
    return x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)


def scaled(x: Array, weights: Weights, shape: Sequence[int]) -> Array | None:
    """With gamma and beta laid out in this shape."""
    wanted = int(np.prod(shape)) if -1 not in shape else x.shape[list(shape).index(-1)]
    if any(array.size not in (1, wanted) for array in weights.values()):
        return None
    laid = {role: array.reshape(shape) if array.size > 1 else array.ravel() for role, array in weights.items()}
    return np.asarray(x * laid.get("gamma", 1.0) + laid.get("beta", 0.0))


def _root(layer: Layer, variance: Array) -> Array:
    """`epsilon_place` other than Keras's: `outside` adds epsilon to the root, `floor` is the least variance."""
    epsilon, place = float(layer.settings.get("epsilon", 1e-3)), layer.settings.get("epsilon_place")
    if place == "outside":
        return np.asarray(np.sqrt(variance) + epsilon)
    return np.asarray(np.sqrt(np.maximum(variance, epsilon) if place == "floor" else variance + epsilon))
