"""`nan-or-infinity`: the first layer that gives NaN or infinity on one side alone, and what makes it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import edits
from inspector.causes.case import Array, Case, Sample, Suspicion, Trial
from inspector.domain.comparison import LayerDifference, Metrics

CAUSE = "nan-or-infinity"
HUGE = 1e38


def suspect(case: Case) -> Iterator[Suspicion]:
    """Every layer that makes them out of finite inputs; in static mode the weights that hold them."""
    for item in case.layers:
        if item.a not in case.layer_a or not (item.status in ("different", "not-compared") or _overflows(item)):
            continue
        held = _in_weights(case, item)
        found = _of(item.introduced) or _overflows(item)
        if not held and not found:
            continue
        sample = case.sample(item.a)
        told = found or "NaN or infinity"
        yield Suspicion(
            cause=CAUSE,
            title=f"`{item.a}` gives {told}: the first to do so",
            layer_a=item.a,
            layer_b=item.b or "",
            layers=(item.a,),
            confidence=0.98,
            evidence=f"{held or _from(sample)}; every layer before it is finite on both sides",
            mend="restore this layer's weights from a sound file"
            if held
            else "look at a division by 0, log of 0, a negative variance or an overflow of float16 in this layer",
            trial=Trial(text=f"A's `{item.a}` put in the place of B's", edits=edits(case, [item]) if held else ()),
        )


def _overflows(item: LayerDifference) -> str:
    """What a pooling makes of infinity: numbers at the end of float32, which no noise floor can be worked out for."""
    metrics = item.introduced
    if metrics is None or math.isfinite(item.noise_floor or 0.0) or not metrics.max_abs > HUGE:
        return ""
    return f"numbers beyond {HUGE:.0e}"


def _of(metrics: Metrics | None) -> str:
    """In words, what one side has more of than the other."""
    if metrics is None or (metrics.nan_a, metrics.inf_a) == (metrics.nan_b, metrics.inf_b):
        return ""
    parts = []
    for name, a, b in (("NaN", metrics.nan_a, metrics.nan_b), ("infinite", metrics.inf_a, metrics.inf_b)):
        if a != b:
            parts.append(f"{abs(b - a)} {name} values in {'B' if b > a else 'A'}")
    return " and ".join(parts)


def _in_weights(case: Case, item: LayerDifference) -> str:
    """An array of B that is not finite while A's is."""
    for weight in item.weights:
        if weight.relation in ("exact", "transposed") or not weight.b or " " in weight.a or " " in weight.b:
            continue
        ours, theirs = np.asarray(case.values_a(weight.a)), np.asarray(case.values_b(weight.b))
        count = int((~np.isfinite(theirs)).sum()) if theirs.dtype.kind == "f" else 0
        if count and np.isfinite(ours).all():
            return f"{count} of {theirs.size} numbers of its {weight.role} are not finite in B"
    return ""


def _from(sample: Sample | None) -> str:
    """Where the first one is, and what the layer read there."""
    if sample is None:
        return "its inputs are finite"
    bad: Array = ~np.isfinite(sample.b) if not np.isfinite(sample.b).all() else ~np.isfinite(sample.a)
    if not bad.any():
        return "its inputs are finite"
    place = tuple(int(at) for at in np.argwhere(bad)[0])
    read = [array[place] for array in sample.inputs if array.shape == bad.shape]
    given = f" from the input {read[0]:.4g}" if read else ""
    return f"first at {list(place)}{given}"
