"""`weights-changed`: one or some weights differ: another training step, another file, a corrupt shard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.causes.case import Case, Edit, SetConstant, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.match import WeightDifference
from inspector.domain.wording import short

CAUSE = "weights-changed"


def suspect(case: Case) -> Iterator[Suspicion]:
    """One suspicion for all layers whose weights differ and that introduce a difference, or cannot be compared
    since their shapes differ too."""
    open_ = [layer for layer in case.layers if layer.status in ("different", "not-compared")]
    changed = [(layer, weights) for layer in open_ if (weights := changed_of(layer))]
    if not changed:
        return
    first, weights = changed[0]
    worst = max((w for _, found in changed for w in found), key=lambda w: w.max_abs or 0.0)
    compared = sum(bool(layer.weights) for layer in case.layers)
    yield Suspicion(
        cause=CAUSE,
        title=_title(changed),
        layer_a=first.a,
        layer_b=first.b or "",
        confidence=0.9,
        evidence=f"{len(changed)} of {compared} layers with weights hold other numbers, the first is `{first.a}` "
        f"({weights[0].role}); the largest difference is {short(worst.max_abs or 0.0)} in {worst.a} "
        f"at {list(worst.worst_index or ())}",
        mend="the two files come from different trainings or steps: export B again from A's weights",
        layers=tuple(layer.a for layer, _ in changed),
        trial=Trial(text=f"A's weights put into {len(changed)} layers of B", edits=mend(case, changed)),
    )


def changed_of(layer: LayerDifference) -> list[WeightDifference]:
    """The weights that hold other numbers, or stand in another size."""
    return [weight for weight in layer.weights if weight.relation in ("different", "missing")]


def _resized(layer: LayerDifference) -> bool:
    return any(weight.relation == "missing" for weight in layer.weights)


def mend(case: Case, changed: list[tuple[LayerDifference, list[WeightDifference]]]) -> tuple[Edit, ...]:
    """A's numbers for every constant that differs; none at all when one of them cannot be laid out."""
    edits: list[Edit] = []
    for _, weights in changed:
        for weight in weights:
            values = None if " " in weight.a else _laid_out(case, weight)
            if values is None:
                return ()
            edits.append(SetConstant(node=weight.b, value=values))
    return tuple(edits)


def _laid_out(case: Case, weight: WeightDifference) -> NDArray[Any] | None:
    """A's numbers in B's shape: as they are, or transposed when only that fits; axes of size 1 do not count."""
    plain_a = [size for size in weight.shape_a if size != 1]
    plain_b = [size for size in weight.shape_b if size != 1]
    if not weight.b or plain_b not in (plain_a, plain_a[::-1]):
        return None
    values = np.asarray(case.values_a(weight.a)).reshape(weight.shape_a)
    return np.ascontiguousarray((values if plain_a == plain_b else values.T).reshape(weight.shape_b))


def _title(changed: list[tuple[LayerDifference, list[WeightDifference]]]) -> str:
    if len(changed) == 1:
        return f"the weights of `{changed[0][0].a}` differ"
    resized = sum(_resized(layer) for layer, _ in changed)
    if resized:
        return f"the weights of {len(changed)} layers differ, {resized} of them in size: another net"
    return f"the weights of {len(changed)} layers differ: another training"
