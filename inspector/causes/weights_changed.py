"""`weights-changed`: one or some weights differ: another training step, another file, a corrupt shard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Case, Edit, SetConstant, Suspicion
from inspector.domain.comparison import LayerDifference
from inspector.domain.match import WeightDifference

CAUSE = "weights-changed"


def suspect(case: Case) -> Iterator[Suspicion]:
    """One suspicion for all layers whose weights differ and that introduce a difference."""
    changed = [(layer, changed_of(layer)) for layer in case.layers if layer.status == "different"]
    changed = [(layer, weights) for layer, weights in changed if weights]
    if not changed:
        return
    first, weights = changed[0]
    worst = max((w for _, found in changed for w in found), key=lambda w: w.max_abs or 0.0)
    compared = sum(bool(layer.weights) for layer in case.layers)
    yield Suspicion(
        cause=CAUSE, title=_title(changed), layer_a=first.a, layer_b=first.b or "", confidence=0.9,
        evidence=f"{len(changed)} of {compared} layers with weights hold other numbers, the first is `{first.a}` "
                 f"({weights[0].role}); the largest difference is {worst.max_abs or 0.0:.3g} in {worst.a} "
                 f"at {list(worst.worst_index or ())}",
        mend="the two files come from different trainings or steps: export B again from A's weights",
        edits=mend(case, changed), edit_text=f"A's weights put into {len(changed)} layers of B",
    )


def changed_of(layer: LayerDifference) -> list[WeightDifference]:
    return [weight for weight in layer.weights if weight.relation == "different"]


def mend(case: Case, changed: list[tuple[LayerDifference, list[WeightDifference]]]) -> tuple[Edit, ...]:
    """A's numbers for every constant that differs; none at all when one of them cannot be laid out."""
    edits: list[Edit] = []
    for _, weights in changed:
        for weight in weights:
            if " " in weight.a or not weight.shape_b or sorted(weight.shape_a) != sorted(weight.shape_b):
                return ()
            values = np.asarray(case.values_a(weight.a)).reshape(weight.shape_a)
            turned = values if weight.shape_a == weight.shape_b else values.T
            edits.append(SetConstant(node=weight.b, value=np.ascontiguousarray(turned.reshape(weight.shape_b))))
    return tuple(edits)


def _title(changed: list[tuple[LayerDifference, list[WeightDifference]]]) -> str:
    if len(changed) == 1:
        return f"the weights of `{changed[0][0].a}` differ"
    return f"the weights of {len(changed)} layers differ: another training"
