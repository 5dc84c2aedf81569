"""`padding`: SAME against explicit padding, a shift by one pixel, another fill at the border.

With the output's size known, all that a padding can still choose is how much stands before each axis, and what it
is filled with: every choice is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from inspector.causes.case import Case, Facts, Graft, Suspicion, Trial
from inspector.causes.formulas import LINEAR, Refit, refit
from inspector.causes.formulas.convolutions import MOST_CHOICES, Pads, choices, pads_of, rank_of, sizes, usual
from inspector.causes.formulas.places import pairs
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import percent, short

CAUSE = "padding"
MODES = ("reflect", "symmetric", "edge", "wrap")
WORK = 4e7
PADDED = tuple(kind for kind in LINEAR if kind != "dense")


def suspect(case: Case) -> Iterator[Suspicion]:
    """Convolutions, pools and pads whose B is A with another border."""
    before = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    rows = {item.a: item for item in case.layers}
    for item, a, b in case.suspects():
        if a.kind not in (*PADDED, "pool", "pad"):
            continue
        fit = refit(case, item, a, samples=1, most=WORK)
        if fit is not None and (fit.own() or a.kind == "pad"):
            pad = before.get(a.inputs[0]) if a.inputs else None
            if pad is not None and pad.kind == "pad" and a.kind != "pad":
                yield from _with_pad(fit, item, pad, rows.get(pad.name))
                continue
            if told := _moved(fit):
                yield _suspicion(item, a, told, _at_border(fit))
                continue
        if told := _by_settings(case, a, b):
            yield _suspicion(item, a, told, "both files state it")


def _suspicion(item: LayerDifference, a: Layer, told: str, evidence: str) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` is padded otherwise in B: {told}",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=0.95,
        evidence=f"A pads {_own_words(a)}, B {told}; {evidence}",
        mend=_mend(a),
        trial=Trial(text=f"A's padding put back into `{item.a}`"),
    )


def _own_words(layer: Layer) -> str:
    given = layer.settings.get("padding", "nothing")
    return f"`{given}`" if isinstance(given, str) else str(given).replace(" ", "")


def _mend(layer: Layer) -> str:
    given = layer.settings.get("padding")
    if layer.settings.get("padding") == "same" and max(sizes(layer.settings.get("strides"), 1)) > 1:
        return (
            f"export again with padding='same' for `{layer.name}`; written out at stride 2, an even size and a window "
            f"of 3 that is ((0, 1), (0, 1)), not one pixel on every side"
        )
    return f"export again with padding={given!r} for `{layer.name}`"


def _by_settings(case: Case, a: Layer, b: Layer | None) -> str:
    """Both state it, in words that leave no doubt: no dilation, which a graph writes in another way, and no Pad."""
    if b is None or b.kind != a.kind or a.kind == "pad":
        return ""
    one, other = (str(layer.settings.get("padding", "")).lower() for layer in (a, b))
    plain = {"same", "valid"} == {one, other} and max(sizes(a.settings.get("dilation"), 1)) == 1
    return f"`{other}`" if plain and not (_behind_pad(case.a, a) or _behind_pad(case.b, b)) else ""


def _behind_pad(side: Facts, layer: Layer) -> bool:
    return any(
        other.kind in ("pad", "other") and set(other.outputs) & set(layer.inputs) for other in side.computation.layers
    )


def _moved(fit: Refit) -> str:
    """Which border gives B's output: another amount before each axis, or another fill."""
    if fit.layer.kind == "pad":
        return _moved_pad(fit)
    if "transpose" in fit.layer.kind:
        return _moved_cut(fit)
    window = _window(fit.layer, fit)
    if not window:
        return ""
    own = pads_of(fit.layer, fit.inputs[0], window)
    found = choices(fit.layer, fit.inputs[0], window, fit.shape)
    return _first(fit, own, [*usual(fit.layer, fit.inputs[0], window), *found] if fit.behind else found, own)


def _first(fit: Refit, own: Pads, choices: Sequence[Pads], shown: Pads) -> str:
    for pads in choices:
        if pads != own and fit.gives(fit.changed(pads=pads)):
            return _told(pads, shown)
    for mode in MODES if any(max(ends) for ends in own) else ():
        if fit.gives(fit.changed(pads=own, pad_mode=mode)):
            return f"the same amounts filled by `{mode}`"
    return ""


def _told(pads: Pads, own: Pads) -> str:
    shifts = {low - first for (low, _), (first, _) in zip(pads, own, strict=True)}
    words = str(pads if len(pads) > 1 else pads[0]).replace(" ", "")
    shift = shifts.pop() if len(shifts) == 1 else 0
    places = f", shifted by {abs(shift)} {'place' if abs(shift) == 1 else 'places'}" if shift else ""
    return f"{words} where A has {str(own if len(own) > 1 else own[0]).replace(' ', '')}{places}"


def _window(layer: Layer, fit: Refit) -> tuple[int, ...]:
    """The window's size along each axis; empty where it is not known."""
    rank = rank_of(layer) or fit.inputs[0].ndim - 2
    if layer.kind == "pool":
        return sizes(layer.settings.get("pool_size"), rank) if "pool_size" in layer.settings else ()
    kernel = fit.weights.get("depthwise_kernel", fit.weights.get("kernel"))
    return tuple(kernel.shape[-rank - 2 : -2]) if kernel is not None else ()


def _moved_pad(fit: Refit) -> str:
    """A padding layer: the same picture at another place in the same frame, or another frame around it."""
    x, rank = fit.inputs[0], fit.inputs[0].ndim - 2
    own = pairs(fit.layer.settings.get("padding"), rank) or _amounts(fit)
    if own is None:
        return ""
    each = [[(low, sum(ends) - low) for low in range(sum(ends) + 1)] for ends in own]
    if int(np.prod([len(ends) for ends in each])) <= 4 * MOST_CHOICES:
        told = _first(fit, own, list(product(*each)), own)
        if told:
            return told
    if fit.behind:
        return ""
    corner = float(fit.b.reshape(len(x), -1)[0, 0 if own[0][0] else -1])
    return f"filled with {corner:.4g}" if fit.gives(fit.changed(fill=corner)) else ""


def _amounts(fit: Refit) -> Pads | None:
    """A graph does not state them: they are read off A's numbers."""
    lengths = zip(fit.inputs[0].shape[1:-1], fit.shape[1:-1], strict=True)
    each = [[(low, more - low) for low in range(more + 1)] for more in (out - n for n, out in lengths)]
    return next((pads for pads in product(*each) if fit.own(fit.changed(pads=pads))), None)


def _moved_cut(fit: Refit) -> str:
    """A transposed convolution: another part of the whole is kept."""
    rank = rank_of(fit.layer)
    for low in range(max(fit.weights["kernel"].shape[:rank])):
        if fit.gives(fit.changed(cut=(low,) * rank)):
            return f"the first {low} places of the whole are left off"
    return ""


def _with_pad(fit: Refit, item: LayerDifference, pad: Layer, row: LayerDifference | None) -> Iterator[Suspicion]:
    """A pads in a layer of its own: B pads another amount there, or in the convolution, or not at all."""
    x = fit.inputs[0]
    own, window = pairs(pad.settings.get("padding"), x.ndim - 2), _window(fit.layer, fit)
    if own is None or not window or fit.layer.settings.get("padding", "valid") != "valid":
        return
    inside = [slice(low, size - high) for (low, high), size in zip(own, x.shape[1:-1], strict=True)]
    bare = x[(slice(None), *inside)]
    other = replace(fit, inputs=(bare,))
    told = _first(other, own, choices(fit.layer, bare, window, fit.shape), own)
    if not told:
        return
    blamed = pad.name if row is not None and row.b else item.a
    yield Suspicion(
        cause=CAUSE,
        title=f"`{blamed}` is padded otherwise in B: {told}",
        layer_a=blamed,
        layer_b=(row.b if row is not None else "") or item.b or "",
        confidence=0.95,
        evidence=f"`{item.a}` gives B's output to the noise floor of {short(fit.noise)} when its input is padded "
        f"{told}; {_at_border(fit)}",
        mend=f"export again with padding={pad.settings.get('padding')!r} for `{pad.name}`",
        layers=(item.a, pad.name) if blamed == item.a else (pad.name, item.a),
        trial=Trial(text=f"A's padding put back in front of `{item.a}`", edits=(Graft(layer=item.a),)),
    )


def _at_border(fit: Refit) -> str:
    """How much of the difference lies in the outermost places."""
    apart = np.abs(fit.a - fit.b)
    inner = apart[(slice(None), *[slice(1, -1)] * (apart.ndim - 2))]
    total, inside = float(apart.sum()), float(inner.sum())
    if not inner.size or total <= 0:
        return f"they are {short(fit.gap)} apart"
    share = 1 - inside / total
    return f"they are {short(fit.gap)} apart, {percent(share)} of it in the outermost places"
