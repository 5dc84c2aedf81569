"""Name an elementwise function by its values on a grid: what a graph writes out in many ops has one name."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
GRID: Values = np.linspace(-8.0, 8.0, 257)
_CLOSE = 2e-6

erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-x)))


def _tanh_gelu(x: Values) -> Values:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


# Formulas as in the Keras documentation of activations (Keras 2 and 3 differ in hard_sigmoid).
KNOWN: dict[str, Callable[[Values], Values]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "swish": lambda x: x * sigmoid(x),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "gelu_tanh": _tanh_gelu,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "hard_sigmoid_3": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
}


def identify(values: Values) -> dict[str, object] | None:
    """Settings of the known function whose values on GRID these are, None when there is none."""
    for name, function in KNOWN.items():
        if np.allclose(values, function(GRID), rtol=_CLOSE, atol=_CLOSE):
            return {"activation": name}
    positive = GRID > 0
    slopes = values[~positive & (GRID < 0)] / GRID[GRID < 0]
    if np.allclose(values[positive], GRID[positive], rtol=_CLOSE) and np.ptp(slopes) < _CLOSE:
        return {"activation": "leaky_relu", "slope": float(np.float32(slopes[0]))}
    peak = float(values.max())
    if peak > 0 and np.allclose(values, np.clip(GRID, 0, peak), atol=_CLOSE):
        return {"activation": "relu", "max_value": peak}
    return None
