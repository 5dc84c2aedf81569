"""`folding`: batch norm folded into the convolution wrongly. Rightly folded is no finding.

Folded rightly, B's kernel is A's times `scale = gamma / sqrt(variance + epsilon)` for each output channel, and its
bias `(bias - mean) * scale + beta` (Jacob et al. 2018, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from inspector.causes.arrays import close, pair
from inspector.causes.case import Array, Case, Graft, SetConstant, Suspicion, Trial
from inspector.causes.folds import NEAR, FoldedNorm, of_offset, of_scale
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.match import WeightDifference

CAUSE = "folding"
MEND = (
    "scale = gamma / sqrt(variance + epsilon); kernel * scale per output channel; (bias - mean) * scale + beta; or "
    "leave the folding to the converter"
)


def suspect(case: Case) -> Iterator[Suspicion]:
    """Batch norms that B's convolution, or a scale and an offset, has taken in with other numbers than A's give;
    and convolutions that took one in although it still stands behind them."""
    for item, a, b in case.suspects():
        if a.kind == "batch_norm":
            yield from _folded(case, item, a, b)
        elif any(weight.relation == "different" and weight.role.endswith("kernel") for weight in item.weights):
            yield from _before_a_norm(case, item, a)


def _folded(case: Case, item: LayerDifference, layer: Layer, b: Layer | None) -> Iterator[Suspicion]:
    folded = [weight for weight in item.weights if " " in weight.a and weight.b]
    wrong = [weight for weight in item.weights if " " in weight.a and weight.relation in ("different", "missing")]
    lost = bool(folded) and {weight.role for weight in folded} == {"kernel"} and not _has(b, "bias")
    if not wrong and not lost:
        return
    conv = _maker(case, layer)
    norm = _norm(case, layer, conv)
    told = _told(case, norm, folded) if norm is not None else ""
    told = told or ("B's convolution has no bias: the offset was forgotten" if lost else "")
    what = " and ".join(dict.fromkeys(weight.role for weight in wrong)) or "offset"
    into = f" into `{conv.name}`" if conv is not None and any(weight.role == "kernel" for weight in folded) else ""
    yield Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` is folded{into} with another {what} in B" + (f": {told}" if told else ""),
        layer_a=item.a,
        layer_b=item.b or "",
        layers=(item.a, conv.name) if into and conv is not None else (item.a,),
        confidence=0.96,
        evidence="; ".join([*(weight.detail for weight in wrong), *filter(None, [told])]),
        mend=MEND,
        trial=_trial(item, norm, wrong, lost=lost),
    )


def _trial(item: LayerDifference, norm: FoldedNorm | None, wrong: list[WeightDifference], *, lost: bool) -> Trial:
    """The numbers that folding A's norm gives, where B has constants for all that is wrong."""
    text = f"`{item.a}` folded again from A's numbers"
    edits = [edit for weight in wrong if (edit := _edit(norm, weight)) is not None] if norm is not None else []
    if lost or len(edits) != len(wrong):
        return Trial(text=text, edits=(Graft(layer=item.a),))
    return Trial(text=text, edits=tuple(edits))


def _edit(norm: FoldedNorm, weight: WeightDifference) -> SetConstant | None:
    values = _expected(norm, weight.role)
    if not weight.b or values is None or values.size != int(np.prod(weight.shape_b)):
        return None
    return SetConstant(node=weight.b, value=values.reshape(weight.shape_b).astype(np.float32))


def _expected(norm: FoldedNorm, role: str) -> Array | None:
    if role == "kernel":
        return None if norm.kernel is None else np.asarray(norm.kernel.reshape(-1, norm.factors.size) * norm.factors)
    if role == "scale":
        return np.asarray(norm.scale)
    bias = norm.bias if role == "bias" else np.zeros_like(norm.mean)
    return np.asarray(norm.beta + (bias - norm.mean) * norm.scale)


def _maker(case: Case, layer: Layer) -> Layer | None:
    return next((made for made in case.a.computation.layers if layer.inputs and layer.inputs[0] in made.outputs), None)


def _has(layer: Layer | None, role: str) -> bool:
    return layer is not None and any(role in weight.role for weight in layer.weights)


def _norm(case: Case, layer: Layer, conv: Layer | None) -> FoldedNorm | None:
    """None where the norm's vectors are not of one length."""
    own, before = _roles(case, layer), _roles(case, conv) if conv is not None else {}
    variance = own.get("moving_variance")
    if variance is None:
        return None
    zeros = np.zeros_like(variance)
    kernel = next((array for role, array in before.items() if role.endswith("kernel")), None)
    epsilon = float(layer.settings.get("epsilon") or 1e-3)
    gamma, bias = own.get("gamma", np.ones_like(variance)), before.get("bias", zeros)
    scale = gamma / np.sqrt(variance + epsilon)
    transposed = conv is not None and conv.kind.endswith("transpose") and kernel is not None
    factors = np.repeat(scale, kernel.shape[-1]) if transposed and kernel is not None else scale
    if kernel is not None and kernel.size % factors.size:
        kernel = None
    return FoldedNorm(
        own.get("moving_mean", zeros),
        variance,
        gamma,
        own.get("beta", zeros),
        epsilon,
        kernel,
        bias if bias.shape == zeros.shape else zeros,
        factors,
    )


def _roles(case: Case, layer: Layer) -> Mapping[str, Array]:
    return {
        weight.role: np.asarray(case.values_a(weight.id), np.float64).reshape(weight.shape) for weight in layer.weights
    }


def _told(case: Case, norm: FoldedNorm, folded: list[WeightDifference]) -> str:
    """Which mistake gives B's scale and B's offset."""
    scale, told = norm.scale, ""
    for weight in folded:
        values = np.asarray(case.values_b(weight.b), np.float64).ravel()
        if weight.role == "kernel":
            scale = _factors(norm, values)
            told = of_scale(scale, norm, _other_scales(case, norm))
        elif weight.role == "scale" and values.shape == norm.scale.shape:
            scale = values
            told = of_scale(scale, norm, _other_scales(case, norm))
        elif values.shape == norm.mean.shape:
            bias = norm.bias if weight.role == "bias" else np.zeros_like(norm.mean)
            told = "; ".join(dict.fromkeys(filter(None, (told, of_offset(values, scale, norm, bias)))))
    return told


def _factors(norm: FoldedNorm, values: Array) -> Array:
    """What each output channel of B's kernel is A's times of."""
    if norm.kernel is None or values.size != norm.kernel.size or norm.factors.size != norm.scale.size:
        return norm.scale
    one, other = norm.kernel.reshape(-1, norm.scale.size), values.reshape(-1, norm.scale.size)
    return np.asarray((one * other).sum(0) / np.maximum((one**2).sum(0), 1e-30))


def _other_scales(case: Case, norm: FoldedNorm) -> dict[str, Array]:
    """The scales of A's other batch norms of this width."""
    found = {}
    for layer in case.a.computation.layers:
        if layer.kind == "batch_norm" and any(weight.shape == norm.mean.shape for weight in layer.weights):
            other = _norm(case, layer, None)
            if other is not None and not np.array_equal(other.scale, norm.scale):
                found[layer.name] = other.scale
    return found


def _before_a_norm(case: Case, item: LayerDifference, layer: Layer) -> Iterator[Suspicion]:
    """B's kernel is A's times something per channel, which the batch norm behind it says."""
    behind = next(
        (n for n in case.a.computation.layers if n.kind == "batch_norm" and n.inputs[:1] == layer.outputs[:1]), None
    )
    weight = next(
        weight for weight in item.weights if weight.relation == "different" and weight.role.endswith("kernel")
    )
    both = pair(case, item, weight)
    norm = _norm(case, behind, layer) if behind is not None else None
    if behind is None or both is None or norm is None:
        return
    told = _along(both.a, both.b, norm)
    if not told:
        return
    edits = [found.edit(found.a) for w in item.weights if w.relation == "different" and (found := pair(case, item, w))]
    yield Suspicion(
        cause=CAUSE,
        title=f"`{behind.name}` is folded into `{item.a}` in B, {told}",
        layer_a=item.a,
        layer_b=item.b or "",
        layers=(item.a,),
        confidence=0.96,
        evidence=f"the kernel of `{item.a}` is A's times gamma / sqrt(variance + epsilon) of `{behind.name}`, {told}",
        mend=MEND,
        trial=Trial(text=f"the kernel of `{item.a}` as it was before the folding", edits=tuple(edits)),
    )


def _along(a: Array, b: Array, norm: FoldedNorm) -> str:
    width = norm.factors.size
    if a.size % width == 0:
        one, other = a.reshape(-1, width), b.reshape(-1, width)
        if close(one[:4] * norm.factors, other[:4], NEAR) and close(one * norm.factors, other, NEAR):
            return "and applied once more behind it"
    for axis in range(a.ndim - 1):
        shape = [-1 if at == axis else 1 for at in range(a.ndim)]
        if a.shape[axis] == norm.scale.size and close(a * norm.scale.reshape(shape), b, NEAR):
            return f"along its axis {axis}, which is not the output channels'"
    return ""
