"""`batchnorm-statistics`: moving mean and variance not carried over, or stored as something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inspector.causes.arrays import Pair, changed, close, differs, named, pairs, stories
from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.wording import short

CAUSE = "batchnorm-statistics"
STATISTICS = ("moving_mean", "moving_variance")
MEND = (
    "export after training has updated the statistics (TF 1: run UPDATE_OPS; save all variables, not only the "
    "trainable ones); a variance is not a deviation: variance = deviation ** 2"
)


@dataclass(frozen=True, slots=True)
class _Norm:
    """A batch norm in which only the statistics differ, and what B's are of A's."""

    layer: LayerDifference
    wrong: list[Pair]
    told: str


def suspect(case: Case) -> Iterator[Suspicion]:
    """Batch norms in which only the statistics differ; one story for all of them where it is the same."""
    norms = [
        (item, float(a.settings.get("epsilon") or 1e-3)) for item, a, _ in case.suspects() if a.kind == "batch_norm"
    ]
    found = [norm for item, epsilon in norms if (norm := _norm(case, item, epsilon)) is not None]
    if not found or _all_else_differs(case):
        return
    number = sum(item.kind == "batch_norm" for item in case.layers)
    for told in dict.fromkeys(norm.told for norm in found):
        for story in stories([norm for norm in found if norm.told == told], number):
            yield _suspicion(story, told)


def _norm(case: Case, item: LayerDifference, epsilon: float) -> _Norm | None:
    wrong = changed(item)
    if not wrong or any(weight.role not in STATISTICS or weight.relation == "missing" for weight in wrong):
        return None
    both = list(pairs(case, item))
    if len(both) != len(wrong):
        return None
    return _Norm(item, both, "; ".join(filter(None, (_told(pair, epsilon) for pair in both))))


def _all_else_differs(case: Case) -> bool:
    """Whether the weights of most other layers differ, too: then the statistics are no story of their own."""
    others = [item for item in case.layers if item.weights and item.kind != "batch_norm"]
    return len(others) > 1 and 2 * sum(differs(item) for item in others) > len(others)


def _suspicion(found: list[_Norm], told: str) -> Suspicion:
    first = found[0]
    layers = tuple(norm.layer.a for norm in found)
    several = named(layers, "batch norms")
    roles = " and ".join(dict.fromkeys(pair.weight.role for norm in found for pair in norm.wrong))
    return Suspicion(
        cause=CAUSE,
        title=f"the {roles} of {several} {'were' if ' and ' in roles else 'was'} not carried over: "
        f"{told or 'other numbers in B'}",
        layer_a=layers[0],
        layer_b=first.layer.b or "",
        layers=layers,
        confidence=0.96 if told else 0.85,
        evidence=f"{_apart(first)}; gamma and beta agree" + (f"; {told}" if told else ""),
        mend=MEND,
        trial=Trial(
            text=f"A's statistics put into {several}",
            edits=tuple(pair.edit(pair.a) for norm in found for pair in norm.wrong),
        ),
    )


def _told(pair: Pair, epsilon: float) -> str:
    """What B's array is of A's."""
    a, b = pair.a, pair.b
    if pair.weight.role == "moving_mean":
        if not b.any():
            return "the moving mean is 0 in B"
        return "the moving mean has the other sign" if close(-a, b) else ""
    if (b == 1.0).all():
        return "the moving variance is 1 in B"
    if not b.any():
        return "the moving variance is 0 in B"
    return _of_variance(a, b, epsilon)


def _of_variance(a: Array, b: Array, epsilon: float) -> str:
    with np.errstate(divide="ignore", invalid="ignore"):
        ways = {
            "the deviation (square root) stands as variance": np.sqrt(a),
            "the deviation with epsilon stands as variance": np.sqrt(a + epsilon),
            "the variance was squared": a**2,
            "the inverse deviation stands as variance": 1.0 / np.sqrt(a + epsilon),
            "the inverse of the variance stands as variance": 1.0 / (a + epsilon),
            "the logarithm stands as variance": np.log(a),
            "epsilon was added to the variance": a + epsilon,
            "epsilon was taken off the variance": a - epsilon,
        }
        for told, values in ways.items():
            if np.isfinite(values).all() and close(values, b, 1e-4):
                return told
        ratio = b / a
    mean = float(ratio.mean()) if np.isfinite(ratio).all() else 0.0
    if not mean or a.size < 2 or np.ptp(ratio) > 1e-4 * abs(mean):
        return ""
    count = f"; the unbiased variance of {round(mean / (mean - 1))} values?" if 1 < mean <= 2 else ""
    return f"every variance is {mean:.4g} times A's{count}"


def _apart(norm: _Norm) -> str:
    told = [
        f"{pair.weight.role} by up to {short(float(np.abs(pair.a - pair.b).max()))} (of {short(pair.size)})"
        for pair in norm.wrong
    ]
    return f"`{norm.layer.a}` differs in {' and '.join(told)}"
