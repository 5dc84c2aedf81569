"""`weights-changed`: weights hold other numbers, and no rule tells which: another training, a corrupt shard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import Pair, alike, differs, edits, layers_with_weights, pairs
from inspector.causes.case import Case, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.match import WeightDifference
from inspector.domain.wording import percent, short

CAUSE = "weights-changed"
MOST_ALONE = 3
ULPS = 1e-5


def suspect(case: Case) -> Iterator[Suspicion]:
    """One suspicion for another training (most layers), else one for each layer; a note where it is ulps."""
    found = [item for item, _, _ in case.suspects() if differs(item)]
    weighted = layers_with_weights(case)
    if len(found) > 1 and (
        len(found) == len(weighted) or (len(found) > MOST_ALONE and 2 * len(found) >= len(weighted))
    ):
        yield _another_training(case, found, len(weighted))
    elif found:
        for item in found:
            yield _one(case, item)
    else:
        yield from _ulps(case, weighted)


def _another_training(case: Case, found: list[LayerDifference], compared: int) -> Suspicion:
    measured = [weight for item in found for weight in _unlike(item) if weight.max_abs is not None]
    worst = max(measured, key=lambda weight: weight.max_abs or 0.0, default=None)
    largest = f"; the largest difference is {short(worst.max_abs)} in {worst.a}{_place(worst)}" if worst else ""
    resized = sum(any(weight.relation == "missing" for weight in item.weights) for item in found)
    sizes = f"; arrays of {resized} layers have another size in B" if resized else ""
    return Suspicion(
        cause=CAUSE,
        title=f"the weights of {len(found)} layers differ: another training",
        layer_a=found[0].a,
        layer_b=found[0].b or "",
        layers=tuple(item.a for item in found),
        confidence=0.9,
        evidence=f"{len(found)} of {compared} layers with weights hold other numbers, the first is "
        f"`{found[0].a}`{largest}{sizes}",
        mend="the two files come from different trainings or steps: export B again from A's weights",
        trial=Trial(text=f"A's weights put into {len(found)} layers of B", edits=edits(case, found)),
    )


def _unlike(item: LayerDifference) -> list[WeightDifference]:
    return [weight for weight in item.weights if weight.relation in ("different", "missing")]


def _one(case: Case, item: LayerDifference) -> Suspicion:
    weights = _unlike(item)
    roles = ", ".join(dict.fromkeys(weight.role for weight in weights))
    broken = any(not np.isfinite(both.b).all() for both in pairs(case, item, ("different",)))
    told = [_told(case, item, weight) for weight in weights[:3]]
    return Suspicion(
        cause=CAUSE,
        title=f"the weights of `{item.a}` differ ({roles})" + (": B's hold NaN or infinity" if broken else ""),
        layer_a=item.a,
        layer_b=item.b or "",
        layers=(item.a,),
        confidence=0.6 if broken else 0.8,
        evidence="; ".join(told),
        mend=f"export B again from A's weights; all else agrees, so see what wrote `{item.a}` last (a shard, a script)",
        trial=Trial(text=f"A's weights put into `{item.b or item.a}`", edits=edits(case, [item])),
    )


def _told(case: Case, item: LayerDifference, weight: WeightDifference) -> str:
    if weight.relation == "missing":
        return f"B's layer has no array of the size of `{weight.role}`, {list(weight.shape_a)}"
    size = f"{weight.role} differs" + (f" by up to {short(weight.max_abs)}" if weight.max_abs is not None else "")
    both = next((pair for pair in pairs(case, item, ("different",)) if pair.weight.role == weight.role), None)
    return size + _place(weight) + ("" if both is None else _how(both))


def _place(weight: WeightDifference) -> str:
    return f" at {list(weight.worst_index)}" if weight.worst_index else ""


def _how(both: Pair) -> str:
    """How many numbers are others, whether they are one block, and how much of A is left in B."""
    apart = ~(np.abs(both.a - both.b).ravel() <= 1e-6 * both.size)
    count, places = int(apart.sum()), np.flatnonzero(apart)
    there = both.b.ravel()[places]
    what = "zero" if not there.any() else "NaN" if np.isnan(there).all() else ""
    if count == apart.size:
        return f", all {count} numbers: {what or _left(both)}"
    block = f", one block from {places[0]} on" if count > 1 and places[-1] - places[0] + 1 == count else ""
    return f", {count} of {apart.size} numbers ({percent(count / apart.size)}){block}" + (
        f", {what} in B" if what else ""
    )


def _left(both: Pair) -> str:
    if not both.size:
        return "A's are all 0"
    like = alike(both.a, both.b)
    factor = float((both.a * both.b).sum() / (both.a**2).sum())
    if np.abs(both.b - factor * both.a).max() <= 1e-5 * float(np.abs(both.b).max()):
        return f"A's times {factor:.4g}"
    return f"correlation with A's {like:.3f}" if np.isfinite(like) else "other ones"


def _ulps(case: Case, weighted: list[LayerDifference]) -> Iterator[Suspicion]:
    """Weights that differ by a spacing or two: no reason for anything, but not the same file either."""
    apart = [
        (item, weight)
        for item in weighted
        for weight in item.weights
        if weight.max_abs and weight.relation == "rounded" and (weight.max_rel or 0.0) <= ULPS
    ]
    if not apart or case.a.precision != "float32" or case.b.precision != "float32":
        return
    item, worst = max(apart, key=lambda pair: pair[1].max_abs or 0.0)
    yield Suspicion(
        cause=CAUSE,
        title=f"{len(apart)} weights differ by an ulp or two, which is rounding",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=0.5,
        evidence=f"at most {short(worst.max_abs or 0.0)}, in {worst.role} of `{item.a}`; nothing follows from it",
        mend="nothing to mend",
        note_only=True,
    )
