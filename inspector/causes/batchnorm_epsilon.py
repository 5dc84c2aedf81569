"""`batchnorm-epsilon`: both sides state the layer's epsilon, and not the same one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Case, Edit, SetAttribute, SetConstant, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "batchnorm-epsilon"
RELATIVE = 1e-5


def suspect(case: Case) -> Iterator[Suspicion]:
    """Every batch norm that introduces a difference and whose epsilon differs."""
    for item in case.layers:
        a, b = case.layer_a.get(item.a), case.layer_b.get(item.b or "")
        if item.status != "different" or a is None or b is None:
            continue
        one, other = a.settings.get("epsilon"), b.settings.get("epsilon")
        if a.kind == "batch_norm" and one is not None and other is not None and not _close(one, other):
            yield _suspicion(item, float(one), float(other), b)


def mend(b: Layer, epsilon: float) -> tuple[Edit, ...]:
    """Put A's epsilon into B's node: an attribute of the fused op, or the constant beside the variance."""
    node = b.settings.get("epsilon_node")
    if node:
        return (SetConstant(node=str(node), value=np.float32(epsilon).reshape(b.settings.get("epsilon_shape", ()))),)
    fused = next((name for name in b.nodes), "")
    if b.class_name.startswith("FusedBatchNorm"):
        return (SetAttribute(node=fused, name="epsilon", value=epsilon),)
    return ()


def _suspicion(item: LayerDifference, one: float, other: float, b: Layer) -> Suspicion:
    size = item.introduced.max_abs if item.introduced else 0.0
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` uses epsilon {one:.3g} in A and {other:.3g} in B",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=0.95,
        evidence=f"epsilon is {one:.3g} in A and {other:.3g} in B; the layer alone introduces {short(size)}",
        mend=f"export again with BatchNormalization(epsilon={one:.6g}) for `{item.a}`",
        trial=Trial(text=f"epsilon {one:.3g} put back into `{item.b}`", edits=mend(b, one)),
    )


def _close(one: float, other: float) -> bool:
    return abs(float(one) - float(other)) <= RELATIVE * max(abs(float(one)), abs(float(other)))
