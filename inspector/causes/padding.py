"""`padding`: SAME against explicit padding, a shift by one pixel, another fill at the border."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import activation, fit_of, fits, linear, paddings, pool, roles
from inspector.causes.formulas.fit import Fit
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "padding"
CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "depthwise_conv1d", "depthwise_conv2d")


def suspect(case: Case) -> Iterator[Suspicion]:
    """Convolutions, pools and pads whose B is A with other borders."""
    for item, a, b in case.suspects():
        told = ""
        if a.kind in CONVOLUTIONS or a.kind.startswith("separable"):
            told = _convolution(case, item, a) or _by_settings(a, b)
        elif a.kind == "pool":
            told = _pool(case, item, a) or _by_settings(a, b)
        elif a.kind == "pad":
            told = _pad(case, item)
        if told:
            own = a.settings.get("padding", "its own padding")
            yield Suspicion(
                cause=CAUSE,
                title=f"`{item.a}` is padded otherwise in B: {told}",
                layer_a=item.a,
                layer_b=item.b or "",
                confidence=0.95,
                evidence=f"A pads `{own}`; B's output is that of padding {told}{_at_border(case, item)}",
                mend=f"export again with padding={own!r} for `{item.a}`"
                + (
                    "; with explicit padding: ZeroPadding2D(((0, 1), (0, 1))) before a stride of 2"
                    if "stride" in a.settings
                    else ""
                ),
                trial=Trial(text=f"A's padding of `{item.a}`"),
            )


def _by_settings(a: Layer, b: Layer | None) -> str:
    """Both state it. `same` at stride 1 and explicit padding come to the same, and then introduce nothing."""
    if b is None or b.kind != a.kind:
        return ""
    one, other = (str(layer.settings.get("padding", "")).lower() for layer in (a, b))
    return other if one and other and one != other and "explicit" not in (one, other) else ""


def _convolution(case: Case, item: LayerDifference, layer: Layer) -> str:
    fit = fit_of(case.sample(item.a), samples=1)
    if fit is None or not fit.inputs or any(weight.relation == "different" for weight in item.weights):
        return ""
    weights = roles(case, layer)
    kernel = weights.get("kernel", weights.get("depthwise_kernel"))
    x = fit.inputs[0]
    if kernel is None or x.ndim < 3 or not fits(_active(layer, linear(layer, x, weights)), fit.a, fit.tolerance):
        return ""
    for name, pads in paddings(layer, x, kernel.shape[: x.ndim - 2]).items():
        if fits(_active(layer, linear(layer, x, weights, pads=pads)), fit.b, fit.tolerance):
            return name
    return ""


def _active(layer: Layer, x: Array | None) -> Array | None:
    if x is None:
        return None
    name = str(layer.settings.get("activation", "linear"))
    return activation(name, x, slope=layer.settings.get("slope"), limit=layer.settings.get("max_value"))


def _pool(case: Case, item: LayerDifference, layer: Layer) -> str:
    fit, how = fit_of(case.sample(item.a), samples=1), str(layer.settings.get("pool"))
    sizes, strides = layer.settings.get("pool_size"), layer.settings.get("strides")
    if fit is None or not fit.inputs or not isinstance(sizes, tuple) or not isinstance(strides, tuple):
        return ""
    own = str(layer.settings.get("padding", "valid"))
    for other in ("same", "valid"):
        if other != own and fits(pool(fit.inputs[0], how, sizes, strides, other), fit.b, fit.tolerance):
            return other
    return ""


def _pad(case: Case, item: LayerDifference) -> str:
    """The same picture at another place, or another border around it."""
    fit = fit_of(case.sample(item.a), samples=1)
    if fit is None or not fit.inputs or fit.inputs[0].ndim != fit.b.ndim:
        return ""
    x = fit.inputs[0]
    extra = [out - size for out, size in zip(fit.b.shape, x.shape, strict=True)]
    if any(size < 0 for size in extra) or not any(extra):
        return ""
    return _moved(x, fit, extra) or _filled(x, fit, extra)


def _moved(x: Array, fit: Fit, extra: list[int]) -> str:
    axes = [axis for axis, size in enumerate(extra) if size]
    for choice in np.ndindex(*(extra[axis] + 1 for axis in axes)):
        pads = [(0, 0)] * x.ndim
        for axis, before in zip(axes, choice, strict=True):
            pads[axis] = (before, extra[axis] - before)
        if fits(np.pad(x, pads), fit.b, fit.tolerance):
            return str(tuple(pads[axis] for axis in axes)).replace(" ", "")
    return ""


def _filled(x: Array, fit: Fit, extra: list[int]) -> str:
    pads = [(size // 2, size - size // 2) for size in extra]
    for mode in ("reflect", "symmetric", "edge", "wrap"):
        small = all(max(pad) < size for pad, size in zip(pads, x.shape, strict=True))
        if small and fits(np.pad(x, pads, mode=mode), fit.b, fit.tolerance):
            return f"filled by `{mode}`"
    value = float(fit.b.ravel()[0])
    return f"filled with {value:g}" if fits(np.pad(x, pads, constant_values=value), fit.b, fit.tolerance) else ""


def _at_border(case: Case, item: LayerDifference) -> str:
    """How much of the difference lies at the border of a picture."""
    sample = case.sample(item.a)
    if sample is None or sample.a.shape != sample.b.shape or sample.a.ndim != 4 or min(sample.a.shape[1:3]) < 3:
        return ""
    apart = np.abs(sample.a.astype(np.float64) - sample.b).sum((0, 3))
    total = float(apart.sum())
    inside = float(apart[1:-1, 1:-1].sum())
    return f"; {1 - inside / total:.0%} of the difference lies in the outermost pixels" if total > 0 else ""
