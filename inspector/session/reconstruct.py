"""Weights that cannot run by themselves: the other side's model with these weights in it stands in.

Of a file that holds weights alone, and of one that its own framework refuses although its layers and weights can be
read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.comparison import Finding
from inspector.domain.computation import Computation, Layer, Weight
from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile, Warn
from inspector.domain.match import Assignment, WeightDifference
from inspector.domain.options import SideOptions
from inspector.domain.refusal import Refusal

Array = NDArray[Any]
FROM_OTHER = "graph"  # the choice `architecture` that asks for it
FRAMEWORKS = ("graph", "checkpoint", "saved_model", "tf_keras", "keras3")  # whose weights can be replaced
SAME = ("exact", "transposed", "permuted")
UNLIKE = ("different", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """What runs in place of a side: the other side's `file` with the other side's `options`, with `constants` by the
    ids of its weights put into it. `computation` is the other side's with this side's weights. `refusal`: why the
    side does not run by itself, None where it has no architecture. `stated`: settings in which the sides differ by
    their own words, which a run of one model cannot show."""

    file: ModelFile
    options: SideOptions
    computation: Computation
    constants: Mapping[str, Array]
    warning: Warn
    refusal: Refusal | None = None
    stated: tuple[Finding, ...] = ()


def wanted(file: ModelFile, other: ModelFile) -> bool:
    """Whether a file has weights alone, no other architecture was chosen, and the other side has one to lend."""
    chosen = next((choice.chosen for choice in file.choices if choice.name == "architecture"), None)
    return not file.runs_in and chosen in ("", FROM_OTHER) and other.runs_in in FRAMEWORKS


def stand_in(
    own: Computation,
    other: Computation,
    assignment: Assignment,
    lender: tuple[ModelFile, SideOptions],
    values: Callable[[str], Array],
    *,
    refusal: Refusal | None = None,
    stated: tuple[Finding, ...] = (),
) -> StandIn:
    """`assignment` pairs `own` (as A) with `other` (as B), which `lender` opens; `values` reads a weight of `own`,
    flat. Raises NO_PLACE where not one array has a place there, or one that differs has none."""
    weights = {weight.id: weight for layer in own.layers for weight in layer.weights}
    everything = [record for match in assignment.matches for record in match.weights]
    records = [record for record in everything if record.b and " " not in record.b]
    partners = {record.b: weights[record.a] for record in records if record.a in weights}
    lost = [record for record in everything if record.relation in UNLIKE and record.b not in partners]
    if not partners or lost:
        what = f"{lost[0].a} has no place in the other side's model" if lost else "no array has a place in it"
        raise InspectorError("NO_PLACE", what, where=lender[0].path, todo="Give the architecture of these weights.")
    constants = {
        record.b: _laid_out(values(record.a), record)
        for record in records
        if record.relation not in SAME and record.b in partners
    }
    layers = tuple(_with_weights(layer, partners) for layer in other.layers)
    needed = dict.fromkeys(weight.id for layer in other.layers for weight in layer.weights)
    count = f"{sum(name in partners for name in needed)} of {len(needed)} arrays its own"
    why = "it holds weights alone" if refusal is None else "its own framework refuses it"
    warning = Warn("RECONSTRUCTED", f"{why}: it runs as the other side's model with {count}")
    return StandIn(
        file=lender[0],
        options=lender[1],
        computation=replace(other, layers=layers),
        constants=constants,
        warning=warning,
        refusal=refusal,
        stated=stated,
    )


def _with_weights(layer: Layer, partners: Mapping[str, Weight]) -> Layer:
    """The other side's layer with the file's arrays; arrays that the file does not have are left out."""
    own = [replace(partners[weight.id], role=weight.role) for weight in layer.weights if weight.id in partners]
    return replace(layer, weights=tuple(own))


def _laid_out(values: Array, record: WeightDifference) -> Array:
    """The file's numbers in the constant's shape: as they are, or transposed when only that fits."""
    plain_a = [size for size in record.shape_a if size != 1]
    plain_b = [size for size in record.shape_b if size != 1]
    array = np.asarray(values).reshape(record.shape_a)
    turned = array.T if plain_a != plain_b and plain_a[::-1] == plain_b else array
    return np.ascontiguousarray(turned.reshape(record.shape_b))
