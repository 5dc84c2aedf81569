"""Activations, with the constants that Keras and TensorFlow use."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from inspector.causes.case import Array

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017
_erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: Array) -> Array:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


def elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def gelu_tanh(x: Array) -> Array:
    """Hendrycks and Gimpel 2016, the approximation with tanh."""
    return np.asarray(0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3))))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "leaky_relu": lambda x: leaky(x, 0.2),
    "elu": elu,
    "selu": lambda x: SELU_SCALE * elu(x, SELU_ALPHA),
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),  # Keras 1 and 2
    "hard_sigmoid_3": lambda x: np.clip(x / 6.0 + 0.5, 0.0, 1.0),  # Keras 3: relu6(x + 3) / 6
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(0.0, x),
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "swish": lambda x: x * sigmoid(x),
    "hard_swish": lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0),
    "gelu": lambda x: 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0))),
    "gelu_tanh": gelu_tanh,
    "mish": lambda x: x * np.tanh(np.logaddexp(0.0, x)),
    "exponential": lambda x: np.exp(np.minimum(x, 700.0)),
    "softmax": softmax,
    "log_softmax": lambda x: (
        x - x.max(-1, keepdims=True) - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True))
    ),
}


def activation(name: str, x: Array, *, slope: float | None = None, limit: float | None = None) -> Array | None:
    """An activation by its name in the settings' vocabulary; None for one that is not known."""
    if name == "leaky_relu" and slope is not None:
        return leaky(x, slope)
    if name == "elu" and slope is not None:
        return elu(x, slope)
    if name == "relu" and limit is not None:
        return np.clip(leaky(x, slope or 0.0), None, limit)
    found = ACTIVATIONS.get(name)
    return None if found is None else found(x)
