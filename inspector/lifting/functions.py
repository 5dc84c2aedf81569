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


def selu(x: Values) -> Values:
    """Klambauer et al., Self-Normalizing Neural Networks, 2017."""
    return np.asarray(1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))))


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
    "softplus": lambda x: np.logaddexp(0, x),
    "selu": selu,
    "exponential": np.exp,
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
}


def identify(values: Values, *, close: float = _CLOSE) -> dict[str, object] | None:
    """Settings of the known function whose values on GRID these are, None when there is none.

    `close`: how far they may be off, relative and absolute; where that is coarse, only what has a name is told."""
    for name, function in KNOWN.items():
        if np.allclose(values, function(GRID), rtol=close, atol=close):
            return {"activation": name}
    return None if close > _CLOSE else _elu(values) or _piecewise(values)


def _elu(values: Values) -> dict[str, object] | None:
    """ELU with a factor of its own for the negative half."""
    negative = GRID < 0
    factors = values[negative] / np.expm1(GRID[negative])
    if np.allclose(values[~negative], GRID[~negative], rtol=_CLOSE) and np.ptp(factors) < _CLOSE:
        return {"activation": "elu", "alpha": float(np.float32(factors[0]))}
    return None


def _piecewise(values: Values) -> dict[str, object] | None:
    """ReLU with a slope, an upper bound or a threshold: x above the threshold, `slope * (x - threshold)` below."""
    peak = float(values.max())
    settings: dict[str, object] = {"activation": "relu"}
    if peak <= 0:
        return None
    if peak < GRID[-1] * (1 - _CLOSE):
        settings["max_value"] = peak
    rising = GRID[(values >= peak * 0.25) & np.isclose(values, GRID, rtol=_CLOSE)]
    start = float(rising.min()) if rising.size else 0.0
    below = min(start, 1.0) - 1.0 > GRID
    slope, offset = np.polyfit(GRID[below], values[below], 1)
    threshold = -offset / slope if abs(slope) > _CLOSE else _threshold(values)
    expected = np.where(threshold <= GRID, np.minimum(GRID, peak), slope * (GRID - threshold))
    if not np.allclose(values, expected, rtol=1e-5, atol=1e-5):
        return None
    if abs(slope) > _CLOSE:
        settings |= {
            "activation": "leaky_relu" if len(settings) == 1 and abs(threshold) < _CLOSE else "relu",
            "slope": float(np.float32(slope)),
        }
    if abs(threshold) > 1e-5:
        settings["threshold"] = float(np.float32(threshold))
    return settings


def _threshold(values: Values) -> float:
    """Between the last zero and the first value that is let through."""
    return float(GRID[np.flatnonzero(np.abs(values) > _CLOSE)[0]]) if np.any(np.abs(values) > _CLOSE) else 0.0
