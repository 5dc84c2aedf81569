"""Activations, with the constants that Keras and TensorFlow use, by the names of the settings' vocabulary."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from inspector.causes.case import Array

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017
_erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def softmax(x: Array, axis: int | tuple[int, ...] = -1) -> Array:
    raised = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis=axis, keepdims=True))


def leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


def elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def gelu_tanh(x: Array) -> Array:
    """Hendrycks and Gimpel 2016, the approximation with tanh."""
    return np.asarray(0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3))))


def rectified(x: Array, slope: float = 0.0, limit: float | None = None, threshold: float = 0.0) -> Array:
    """What is above the threshold as it is, `slope * (x - threshold)` below, at most `limit` (Keras's ReLU layer)."""
    found = np.where(x >= threshold, x, slope * (x - threshold))
    return found if limit is None else np.minimum(found, limit)


# The usual ones first: where several give the same numbers (relu of positive numbers), the first is named.
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "gelu": lambda x: 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0))),
    "gelu_tanh": gelu_tanh,
    "swish": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "elu": elu,
    "selu": lambda x: SELU_SCALE * elu(x, SELU_ALPHA),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),  # Keras 1 and 2
    "hard_sigmoid_3": lambda x: np.clip(x / 6.0 + 0.5, 0.0, 1.0),  # Keras 3: relu6(x + 3) / 6
    "hard_swish": lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "mish": lambda x: x * np.tanh(np.logaddexp(0.0, x)),
    "exponential": lambda x: np.exp(np.minimum(x, 700.0)),
    "softmax": softmax,
    "log_softmax": lambda x: (
        x - x.max(-1, keepdims=True) - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True))
    ),
    "quick_gelu": lambda x: x * sigmoid(1.702 * x),
    "hard_tanh": lambda x: np.clip(x, -1.0, 1.0),
    "celu": elu,
    "log_sigmoid": lambda x: -np.logaddexp(0.0, -x),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "square": np.square,
    "absolute": np.abs,
    "negative": np.negative,
}


def activation(settings: Mapping[str, Any] | str, x: Array, weights: Mapping[str, Array] | None = None) -> Array | None:
    """The activation that the settings name, with its slope, limit, threshold or axis, or the usual one of a name.

    None when it is not known."""
    settings = {"activation": settings} if isinstance(settings, str) else settings
    name = str(settings.get("activation", "linear"))
    name = "gelu_tanh" if name == "gelu" and settings.get("approximate") is True else name
    slope, limit, threshold = (_number(settings.get(key)) for key in ("slope", "max_value", "threshold"))
    if name == "prelu":
        alpha = (weights or {}).get("alpha")
        return None if alpha is None else np.where(x > 0, x, alpha * x)
    if name == "leaky_relu":
        return leaky(x, 0.2 if slope is None else slope)
    if name == "elu":
        alpha_elu = slope if slope is not None else _number(settings.get("alpha"))
        return elu(x, 1.0 if alpha_elu is None else alpha_elu)
    if name == "relu" and (slope, limit, threshold) != (None, None, None):
        return rectified(x, slope or 0.0, limit, threshold or 0.0)
    if name == "thresholded_relu":
        return np.where(x > (threshold or 0.0), x, 0.0)
    if name == "softmax" and isinstance(settings.get("axis"), int | tuple | list):
        axis = settings["axis"]
        return softmax(x, axis if isinstance(axis, int) else tuple(axis))
    found = ACTIVATIONS.get(name)
    return None if found is None else np.asarray(found(x))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
