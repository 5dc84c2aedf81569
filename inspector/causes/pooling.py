"""`pooling`: max against average, an average that counts the padding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import fit_of, fits, pool
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "pooling"


def suspect(case: Case) -> Iterator[Suspicion]:
    """Pools that introduce a difference: by what both sides state, and by computing the others."""
    for item, a, b in case.suspects():
        if a.kind not in ("pool", "global_pool"):
            continue
        told = _by_settings(a, b) or (_local(case, item, a) if a.kind == "pool" else _global(case, item, a))
        if told:
            own = str(a.settings.get("pool", a.class_name))
            yield Suspicion(
                cause=CAUSE,
                title=f"`{item.a}` takes the {own} in A and {told} in B",
                layer_a=item.a,
                layer_b=item.b or "",
                confidence=0.96,
                evidence=f"from the same inputs A's output is the {own} of each window, B's {told}",
                mend=f"export again with {a.class_name} for `{item.a}`",
                trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
            )


def _by_settings(a: Layer, b: Layer | None) -> str:
    if b is None or b.kind != a.kind:
        return ""
    for name in ("pool", "pool_size", "strides"):
        one, other = a.settings.get(name), b.settings.get(name)
        if one is not None and other is not None and one != other:
            return f"the {other}" if name == "pool" else f"{name} {other}"
    return ""


def _local(case: Case, item: LayerDifference, layer: Layer) -> str:
    fit = fit_of(case.sample(item.a), samples=1)
    sizes, strides = layer.settings.get("pool_size"), layer.settings.get("strides")
    if fit is None or not fit.inputs or not isinstance(sizes, tuple) or not isinstance(strides, tuple):
        return ""
    own, padding = str(layer.settings.get("pool")), str(layer.settings.get("padding", "valid"))
    for how in ("max", "average", "average with padding"):
        if how != own and fits(pool(fit.inputs[0], how, sizes, strides, padding), fit.b, fit.tolerance):
            return f"the {how}"
    return ""


def _global(case: Case, item: LayerDifference, layer: Layer) -> str:
    fit = fit_of(case.sample(item.a))
    if fit is None or not fit.inputs or fit.inputs[0].ndim < 3:
        return ""
    x, own = fit.inputs[0], str(layer.settings.get("pool"))
    axes = tuple(range(1, x.ndim - 1))
    ways: dict[str, Array] = {"max": x.max(axes), "average": x.mean(axes), "sum": x.sum(axes), "min": x.min(axes)}
    if x.ndim == 4:
        ways |= {"average over rows and channels": x.mean((1, 3)), "average over columns and channels": x.mean((2, 3))}
    ways |= {
        "first": x.reshape(x.shape[0], -1, x.shape[-1])[:, 0],
        "last": x.reshape(x.shape[0], -1, x.shape[-1])[:, -1],
    }
    fitting = (how for how, found in ways.items() if how != own and fits(np.asarray(found), fit.b, fit.tolerance))
    return next((f"the {how}" for how in fitting), "")
