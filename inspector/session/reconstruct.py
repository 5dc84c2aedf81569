"""Weights without an architecture: the other side's graph with these weights in its constants stands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Computation, Layer, Weight
from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile, Warn
from inspector.domain.match import Assignment, WeightDifference

Array = NDArray[Any]
FROM_OTHER = "graph"  # the choice `architecture` that asks for it
FRAMEWORKS = ("graph", "checkpoint")
SAME = ("exact", "transposed", "permuted")


@dataclass(frozen=True, slots=True)
class StandIn:
    """What runs in place of a weights-only file: the other side's file, with `constants` by node name put
    into it. `computation` is the other side's with this side's weights."""

    file: ModelFile
    computation: Computation
    constants: Mapping[str, Array]
    warning: Warn


def wanted(file: ModelFile, other: ModelFile) -> bool:
    """Whether a file has weights alone, no other architecture was chosen, and the other side is a graph."""
    chosen = next((choice.chosen for choice in file.choices if choice.name == "architecture"), None)
    return not file.runs_in and chosen in ("", FROM_OTHER) and other.runs_in in FRAMEWORKS


def stand_in(
    own: Computation, other: Computation, assignment: Assignment, file: ModelFile, values: Callable[[str], Array]
) -> StandIn:
    """`assignment` pairs `own` (weights alone, as A) with `other` (a graph, as B); `values` reads a weight of
    `own`, flat. Raises NO_ARCHITECTURE when not one array of the file stands in the graph."""
    weights = {weight.id: weight for layer in own.layers for weight in layer.weights}
    records = [record for match in assignment.matches for record in match.weights if record.b and " " not in record.b]
    partners = {record.b: weights[record.a] for record in records if record.a in weights}
    if not partners:
        raise InspectorError(
            "NO_ARCHITECTURE",
            "the file holds weights alone, and none of them has a place in the other side's graph",
            where=file.path,
            todo="Give the architecture: --set-a architecture=FILE (a config .json, a .keras, another .h5).",
        )
    constants = {
        record.b: _laid_out(values(record.a), record)
        for record in records
        if record.relation not in SAME and record.b in partners
    }
    layers = tuple(_with_weights(layer, partners) for layer in other.layers)
    needed = [weight for layer in other.layers for weight in layer.weights]
    own_count = sum(weight.id in partners for weight in needed)
    said = f"it holds weights alone: it runs as the other side's graph with {own_count} of {len(needed)} arrays its own"
    return StandIn(file, replace(other, layers=layers), constants, Warn("RECONSTRUCTED", said))


def _with_weights(layer: Layer, partners: Mapping[str, Weight]) -> Layer:
    """The graph's layer with the file's arrays; arrays that the file does not have are left out."""
    own = [replace(partners[weight.id], role=weight.role) for weight in layer.weights if weight.id in partners]
    return replace(layer, weights=tuple(own))


def _laid_out(values: Array, record: WeightDifference) -> Array:
    """The file's numbers in the constant's shape: as they are, or transposed when only that fits."""
    plain_a = [size for size in record.shape_a if size != 1]
    plain_b = [size for size in record.shape_b if size != 1]
    array = np.asarray(values).reshape(record.shape_a)
    turned = array.T if plain_a != plain_b and plain_a[::-1] == plain_b else array
    return np.ascontiguousarray(turned.reshape(record.shape_b))
