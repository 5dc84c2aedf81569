"""Differences that a layer introduces and what follows undoes: the same net written otherwise, and no fault.

An optimiser moves an addition behind a merge, or a bias behind a scale: between two tensors where both sides
agree in their ordinary runs, the layers are cut at places that mean something else on each side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Computation

ACCUMULATED = 4.0  # a total holds the rounding of all layers before it, too
NOTE = "written otherwise: what follows undoes it"


def without_undone(layers: Sequence[LayerDifference], a: Computation) -> tuple[LayerDifference, ...]:
    """The layers with those that agree again before any output taken for what they are: within noise.

    Other weights, NaN and infinity are never undone, even where the numbers at hand do not show them."""
    rows = {layer.a: layer for layer in layers}
    agrees = _agreeing(rows, a)
    return tuple(
        replace(layer, status="within-noise", note=layer.note or NOTE) if _is_undone(layer, agrees) else layer
        for layer in layers
    )


def _is_undone(layer: LayerDifference, agrees: dict[str, bool]) -> bool:
    if layer.status != "different" or not agrees.get(layer.a, False) or layer.introduced is None:
        return False
    relations = {weight.relation for weight in layer.weights}
    other = bool(relations & {"different", "permuted"}) and "missing" not in relations  # else it is paired wrongly
    return not other and math.isfinite(layer.introduced.max_abs)


def _agreeing(rows: dict[str, LayerDifference], a: Computation) -> dict[str, bool]:
    """Whether a layer undoes what came in, or everything that reads it does so.

    One that undoes gives the same in the ordinary runs and another thing from the same inputs; or it is fused with
    the layer into one tensor of B, and the same there. A difference that merely fades on its way is not undone."""
    readers: dict[str, list[str]] = {}
    for layer in a.layers:
        for tensor in layer.inputs:
            readers.setdefault(tensor, []).append(layer.name)
    found: dict[str, bool] = {}
    for layer in reversed(a.layers):
        row = rows.get(layer.name)
        after = [name for tensor in layer.outputs for name in readers.get(tensor, ())]
        undoing = row is not None and row.status == "different" and _within(row)
        fused = row is not None and bool(after) and all(_ends(row, rows.get(name)) for name in after)
        found[layer.name] = undoing or fused or (bool(after) and all(found[name] for name in after))
    return found


def _ends(row: LayerDifference, after: LayerDifference | None) -> bool:
    """Whether B gives both as one tensor, which is the later layer's."""
    return after is not None and after.b == row.b and after.status in ("same", "within-noise") and _within(after)


def _within(row: LayerDifference) -> bool:
    return row.total is not None and row.noise_floor is not None and row.total.max_abs <= ACCUMULATED * row.noise_floor
