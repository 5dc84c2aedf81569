"""`weights-changed`: weights hold other numbers, and no rule tells which: another training, a corrupt shard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import changed, edits, pairs
from inspector.causes.case import Case, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.wording import short

CAUSE = "weights-changed"
MOST_ALONE = 3
ULPS = 1e-5


def suspect(case: Case) -> Iterator[Suspicion]:
    """One suspicion for another training (most layers), else one for each layer; a note where it is ulps."""
    open_ = [item for item, _, _ in case.suspects()]
    found = [item for item in open_ if any(weight.relation in ("different", "missing") for weight in item.weights)]
    weighted = [item for item in case.layers if item.weights]
    if len(found) > MOST_ALONE and 2 * len(found) >= len(weighted):
        yield _another_training(case, found, len(weighted))
    elif found:
        for item in found:
            yield _one(case, item)
    else:
        yield from _ulps(case, weighted)


def _another_training(case: Case, found: list[LayerDifference], compared: int) -> Suspicion:
    worst = max((weight for item in found for weight in changed(item)), key=lambda weight: weight.max_abs or 0.0)
    resized = sum(any(weight.relation == "missing" for weight in item.weights) for item in found)
    sized = f", {resized} of them in size: another net" if resized else ": another training"
    return Suspicion(
        cause=CAUSE,
        title=f"the weights of {len(found)} layers differ{sized}",
        layer_a=found[0].a,
        layer_b=found[0].b or "",
        layers=tuple(item.a for item in found),
        confidence=0.9,
        evidence=f"{len(found)} of {compared} layers with weights hold other numbers, the first is `{found[0].a}`; the "
        f"largest difference is {short(worst.max_abs or 0.0)} in {worst.a} at {list(worst.worst_index or ())}",
        mend="the two files come from different trainings or steps: export B again from A's weights",
        trial=Trial(text=f"A's weights put into {len(found)} layers of B", edits=edits(case, found)),
    )


def _one(case: Case, item: LayerDifference) -> Suspicion:
    weights = [weight for weight in changed(item) if weight.relation != "permuted"]
    worst = max(weights, key=lambda weight: weight.max_abs or 0.0)
    return Suspicion(
        cause=CAUSE,
        title=f"the weights of `{item.a}` differ",
        layer_a=item.a,
        layer_b=item.b or "",
        layers=(item.a,),
        confidence=0.8,
        evidence=f"{worst.role} of `{item.a}` differs by up to {short(worst.max_abs or 0.0)} at "
        f"{list(worst.worst_index or ())}{_where(case, item)}",
        mend=f"export B again from A's weights; or compare what wrote `{item.a}` last",
        trial=Trial(text=f"A's weights put into `{item.b or item.a}`", edits=edits(case, [item])),
    )


def _where(case: Case, item: LayerDifference) -> str:
    """How many numbers are others, and whether they are one block."""
    for both in pairs(case, item):
        apart = np.abs(both.a - both.b).ravel() > 1e-6 * float(np.abs(both.a).max(initial=0.0))
        count = int(apart.sum())
        if not count or count == apart.size:
            continue
        places = np.flatnonzero(apart)
        zeros = int((both.b.ravel()[places] == 0).sum())
        block = f", one block from {places[0]} on" if places[-1] - places[0] + 1 == count else ""
        return f"; {count} of {apart.size} numbers{block}" + (f", {zeros} of them zero in B" if zeros == count else "")
    return ""


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
