"""`activation`: another activation, a lost slope or limit, softmax along another axis, one applied twice or not at all.

What B does is told by computing: of all activations, the one that gives B's output from the value before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import LINEAR, STANDING_ALONE, Refit, compute, distance, isolated, refit
from inspector.causes.formulas.activations import ACTIVATIONS, activation
from inspector.causes.formulas.slopes import parametric
from inspector.domain.comparison import LayerDifference, OutputDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "activation"
SURE, STATED, DROPPED, GUESS = 0.96, 0.95, 0.9, 0.4
SOME = 20_000  # numbers
ALONG = ("softmax", "log_softmax")
BEHIND = ("relu", "softmax", "sigmoid", "tanh", "relu6", "swish", "gelu")
LOUD = ("softmax", "sigmoid", "log_softmax")  # what makes probabilities: without it the output are logits


def suspect(case: Case) -> Iterator[Suspicion]:
    """Each layer with an activation that introduces a difference; and a softmax that B has not."""
    for item, a, b in case.suspects():
        if a.kind in STANDING_ALONE or (_inner(a) in LINEAR and "activation" in a.settings):
            yield from _of_layer(case, item, a, b)
    yield from _missing_behind(case)


def _of_layer(case: Case, item: LayerDifference, a: Layer, b: Layer | None) -> Iterator[Suspicion]:
    fit = refit(case, item, a)
    before = _before(fit)
    if fit is not None and before is not None:
        own = _words(a.settings, a.kind) if fit.own() else named(before, fit.a, fit)
        told = named(before, fit.b, fit) if own else ""
        if not told and own and "softmax" in own:
            told = _over_samples(case, item, a)
        if told and told != own:
            yield _suspicion(item, a, own, told, _fits(fit, told))
            return
        if own and a.kind in STANDING_ALONE and not fit.behind and isolated(case, a):
            yield _suspicion(
                item,
                a,
                own,
                "something else",
                f"no known function of its input gives B's output, which is {short(fit.gap)} away",
                GUESS,
            )
            return
        if own:
            return
    stated = _by_settings(a, b)
    if stated:
        sure = STATED if a.kind in STANDING_ALONE else 0.7
        yield _suspicion(item, a, stated[0], stated[1], "both files state it", sure)


def _suspicion(
    item: LayerDifference, layer: Layer, own: str, told: str, evidence: str, sure: float = SURE
) -> Suspicion:
    dropped = told == "no activation" and layer.kind in STANDING_ALONE and not own.startswith(LOUD)
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` computes {own} in A and {told} in B",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=min(sure, DROPPED) if dropped else sure,
        evidence=evidence,
        mend=_mend(layer, own),
        trial=Trial(text=f"{own} put back into `{item.a}`"),
    )


def _mend(layer: Layer, own: str) -> str:
    name = str(layer.settings.get("activation", layer.kind))
    if layer.kind in STANDING_ALONE and layer.kind not in ("activation", "softmax"):
        return f"export again with {layer.class_name} ({own}) for `{layer.name}`"
    return f"export again with activation={name!r} ({own}) for `{layer.name}`"


def _fits(fit: Refit, told: str) -> str:
    return (
        f"from the same inputs and weights {told} gives B's output to the noise floor of {short(fit.noise)}; "
        f"A's is {short(fit.gap)} away"
    )


def _inner(layer: Layer) -> str:
    return str(layer.settings.get("layer_kind")) if layer.kind == "time_distributed" else layer.kind


def _before(fit: Refit | None) -> Array | None:
    """The value before the activation."""
    if fit is None:
        return None
    found = fit.inputs[0] if fit.layer.kind in STANDING_ALONE else _inside(fit)
    return found.reshape(fit.shape) if found is not None and found.size == int(np.prod(fit.shape)) else None


def _inside(fit: Refit) -> Array | None:
    nothing = dict.fromkeys(("activation", "slope", "max_value", "threshold"))
    return compute(fit.changed(**nothing), fit.inputs, fit.weights)


def named(before: Array, wanted: Array, fit: Refit) -> str:
    """Which activation gives these numbers (A's or B's) from the value before; empty when none is known to."""
    best: tuple[float, str] | None = None
    for told, found in _candidates(before, wanted, fit):
        far = fit.far_of(found, wanted)
        if fit.near(far) and (best is None or far < 0.1 * best[0]):
            best = far, told
    if best is None and not fit.behind:
        return parametric(before, wanted, fit)
    return best[1] if best else ""


def _candidates(before: Array, wanted: Array, fit: Refit) -> Iterator[tuple[str, Array | None]]:
    with np.errstate(all="ignore"):
        for name, function in ACTIVATIONS.items():
            if not _likely(name, before, wanted, fit):
                continue
            yield "no activation" if name == "linear" else name, np.asarray(function(before))
        for axis in range(1, before.ndim - 1):
            yield f"softmax along axis {axis}", activation({"activation": "softmax", "axis": axis}, before)
        if before.ndim > 2:
            every = tuple(range(1, before.ndim))
            yield "softmax over all places at once", activation({"activation": "softmax", "axis": every}, before)
        own = activation({**fit.layer.settings, "activation": _name(fit.layer)}, before, fit.weights)
        if own is not None:
            for name in BEHIND:
                yield f"{_name(fit.layer)} and {name} behind it", np.asarray(ACTIVATIONS[name](own))


def _likely(name: str, before: Array, wanted: Array, fit: Refit) -> bool:
    """A look at some of many numbers, so that not every function is computed for all of them."""
    step = before.size // SOME
    if step < 2 or fit.behind or name in ALONG:
        return True
    return fit.near(distance(wanted.ravel()[::step], ACTIVATIONS[name](before.ravel()[::step])))


def _over_samples(case: Case, item: LayerDifference, layer: Layer) -> str:
    """A softmax along the samples takes all of them."""
    fit = refit(case, item, layer, samples=2**31)
    before = _before(fit)
    if fit is None or before is None:
        return ""
    found = activation({"activation": "softmax", "axis": 0}, before)
    return "softmax along axis 0, the samples" if fit.near(fit.far_of(found)) else ""


def _name(layer: Layer) -> str:
    return str(layer.settings.get("activation", layer.kind if layer.kind in STANDING_ALONE else "linear"))


def _words(settings: Mapping[str, Any], kind: str) -> str:
    """The activation in words, with its parameters where they are not the usual ones."""
    name = str(settings.get("activation", kind))
    keys = () if name == "relu6" else ("slope", "max_value", "threshold")
    given = [f"{key} {settings[key]:.4g}" for key in keys if isinstance(settings.get(key), int | float)]
    axis = settings.get("axis", -1)
    if name == "softmax" and axis != -1:
        return f"softmax along axis {axis}"
    return f"{name} ({', '.join(given)})" if given else name


def _by_settings(a: Layer, b: Layer | None) -> tuple[str, str] | None:
    """Both state it, and not the same; a name that the lifting does not know says nothing."""
    if b is None or (b.kind not in STANDING_ALONE and b.kind != a.kind):
        return None
    if b.kind not in STANDING_ALONE and "activation" not in b.settings:
        return None
    one, other = (_canonical(layer) for layer in (a, b))
    if "unknown" in (one[0], other[0]) or one[0] not in ACTIVATIONS or other[0] not in ACTIVATIONS:
        return None
    same = one[0] == other[0] and np.allclose(one[1], other[1], rtol=1e-5, atol=1e-7)
    return None if same else (_words(a.settings, a.kind), _words(b.settings, b.kind))


def _canonical(layer: Layer) -> tuple[str, tuple[float, float]]:
    """The name, and its slope and limit where they count."""
    given, name = layer.settings, _name(layer)
    name = {"silu": "swish", "prelu": "prelu"}.get(name, name)
    slope, limit = given.get("slope", given.get("alpha")), given.get("max_value")
    if name == "relu" and limit == 6 and not slope:
        return "relu6", (0.0, 0.0)
    default = {"leaky_relu": 0.2, "elu": 1.0}.get(name, 0.0)
    counts = name in ("relu", "leaky_relu", "elu")
    return name, (float(default if slope is None else slope), float(limit or 0.0)) if counts else (0.0, 0.0)


def _missing_behind(case: Case) -> Iterator[Suspicion]:
    """A's last layer ends in an activation, and B's output is what comes before it."""
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    rows = {item.a: item for item in case.layers}
    for pair in case.outputs:
        layer = makers.get(pair.difference.a)
        row = rows.get(layer.name) if layer is not None else None
        if layer is None or row is None or row.status == "different" or pair.difference.within_noise:
            continue
        if pair.a.dtype.kind != "f" or (layer.kind not in STANDING_ALONE and _inner(layer) not in LINEAR):
            continue
        after = activation({**layer.settings, "activation": _name(layer)}, np.asarray(pair.b, np.float64))
        near = max(4 * pair.difference.noise_floor, 2e-5 * float(np.abs(pair.a).max(initial=0.0)))
        if after is not None and _name(layer) != "linear" and distance(np.asarray(pair.a, np.float64), after) <= near:
            yield _behind(layer, pair.difference, np.asarray(pair.b, np.float64), after)


def _behind(layer: Layer, pair: OutputDifference, b: Array, after: Array) -> Suspicion:
    name = _words(layer.settings, layer.kind)
    return Suspicion(
        cause=CAUSE,
        title=f"the {name} of `{layer.name}` is missing in B: its output is what comes before",
        layer_a=layer.name,
        layer_b=pair.b,
        confidence=SURE,
        evidence=f"{name} of B's output is A's output; B's values go from {short(float(b.min()))} "
        f"to {short(float(b.max()))}",
        mend=f"export again with `{layer.name}`, or apply {name} to B's output",
        trial=Trial(text=f"{name} put behind B's output", outputs_b={pair.b: after.astype(np.float32)}),
    )
