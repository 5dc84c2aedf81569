"""Weights that hold other numbers where the input at hand does not show it; and those that only look so.

Layers whose outputs agree may hold other numbers all the same: a PReLU whose input is nowhere negative, a kernel
whose channel is zero here. Then A's own formula gives A's output with B's numbers as well: they are other weights, and
the layer is different. Where B's numbers in A's formula give something else, B computes in another way with them
(a scale that was folded in, a bias that stands elsewhere), and since its output is A's, nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from inspector.causes.arrays import Pair, alike, pair
from inspector.causes.case import Array, Case
from inspector.causes.formulas import Refit, refit_anyway
from inspector.causes.formulas.compute import compute
from inspector.domain.comparison import LayerDifference
from inspector.domain.match import WeightDifference

AGREEING = ("same", "within-noise")
OTHER = ("different", "permuted")
ELSEWHERE = "other numbers, with which B computes the same: folded, or kept elsewhere"
LATENT = "other weights, which this input does not show"
KINDRED = 0.9  # a correlation beyond that: some of A's numbers were changed, and it is no other array
COARSE = 0.1  # of the largest value: what is quantized is only then another number
HALVES = ("float16", "bfloat16")


def with_latent(case: Case) -> tuple[LayerDifference, ...]:
    """The layers; those that agree and hold other weights are different, and weights that only look other are
    `folded`. Layers that were not compared stay as they are."""
    return tuple(_judged(case, item) if item.status in AGREEING and _doubtful(item) else item for item in case.layers)


def _doubtful(item: LayerDifference) -> bool:
    return any(weight.relation in (*OTHER, "missing") for weight in item.weights)


def _judged(case: Case, item: LayerDifference) -> LayerDifference:
    found = [(weight, pair(case, item, weight)) for weight in item.weights if weight.relation in OTHER]
    direct = [both for _, both in found if both is not None and _plain(case, item, both)]
    if direct and _is_latent(case, item, direct):
        other = {both.weight.role for both in direct}
        kept = (weight if weight.role in other else _settled(weight) for weight in item.weights)
        return replace(item, status="different", weights=tuple(kept), note=item.note or LATENT)
    return replace(item, weights=tuple(_settled(weight) for weight in item.weights))


def _settled(weight: WeightDifference) -> WeightDifference:
    """What looks like another weight in a layer that computes the same; `permuted` says it already."""
    if weight.relation not in ("different", "missing"):
        return weight
    return replace(weight, relation="folded", detail=ELSEWHERE)


def _plain(case: Case, item: LayerDifference, both: Pair) -> bool:
    """Whether B's array is in A's role and its numbers are further from A's than rounding to fewer bits takes them."""
    b = case.layer_b.get(item.b or "")
    stored = next(
        (weight for layer in ([b] if b else []) for weight in layer.weights if weight.id == both.weight.b), None
    )
    coarse = case.b.precision not in ("float32", "float64") or case.a.precision not in ("float32", "float64")
    if stored is not None:
        coarse = coarse or bool(stored.step) or stored.dtype in HALVES
    gap = float(np.abs(both.a - both.b).max(initial=0.0))
    return gap > COARSE * both.size if coarse else gap > 0


def _is_latent(case: Case, item: LayerDifference, direct: list[Pair]) -> bool:
    """By computing the layer with B's numbers; of a layer that nothing here computes, whether B's are A's with some
    of them changed."""
    layer = case.layer_a.get(item.a)
    fit = refit_anyway(case, item, layer) if layer is not None else None
    if fit is None or not _near(fit, fit.weights):
        return all(_kindred(both) for both in direct)
    return _near(fit, _with(fit.weights, direct))


def _with(weights: Mapping[str, Array], direct: Iterable[Pair]) -> dict[str, Array]:
    return {**weights, **{both.weight.role: both.b for both in direct if both.weight.role in weights}}


def _near(fit: Refit, weights: Mapping[str, Array]) -> bool:
    """Whether A's formula with these weights gives A's output, as nearly as rounding lets it."""
    size = float(np.abs(fit.a).max(initial=0.0))
    return fit.far_of(compute(fit.layer, fit.inputs, weights), fit.a) <= max(2.0 * fit.noise, 2e-5 * size)


def _kindred(both: Pair) -> bool:
    same = float(np.mean(both.a == both.b)) if both.a.size else 1.0
    return same >= 0.5 or alike(both.a, both.b) > KINDRED
