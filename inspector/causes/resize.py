"""`resize`: another method, other corners: align_corners, half-pixel centres, antialias."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import fit_of, fits
from inspector.domain.comparison import LayerDifference

CAUSE = "resize"
CENTRES = ("half-pixel centres", "align_corners", "no half-pixel centres")


def suspect(case: Case) -> Iterator[Suspicion]:
    """UpSampling and Resizing layers whose B is A's input resized otherwise."""
    for item, a, b in case.suspects():
        if a.kind not in ("upsample", "resize"):
            continue
        told = _by_numbers(case, item)
        if not told and b is not None and b.kind == a.kind:
            one, other = a.settings.get("interpolation"), b.settings.get("interpolation")
            told = str(other) if one and other and one != other else ""
        if not told and item.status != "different":
            continue
        own = a.settings.get("interpolation", "its own interpolation")
        yield Suspicion(
            cause=CAUSE,
            title=f"`{item.a}` is resized otherwise in B: {told or 'in a way that is not known'}",
            layer_a=item.a,
            layer_b=item.b or "",
            confidence=0.96 if told else 0.6,
            evidence=f"A resizes by {own}; from the same input B's output is that of {told or 'something else'}",
            mend=f"export again with interpolation={own!r} for `{item.a}` "
            "(tf.compat.v1.image.resize: half_pixel_centers=True, align_corners=False)",
            trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
        )


def _by_numbers(case: Case, item: LayerDifference) -> str:
    fit = fit_of(case.sample(item.a), samples=1)
    if fit is None or not fit.inputs or fit.inputs[0].ndim != 4 or fit.b.ndim != 4:
        return ""
    for method in ("nearest", "bilinear"):
        for centres in CENTRES:
            found = resized(fit.inputs[0], fit.b.shape[1:3], method, centres)
            if fits(found, fit.b, fit.tolerance) and not fits(found, fit.a, fit.tolerance):
                return f"{method} with {centres}"
    return ""


def resized(x: Array, size: tuple[int, ...], method: str, centres: str) -> Array:
    """(samples, rows, columns, channels) to `size`, axis by axis, as tf.image.resize without antialias."""
    for axis, target in ((1, size[0]), (2, size[1])):
        x = _along(x, axis, target, method, centres)
    return x


def _along(x: Array, axis: int, target: int, method: str, centres: str) -> Array:
    size = x.shape[axis]
    at = np.arange(target, dtype=np.float64)
    if centres == "align_corners":
        place = at * (size - 1) / max(target - 1, 1)
    elif centres == "half-pixel centres":
        place = (at + 0.5) * size / target - 0.5
    else:
        place = at * size / target
    if method == "nearest":
        rounded = np.round(place) if centres == "align_corners" else np.floor(place + (0.5 if centres[0] == "h" else 0))
        return np.asarray(np.take(x, np.clip(rounded.astype(int), 0, size - 1), axis))
    low = np.floor(place)
    share = (place - low).reshape([-1 if to == axis else 1 for to in range(x.ndim)])
    first: Array = np.take(x, np.clip(low.astype(int), 0, size - 1), axis)
    second: Array = np.take(x, np.clip(low.astype(int) + 1, 0, size - 1), axis)
    mixed = first * (1.0 - share) + second * share
    return np.asarray(mixed)
