"""`batchnorm-epsilon` and `layernorm-epsilon`: another epsilon, stated on both sides or solved for.

With y = gamma (x - mean) / sqrt(variance + epsilon) + beta, B's slope over x gives variance + epsilon, and what is
the same for all channels (or rows) once the variance is taken off is B's epsilon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, Edit, SetAttribute, SetConstant, Suspicion, Trial
from inspector.causes.formulas import Refit, refit
from inspector.causes.formulas.norms import axes_of, grouped
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSES = {"batch_norm": "batchnorm-epsilon", "layer_norm": "layernorm-epsilon", "group_norm": "layernorm-epsilon"}
RELATIVE = 1e-4
LARGEST = 100.0
LEAST_FUSED = 1.001e-5  # TensorFlow's fused op never takes less, whatever the layer says
SAMPLES = 8
USUAL = (1e-3, 1e-5, 1.001e-5, 1e-6, 1e-4, 1e-2, 2e-5, 1e-7, 1e-8, 1e-12, 0.0, 0.05, 0.1)


def suspect(case: Case) -> Iterator[Suspicion]:
    """Every norm that introduces a difference and whose epsilon differs."""
    for item, a, b in case.suspects():
        if a.kind not in CAUSES or a.settings.get("epsilon") is None:
            continue
        one = float(a.settings["epsilon"])
        stated = b.settings.get("epsilon") if b is not None and b.kind == a.kind else None
        if stated is not None and _differ(one, float(stated)):
            yield _suspicion(item, (a, b), (one, float(stated)), "both files state it")
            continue
        fit = refit(case, item, a, samples=SAMPLES)
        if fit is not None:
            yield from _by_numbers(item, (a, b), fit)


def _differ(one: float, other: float) -> bool:
    one, other = max(one, 0.0), max(other, 0.0)
    if abs(max(one, LEAST_FUSED) - max(other, LEAST_FUSED)) <= RELATIVE * LEAST_FUSED:
        return False
    return abs(one - other) > RELATIVE * max(one, other)


def _by_numbers(item: LayerDifference, layers: tuple[Layer, Layer | None], fit: Refit) -> Iterator[Suspicion]:
    own = next((value for value in _stated(fit) if fit.own(fit.changed(epsilon=value))), None)
    if own is None:
        return
    tried = USUAL if fit.behind else _rounded(_solved(fit))
    solved = next((value for value in tried if fit.gives(fit.changed(epsilon=value))), None)
    if solved is not None and _differ(own, solved):
        text = f"solved for from its input and output, which it gives to the noise floor of {short(fit.noise)}"
        yield _suspicion(item, layers, (own, solved), text)
        return
    for place, told in (("outside", "outside of the root"), ("floor", "as the least variance")):
        if solved is None and fit.gives(fit.changed(epsilon=own, epsilon_place=place)):
            yield _suspicion(item, layers, (own, own), "found by computing the layer both ways", told)
            return


def _stated(fit: Refit) -> tuple[float, float]:
    """What the layer states, and what the fused op makes of it."""
    stated = float(fit.layer.settings["epsilon"])
    return stated, max(stated, LEAST_FUSED)


def _rounded(found: float | None) -> Iterator[float]:
    """The solved number as a person would have written it, then as it is."""
    if found is not None and 0 <= found <= LARGEST:
        yield from (float(f"{found:.{digits}e}") for digits in range(4))
        yield found


def _suspicion(
    item: LayerDifference, layers: tuple[Layer, Layer | None], values: tuple[float, float], how: str, place: str = ""
) -> Suspicion:
    (a, b), (one, other) = layers, values
    size = f"; the layer alone introduces {short(item.introduced.max_abs)}" if item.introduced is not None else ""
    folded = a.kind == "batch_norm" and b is not None and b.kind not in ("batch_norm", "other")
    told = f"adds epsilon {one:.4g} to the variance in A and {place} in B"
    return Suspicion(
        cause=CAUSES[a.kind],
        title=f"`{item.a}` {told if place else f'uses epsilon {one:.4g} in A and {other:.4g} in B'}",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=0.9 if folded else 0.95,
        evidence=f"epsilon is {one:.4g} in A and {place or f'{other:.4g}'} in B, {how}{size}",
        mend=f"export again with {_class(a)}(epsilon={one:.6g}) for `{item.a}`",
        trial=Trial(
            text=f"epsilon {one:.4g} put back into `{item.b or item.a}`",
            edits=_edits(b, one) if b is not None and not place and b.kind == a.kind else (),
        ),
    )


def _class(layer: Layer) -> str:
    """Keras's name for it: a graph says no more than its op."""
    known = {"batch_norm": "BatchNormalization", "layer_norm": "LayerNormalization", "group_norm": "GroupNormalization"}
    return layer.class_name if "Normalization" in layer.class_name else known[layer.kind]


def _edits(b: Layer, epsilon: float) -> tuple[Edit, ...]:
    """A's epsilon in B's node: an attribute of the fused op, or the constant beside the variance."""
    node = b.settings.get("epsilon_node")
    if node:
        return (SetConstant(node=str(node), value=np.float32(epsilon).reshape(b.settings.get("epsilon_shape", ()))),)
    place = {"batch_norm": 0, "layer_norm": 1}.get(b.kind, len(b.nodes))  # a Reshape stands before it in layer norm
    if b.class_name.startswith("FusedBatchNorm") and place < len(b.nodes):
        return (SetAttribute(node=b.nodes[place], name="epsilon", value=epsilon),)
    return ()


def _solved(fit: Refit) -> float | None:
    """What is under B's root beyond the variance, where most of the numbers say the same."""
    found = _per_channel(fit) if fit.layer.kind == "batch_norm" else _per_row(fit)
    if found is None:
        return None
    values, sure = found
    usable = np.isfinite(values) & np.isfinite(sure) & (sure > 0)
    if not usable.any():
        return None
    values, sure = values[usable], sure[usable]
    order = np.argsort(values)
    total = np.cumsum(sure[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _per_channel(fit: Refit) -> tuple[Array, Array] | None:
    """Of each channel: epsilon, and how sure it is (the more, the smaller its variance)."""
    x, weights = fit.inputs[0], fit.weights
    axes = axes_of(fit.layer, x.ndim)
    if len(axes) != 1 or "moving_variance" not in weights or x.shape != fit.b.shape:
        return None
    rows, out = (np.moveaxis(array, axes[0], -1).reshape(-1, x.shape[axes[0]]) for array in (x, fit.b))
    gamma, variance = weights.get("gamma", np.ones(rows.shape[1])), weights["moving_variance"]
    away, beta = rows - weights.get("moving_mean", 0.0), weights.get("beta", 0.0)
    with np.errstate(all="ignore"):
        slope = (away * (out - beta)).sum(0) / (away**2).sum(0)
        return np.asarray((gamma / slope) ** 2 - variance), np.asarray(np.sqrt((away**2).sum(0)) / variance)


def _per_row(fit: Refit) -> tuple[Array, Array] | None:
    """Of each row (or group): epsilon, and how sure it is."""
    x, out = fit.inputs[0], fit.b
    if x.shape != out.shape:
        return None
    axes = axes_of(fit.layer, x.ndim)
    shape = [x.shape[at] if at in axes else 1 for at in range(x.ndim)]
    gamma, beta = (fit.weights.get(role, np.full(1, value)) for role, value in (("gamma", 1.0), ("beta", 0.0)))
    gamma, beta = (array.reshape(shape) if array.size > 1 else array for array in (gamma, beta))
    with np.errstate(all="ignore"):
        plain = np.where(gamma == 0, np.nan, (out - beta) / gamma)
    if fit.layer.kind == "group_norm":
        split, plain_split = grouped(fit.layer, x), grouped(fit.layer, plain)
        if split is None or plain_split is None:
            return None
        x, plain, axes = split, plain_split, (*range(1, split.ndim - 2), split.ndim - 1)
    middle = x - x.mean(axes, keepdims=True)
    variance = (middle**2).mean(axes)
    with np.errstate(all="ignore"):
        slope = np.nansum(middle * plain, axes) / np.nansum(np.where(np.isnan(plain), 0.0, middle**2), axes)
        return np.asarray(1.0 / slope**2 - variance), np.asarray(1.0 / np.sqrt(variance))
