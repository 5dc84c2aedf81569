"""`batchnorm-epsilon` and `layernorm-epsilon`: another epsilon, stated on both sides or solved for.

With y = gamma (x - mean) / sqrt(variance + epsilon) + beta, B's slope over x gives variance + epsilon, and what is
the same for all channels (or rows) once the variance is taken off is B's epsilon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, Edit, SetAttribute, SetConstant, Suspicion, Trial
from inspector.causes.formulas import Fit, fit_of, fits, roles
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSES = {"batch_norm": "batchnorm-epsilon", "layer_norm": "layernorm-epsilon", "group_norm": "layernorm-epsilon"}
RELATIVE = 1e-4
LARGEST = 10.0


def suspect(case: Case) -> Iterator[Suspicion]:
    """Every norm that introduces a difference and whose epsilon differs."""
    for item, a, b in case.suspects():
        one = a.settings.get("epsilon")
        if a.kind not in CAUSES or one is None:
            continue
        stated = b.settings.get("epsilon") if b is not None and b.kind == a.kind else None
        other = float(stated) if stated is not None else _solved(case, item, a, float(one))
        if other is not None and abs(float(one) - other) > RELATIVE * max(abs(float(one)), abs(other)):
            yield _suspicion(item, (a, b), float(one), other, read=stated is not None)


def _suspicion(
    item: LayerDifference, layers: tuple[Layer, Layer | None], one: float, other: float, *, read: bool
) -> Suspicion:
    a, b = layers
    size = f"; the layer alone introduces {short(item.introduced.max_abs)}" if item.introduced is not None else ""
    how = "" if read else ", solved for from its input and output"
    return Suspicion(
        cause=CAUSES[a.kind],
        title=f"`{item.a}` uses epsilon {one:.3g} in A and {other:.3g} in B",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=0.95,
        evidence=f"epsilon is {one:.3g} in A and {other:.3g} in B{how}{size}",
        mend=f"export again with {a.class_name}(epsilon={one:.6g}) for `{item.a}`",
        trial=Trial(
            text=f"epsilon {one:.3g} put back into `{item.b or item.a}`", edits=_edits(b, one) if b is not None else ()
        ),
    )


def _edits(b: Layer, epsilon: float) -> tuple[Edit, ...]:
    """A's epsilon in B's node: an attribute of the fused op, or the constant beside the variance."""
    node = b.settings.get("epsilon_node")
    if node:
        return (SetConstant(node=str(node), value=np.float32(epsilon).reshape(b.settings.get("epsilon_shape", ()))),)
    if b.class_name.startswith("FusedBatchNorm") and b.kind == "batch_norm" and b.nodes:
        return (SetAttribute(node=b.nodes[0], name="epsilon", value=epsilon),)
    return ()


def _solved(case: Case, item: LayerDifference, layer: Layer, own: float) -> float | None:
    """B's epsilon from its numbers, where A's formula holds for A and with that epsilon for B."""
    fit = fit_of(case.sample(item.a), samples=8)
    if fit is None or not fit.inputs or any(weight.relation == "different" for weight in item.weights):
        return None
    weights = roles(case, layer)
    x, axis = fit.inputs[0], _axis(layer, fit.inputs[0].ndim)
    if axis is None or x.shape != fit.b.shape or not fits(normed(layer, x, weights, own), fit.a, fit.tolerance):
        return None
    found = _from_slopes(layer, fit, weights, axis)
    if found is None or not 0 <= found <= LARGEST:
        return None
    return found if fits(normed(layer, x, weights, found), fit.b, fit.tolerance) else None


def normed(layer: Layer, x: Array, weights: dict[str, Array], epsilon: float) -> Array | None:
    """Batch norm in inference (Ioffe and Szegedy 2015) or layer norm over the last axis (Ba et al. 2016)."""
    gamma, beta = weights.get("gamma", np.ones(())), weights.get("beta", np.zeros(()))
    if layer.kind == "layer_norm":
        middle = x - x.mean(-1, keepdims=True)
        return np.asarray(middle / np.sqrt((middle**2).mean(-1, keepdims=True) + epsilon) * gamma + beta)
    axis = _axis(layer, x.ndim)
    if layer.kind != "batch_norm" or axis is None or "moving_mean" not in weights:
        return None
    shape = [-1 if at == axis else 1 for at in range(x.ndim)]
    mean, variance = (weights[role].reshape(shape) for role in ("moving_mean", "moving_variance"))
    gamma, beta = (value.reshape(shape) if value.ndim else value for value in (gamma, beta))
    return np.asarray((x - mean) / np.sqrt(variance + epsilon) * gamma + beta)


def _axis(layer: Layer, rank: int) -> int | None:
    axis = layer.settings.get("axis", -1)
    axis = axis[0] if isinstance(axis, tuple | list) and len(axis) == 1 else axis
    return axis % rank if isinstance(axis, int) else None


def _from_slopes(layer: Layer, fit: Fit, weights: dict[str, Array], axis: int) -> float | None:
    x, y = fit.inputs[0], fit.b
    gamma, beta = weights.get("gamma", np.ones(x.shape[axis])), weights.get("beta", np.zeros(x.shape[axis]))
    if layer.kind == "layer_norm":
        middle = x - x.mean(-1, keepdims=True)
        spread, scaled = (middle**2).mean(-1), (y - beta) / np.where(gamma == 0, np.nan, gamma)
        slope = np.nansum(middle * scaled, -1) / np.nansum(middle**2, -1)
        found = 1.0 / slope**2 - spread
    else:
        rows, out = (np.moveaxis(array, axis, -1).reshape(-1, x.shape[axis]) for array in (x, y))
        middle = rows - rows.mean(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (middle * (out - out.mean(0))).sum(0) / (middle**2).sum(0)
            found = (gamma / slope) ** 2 - weights["moving_variance"]
    found = found[np.isfinite(found)]
    return float(np.median(found)) if found.size else None
