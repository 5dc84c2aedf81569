"""Which initializer would have given these numbers: a test of their distribution against the usual ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from inspector.causes.case import Array

FEWEST = 24
TRIED = 2048  # numbers that are looked at
KOLMOGOROV = 1.95  # sqrt(n) D beyond this happens to 1 in 1000 arrays that are of the distribution
CUT = 0.87962566103423978  # deviation of a normal distribution cut off at 2
DEVIATIONS = (0.01, 0.02, 0.05, 0.1, 1.0)
#: Names that say too little by themselves: trained weights may look like that, too.
BY_CHANCE = frozenset(f"random_normal (deviation {deviation:g})" for deviation in DEVIATIONS)
_START = {"gamma": 1.0, "moving_variance": 1.0, "beta": 0.0, "moving_mean": 0.0, "alpha": 0.0}


def starts_as(role: str, array: Array) -> bool:
    """Whether a vector is as Keras makes it: gamma and variance 1, beta, mean and bias 0. An LSTM's bias begins
    with 1 for the forget gate (a quarter of it)."""
    name = next((known for known in _START if role.endswith(known)), "")
    if name:
        return bool((array == _START[name]).all())
    if not role.endswith("bias"):
        return False
    ones = int((array == 1.0).sum())
    return bool((array == 0.0).all()) or (ones * 4 == array.size and ones + int((array == 0.0).sum()) == array.size)


def initializer(array: Array) -> str:
    """The name of the initializer, empty for numbers of another kind.

    Glorot and Bengio 2010: bound sqrt(6 / (in + out)); He et al. 2015: sqrt(6 / in); LeCun 1998: sqrt(3 / in). The
    normal ones are cut off at two deviations by Keras; `embeddings` are uniform in -0.05..0.05; a recurrent
    kernel is orthogonal (Saxe et al. 2014)."""
    if array.size < FEWEST or array.ndim < 2 or not np.isfinite(array).all():
        return ""
    if _orthogonal(array):
        return "orthogonal"
    values = array.ravel()[:: max(1, array.size // TRIED)]
    largest = float(np.abs(array).max())
    ordered, fitting = np.sort(values), []
    for name, bound, below in _candidates(array.shape):
        slack = 0.25 if "normal" in name else min(12.0 / array.size, 0.3)
        near = bound * (1.0 - slack) <= largest <= bound * 1.0001
        if (near or math.isinf(bound)) and (apart := _apart(ordered, below)) <= KOLMOGOROV:
            fitting.append((apart, bound, name))
    best = min(fitting, default=(0.0, 0.0, ""))[2]
    if "uniform" in best:  # the narrowest that holds all numbers is the likeliest
        return min((bound, name) for _, bound, name in fitting if "uniform" in name)[1]
    return best


def _candidates(shape: tuple[int, ...]) -> Iterator[tuple[str, float, Callable[[Array], Array]]]:
    """Name, largest value, and the share of numbers that lie below a value."""
    receptive = int(np.prod(shape[:-2]))
    fan_in, fan_out = receptive * shape[-2], receptive * shape[-1]
    for name, scale in (("glorot", 2.0 / (fan_in + fan_out)), ("he", 2.0 / fan_in), ("lecun", 1.0 / fan_in)):
        bound, sigma = math.sqrt(3.0 * scale), math.sqrt(scale) / CUT
        yield f"{name}_uniform (bound {bound:.3g})", bound, _uniform(bound)
        yield f"{name}_normal (deviation {sigma * CUT:.3g})", 2.0 * sigma, _normal(sigma, cut=True)
    yield "random_uniform (bound 0.05)", 0.05, _uniform(0.05)
    for deviation in DEVIATIONS:
        yield f"truncated_normal (deviation {deviation:g})", 2.0 * deviation, _normal(deviation, cut=True)
        yield f"random_normal (deviation {deviation:g})", math.inf, _normal(deviation, cut=False)


def _uniform(bound: float) -> Callable[[Array], Array]:
    def below(values: Array) -> Array:
        return np.asarray((values / bound + 1.0) / 2.0)

    return below


def _normal(sigma: float, *, cut: bool) -> Callable[[Array], Array]:
    def below(values: Array) -> Array:
        share = np.array([0.5 * (1.0 + math.erf(value)) for value in (values / (sigma * math.sqrt(2.0))).tolist()])
        low = 0.5 * (1.0 + math.erf(-math.sqrt(2.0)))
        return np.asarray(np.clip((share - low) / (1.0 - 2.0 * low), 0.0, 1.0)) if cut else share

    return below


def _apart(ordered: Array, below: Callable[[Array], Array]) -> float:
    """sqrt(n) D of Kolmogorov and Smirnov's test."""
    steps = np.arange(len(ordered) + 1) / len(ordered)
    share = below(ordered)
    apart = max(float((steps[1:] - share).max()), float((share - steps[:-1]).max()))
    return apart * math.sqrt(len(ordered))


def _orthogonal(array: Array) -> bool:
    rows = array.reshape(-1, array.shape[-1])
    small = rows.T if rows.shape[0] > rows.shape[1] else rows
    if not 2 < len(small) <= 2048 or abs(float(small[0] @ small[0]) - 1.0) > 1e-4:
        return False
    return bool(np.abs(small @ small.T - np.eye(len(small))).max() < 1e-4)
