"""`weights-not-loaded`: B's weights are fresh from an initializer: never loaded, or of another session."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import changed, edits, pairs
from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.domain.comparison import LayerDifference

CAUSE = "weights-not-loaded"
FEWEST = 24
CONSTANT = {"bias": (0.0,), "beta": (0.0,), "gamma": (1.0,), "moving_mean": (0.0,), "moving_variance": (1.0,)}


def suspect(case: Case) -> Iterator[Suspicion]:
    """Layers whose kernel is of an initializer in B and not in A, and whose vectors are 0 and 1."""
    found: dict[str, tuple[LayerDifference, str]] = {}
    for item, _, _ in case.suspects():
        told = _fresh(case, item)
        if told:
            found[item.a] = (item, told)
    if not found:
        return
    layers = [item for item, _ in found.values()]
    weighted = sum(bool(item.weights) for item in case.layers)
    several = f"{len(layers)} of {weighted} layers" if len(layers) > 1 else f"`{layers[0].a}`"
    yield Suspicion(
        cause=CAUSE,
        title=f"the weights of {several} were never loaded into B",
        layer_a=layers[0].a,
        layer_b=layers[0].b or "",
        layers=tuple(item.a for item in layers),
        confidence=0.94,
        evidence="; ".join(f"`{name}`: {told}" for name, (_, told) in list(found.items())[:3]),
        mend="load the weights before the export (model.load_weights; saver.restore in the session that is exported)",
        trial=Trial(text=f"A's weights put into {len(layers)} layers of B", edits=edits(case, layers)),
    )


def _fresh(case: Case, item: LayerDifference) -> str:
    if not any(weight.relation == "different" for weight in changed(item)):
        return ""
    told = ""
    for pair in pairs(case, item):
        role = pair.weight.role.removeprefix("forward_").removeprefix("backward_")
        if role in CONSTANT:
            if pair.weight.relation == "different" and not _constant(role, pair.b):
                return ""
        elif pair.weight.relation == "different":
            said = initializer(pair.b)
            if not said or initializer(pair.a):
                return ""
            told = told or f"{pair.weight.role} is {said} in B"
    return told


def _constant(role: str, array: Array) -> bool:
    """0 or 1 throughout; an LSTM's bias begins with 1 for the forget gate."""
    values = set(np.unique(array).tolist())
    return values <= ({0.0, 1.0} if role == "bias" else set(CONSTANT[role]))


def initializer(array: Array) -> str:
    """Which of Keras's initializers would have given these numbers; empty for numbers of another kind.

    A uniform array of n numbers comes within (1 - 8/n) of its bound and has its standard deviation
    bound / sqrt(3); Glorot and Bengio 2010 (sqrt(6 / (in + out))), He et al. 2015, LeCun 1998. A normal one is cut
    off at two deviations by Keras."""
    if array.size < FEWEST or array.ndim < 2 or not np.isfinite(array).all():
        return ""
    receptive = int(np.prod(array.shape[:-2]))
    fan_in, fan_out = receptive * array.shape[-2], receptive * array.shape[-1]
    if array.shape[-1] == 1 and array.ndim == 4:
        fan_in, fan_out = receptive * array.shape[-2], receptive
    largest, deviation = float(np.abs(array).max()), float(array.std())
    for name, scale in (("glorot", 2.0 / (fan_in + fan_out)), ("he", 2.0 / fan_in), ("lecun", 1.0 / fan_in)):
        bound = math.sqrt(3.0 * scale)
        slack = 3.0 / math.sqrt(array.size)
        if _uniform(largest, deviation, bound, array.size, slack):
            return f"{name}_uniform (bound {bound:.3g})"
        sigma = math.sqrt(scale)
        cut = 2.0 * sigma / 0.87962566103423978
        if largest <= cut * 1.0001 and largest > 0.8 * cut and abs(deviation / sigma - 1.0) <= slack / 2:
            return f"{name}_normal (deviation {sigma:.3g})"
    if _uniform(largest, deviation, 0.05, array.size, 3.0 / math.sqrt(array.size)):
        return "random_uniform (bound 0.05)"
    return "orthogonal" if _orthogonal(array) else ""


def _uniform(largest: float, deviation: float, bound: float, size: int, slack: float) -> bool:
    within = bound * (1.0 - min(12.0 / size, 0.3)) <= largest <= bound * 1.0001
    return within and abs(deviation * math.sqrt(3.0) / bound - 1.0) <= min(slack, 0.25)


def _orthogonal(array: Array) -> bool:
    rows = array.reshape(-1, array.shape[-1])
    small = rows.T if rows.shape[0] > rows.shape[1] else rows
    return bool(len(small) > 2 and np.abs(small @ small.T - np.eye(len(small))).max() < 1e-4)
