"""`activation`: another activation, a lost slope, another softmax axis; or none at all.

What B does is told by computing: of all activations, the one that gives B's output from the value before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import ACTIVATIONS, Fit, activation, fit_of, fits, leaky, linear, roles
from inspector.causes.formulas.activations import softmax
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "activation"
ALONE = ("activation", "leaky_relu", "elu", "softmax")
SURE, LIKELY = 0.96, 0.93


def suspect(case: Case) -> Iterator[Suspicion]:
    """Each layer with an activation that introduces a difference; and a softmax that B has not."""
    for item, a, b in case.suspects():
        if a.kind in ALONE or "activation" in a.settings:
            told = _by_numbers(case, item, a) or _by_settings(item, a, b)
            if told:
                yield _suspicion(item, a, told)
    yield from _softmax_missing(case)


def _suspicion(item: LayerDifference, layer: Layer, told: str) -> Suspicion:
    own = _own(layer)
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` computes {own} in A and {told} in B",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=SURE,
        evidence=f"from the same inputs A's output is that of {own}, B's that of {told}",
        mend=f"export again with {own} for `{item.a}`",
        trial=Trial(text=f"{own} put back into `{item.a}`"),
    )


def _own(layer: Layer) -> str:
    """The activation in words, with its parameters."""
    name = str(layer.settings.get("activation", layer.kind))
    given = [
        f"{key} {layer.settings[key]:g}" for key in ("slope", "max_value") if key in layer.settings and name != "relu6"
    ]
    return f"{name} ({', '.join(given)})" if given else name


def _by_settings(item: LayerDifference, a: Layer, b: Layer | None) -> str:
    """Both say it; only where nothing could be computed, since a fused activation belongs to another layer."""
    if b is None or a.kind not in ALONE or b.kind not in ALONE or item.status == "same":
        return ""
    one, other = (layer.settings.get("activation", layer.kind) for layer in (a, b))
    if one != other:
        return str(other)
    slopes = [layer.settings.get("slope") for layer in (a, b)]
    if None not in slopes and abs(float(slopes[0] or 0) - float(slopes[1] or 0)) > 1e-6:
        return _own(b)
    return ""


def _by_numbers(case: Case, item: LayerDifference, layer: Layer) -> str:
    fit = fit_of(case.sample(item.a))
    if fit is None or not fit.inputs or any(weight.relation == "different" for weight in item.weights):
        return ""
    before = fit.inputs[0] if layer.kind in ALONE else linear(layer, fit.inputs[0], roles(case, layer))
    if before is None or before.size != fit.b.size:
        return ""
    before = before.reshape(fit.b.shape)
    own = activation(
        str(layer.settings.get("activation", "linear")),
        before,
        slope=layer.settings.get("slope"),
        limit=layer.settings.get("max_value"),
    )
    if not fits(_on_axis(layer, before) if own is not None and _is_softmax(layer) else own, fit.a, fit.tolerance):
        return ""
    return named(before, fit)


def named(before: Array, fit: Fit) -> str:
    """Which activation gives B's output; empty when none is known to."""
    with np.errstate(over="ignore", invalid="ignore"):
        for name, function in ACTIVATIONS.items():
            if fits(function(before), fit.b, fit.tolerance):
                return "no activation" if name == "linear" else name
        for axis in range(1, before.ndim - 1):
            if fits(softmax(before, axis), fit.b, fit.tolerance):
                return f"softmax over axis {axis}"
        if before.ndim > 1 and fits(softmax(before, 0), fit.b, fit.tolerance):
            return "softmax over axis 0"
    return _with_parameter(before, fit)


def _with_parameter(x: Array, fit: Fit) -> str:
    """A slope, a limit or an alpha that is solved for."""
    below = x < 0
    if below.any():
        slope = float(np.median(fit.b[below] / x[below]))
        if fits(leaky(x, slope), fit.b, fit.tolerance):
            return f"leaky_relu (slope {slope:.4g})"
        alpha = float(np.median(fit.b[below] / np.expm1(x[below])))
        if fits(np.where(below, alpha * np.expm1(np.minimum(x, 0)), x), fit.b, fit.tolerance):
            return f"elu (slope {alpha:.4g})"
    limit, least = float(fit.b.max()), float(fit.b.min())
    if fits(np.clip(x, min(least, 0.0), limit), fit.b, fit.tolerance):
        return f"relu (max_value {limit:.4g})"
    if fits(np.clip(x, least, None), fit.b, fit.tolerance):
        return f"relu with threshold {least:.4g}"
    return ""


def _is_softmax(layer: Layer) -> bool:
    return layer.settings.get("activation") == "softmax"


def _on_axis(layer: Layer, x: Array) -> Array:
    axis = layer.settings.get("axis", -1)
    return softmax(x, axis if isinstance(axis, int) else -1)


def _softmax_missing(case: Case) -> Iterator[Suspicion]:
    """A's last layer is a softmax or sigmoid of its own, and B's output is what comes before it."""
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    rows = {item.a: item for item in case.layers}
    for pair in case.outputs:
        layer = makers.get(pair.difference.a)
        if pair.difference.within_noise or layer is None or layer.kind not in ALONE or layer.name not in rows:
            continue
        if rows[layer.name].status == "different":
            continue
        name = str(layer.settings.get("activation", layer.kind))
        with np.errstate(over="ignore"):
            after = activation(name, np.asarray(pair.b, np.float64), slope=layer.settings.get("slope"))
        tolerance = max(4 * pair.difference.noise_floor, 2e-5)
        if after is None or not fits(after, np.asarray(pair.a, np.float64), tolerance):
            continue
        yield Suspicion(
            cause=CAUSE,
            title=f"`{layer.name}` ({name}) is missing in B: its outputs are what comes before",
            layer_a=layer.name,
            layer_b=pair.difference.b,
            confidence=SURE,
            evidence=f"{name} of B's output is A's output; B's values go from {short(float(pair.b.min()))} "
            f"to {short(float(pair.b.max()))}",
            mend=f"export again with `{layer.name}`, or apply {name} to B's output",
            trial=Trial(text=f"{name} put behind B's output", outputs_b={pair.difference.b: after}),
        )
