"""`batchnorm-statistics`: moving mean and variance not carried over, or stored as something else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import Pair, close, pairs
from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.domain.comparison import LayerDifference

CAUSE = "batchnorm-statistics"
STATISTICS = ("moving_mean", "moving_variance")


def suspect(case: Case) -> Iterator[Suspicion]:
    """Batch norms in which only the statistics differ; one story for all of them where it is the same."""
    stories: dict[str, list[tuple[LayerDifference, list[Pair]]]] = {}
    for item, a, _ in case.suspects():
        if a.kind != "batch_norm":
            continue
        wrong = [pair for pair in pairs(case, item) if pair.weight.relation in ("different", "permuted")]
        if not wrong or any(pair.weight.role not in STATISTICS for pair in wrong):
            continue
        epsilon = float(a.settings.get("epsilon") or 1e-3)
        told = "; ".join(dict.fromkeys(filter(None, (_told(pair, epsilon) for pair in wrong))))
        stories.setdefault(told, []).append((item, wrong))
    for told, found in stories.items():
        yield _suspicion(told, found)


def _suspicion(told: str, found: list[tuple[LayerDifference, list[Pair]]]) -> Suspicion:
    first, wrong = found[0]
    several = f"{len(found)} batch norms" if len(found) > 1 else f"`{first.a}`"
    roles = " and ".join(dict.fromkeys(pair.weight.role for pair in wrong))
    return Suspicion(
        cause=CAUSE,
        title=f"the {roles} of {several} was not carried over: {told or 'other numbers in B'}",
        layer_a=first.a,
        layer_b=first.b or "",
        layers=tuple(item.a for item, _ in found),
        confidence=0.96 if told else 0.85,
        evidence=f"{roles} of `{first.a}`: {told or _apart(wrong[0])}; gamma and beta agree",
        mend="export after training has updated the statistics (TF 1: run UPDATE_OPS; save all variables, not only the "
        "trainable ones); a variance is not a deviation: variance = deviation ** 2",
        trial=Trial(
            text=f"A's statistics put into {several}",
            edits=tuple(pair.edit(pair.a) for _, several_pairs in found for pair in several_pairs),
        ),
    )


def _told(pair: Pair, epsilon: float) -> str:
    """What B's array is of A's."""
    a, b = pair.a, pair.b
    if pair.weight.role == "moving_mean":
        if not b.any():
            return "moving_mean is 0 in B"
        return "the moving mean has the other sign" if close(-a, b) else ""
    if (b == 1.0).all():
        return "moving_variance is 1 in B"
    if not b.any():
        return "moving_variance is 0 in B"
    return _of_variance(a, b, epsilon)


def _of_variance(a: Array, b: Array, epsilon: float) -> str:
    with np.errstate(divide="ignore", invalid="ignore"):
        ways = {
            "the deviation (square root) stands as variance": np.sqrt(a),
            "the deviation with epsilon stands as variance": np.sqrt(a + epsilon),
            "the variance was squared": a**2,
            "the inverse deviation stands as variance": 1.0 / np.sqrt(a + epsilon),
            "epsilon was added to the variance": a + epsilon,
        }
        for told, values in ways.items():
            if np.isfinite(values).all() and close(values, b, 1e-4):
                return told
        ratio = b / a
    if np.isfinite(ratio).all() and np.ptp(ratio) <= 1e-4 * abs(float(ratio.mean())):
        return f"every variance is {float(ratio.mean()):.4g} times A's (the n / (n - 1) of the unbiased one?)"
    return ""


def _apart(pair: Pair) -> str:
    return f"by up to {float(np.abs(pair.a - pair.b).max()):.3g}"
