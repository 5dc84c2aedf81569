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
    """Whether both sides agree in their ordinary runs at the layer, or at everything that reads it."""
    readers: dict[str, list[str]] = {}
    for layer in a.layers:
        for tensor in layer.inputs:
            readers.setdefault(tensor, []).append(layer.name)
    found: dict[str, bool] = {}
    for layer in reversed(a.layers):
        row = rows.get(layer.name)
        after = [found[name] for tensor in layer.outputs for name in readers.get(tensor, ())]
        found[layer.name] = (row is not None and _within(row)) or (bool(after) and all(after))
    return found


def _within(row: LayerDifference) -> bool:
    return row.total is not None and row.noise_floor is not None and row.total.max_abs <= ACCUMULATED * row.noise_floor
