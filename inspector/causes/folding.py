"""`folding`: batch norm folded into the convolution with a wrong factor or offset. Rightly folded is no finding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import close
from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import roles
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "folding"


def suspect(case: Case) -> Iterator[Suspicion]:
    """Batch norms that B's convolution or a scale and an offset has taken in, with other numbers than A's give."""
    for item, a, b in case.suspects():
        if a.kind != "batch_norm":
            continue
        wrong = [w for w in item.weights if w.relation == "different" and " " in w.a]
        if not wrong:
            continue
        told = _told(case, item, a, b)
        what = " and ".join(dict.fromkeys(weight.role for weight in wrong))
        yield Suspicion(
            cause=CAUSE,
            title=f"`{item.a}` is folded into B with another {what}" + (f": {told}" if told else ""),
            layer_a=item.a,
            layer_b=item.b or "",
            layers=(item.a,),
            confidence=0.95,
            evidence="; ".join(weight.detail for weight in wrong) + (f"; {told}" if told else ""),
            mend="scale = gamma / sqrt(variance + epsilon); kernel * scale, (bias - mean) * scale + beta; or leave the "
            "folding to the converter",
            trial=Trial(text=f"A's `{item.a}` and what it is folded into put in the place of B's"),
        )


def _told(case: Case, item: LayerDifference, norm: Layer, b: Layer | None) -> str:
    """Which formula gives B's offset; the usual mistakes."""
    if b is None:
        return ""
    weights = roles(case, norm)
    if not {"moving_mean", "moving_variance"} <= set(weights):
        return ""
    epsilon = float(norm.settings.get("epsilon") or 1e-3)
    mean, variance = weights["moving_mean"], weights["moving_variance"]
    gamma, beta = weights.get("gamma", np.ones_like(mean)), weights.get("beta", np.zeros_like(mean))
    conv = next((layer for layer in case.a.computation.layers if norm.inputs and norm.inputs[0] in layer.outputs), None)
    bias = roles(case, conv).get("bias", np.zeros_like(mean)) if conv is not None else np.zeros_like(mean)
    found = next((w for w in item.weights if w.role in ("bias", "offset") and w.b), None)
    if found is None or bias.shape != mean.shape:
        return ""
    offset = np.asarray(case.values_b(found.b), np.float64).ravel()
    scale = gamma / np.sqrt(variance + epsilon)
    return _offset(offset, scale, (bias, mean, beta, variance, gamma)) if offset.shape == mean.shape else ""


def _offset(offset: Array, scale: Array, parts: tuple[Array, ...]) -> str:
    bias, mean, beta, variance, gamma = parts
    ways = {
        "": beta + (bias - mean) * scale,
        "the mean was forgotten": beta + bias * scale,
        "beta was forgotten": (bias - mean) * scale,
        "the convolution's own bias was forgotten": beta - mean * scale,
        "the convolution's bias was not scaled": beta - mean * scale + bias,
        "the variance was not put under a root": beta + (bias - mean) * gamma / np.where(variance == 0, 1, variance),
        "gamma was forgotten": beta + (bias - mean) * scale / np.where(gamma == 0, 1, gamma),
        "the mean has the wrong sign": beta + (bias + mean) * scale,
        "epsilon was forgotten": beta + (bias - mean) * gamma / np.sqrt(np.where(variance == 0, 1, variance)),
    }
    return next((told for told, values in ways.items() if close(values, offset, 1e-4)), "")
