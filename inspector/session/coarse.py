"""What a side of a coarser precision than float32 does to its numbers: steps, ranges, rounded weights."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.match import Assignment, WeightDifference
from inspector.session.floors import EXACT, relative_error
from inspector.workers.runner_client import Loaded

Records = tuple[WeightDifference, ...]
SCALING = ("scale", "gamma")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarse:
    """One side. By tensor at which the other side is cut: `steps`, the quantization steps of its value and of
    what lies between it and the cuts before; `relative`, what the rounded weights in between add as a share of
    the value; `gains`, by how much weights that scale single values were rounded, each value is off by that times
    what is scaled; `ranges`, the least and the largest number that it can hold. `fed` are inputs that are rounded
    before anything is computed. All empty for a side in float32."""

    steps: Mapping[str, float]
    relative: Mapping[str, float]
    gains: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]
    fed: tuple[str, ...]

    def cut_off(self, tensor: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """An array of the other side where this side's range ends: what a quantized tensor cannot hold is told
        as the share of clipped values, and is no difference of the layer."""
        limits = self.ranges.get(tensor)
        return array if limits is None else np.clip(array, *limits)


def coarse(loaded: Loaded, computation: Computation, tapped: Collection[str], weights: Mapping[str, Records]) -> Coarse:
    """`tapped` are the tensors at which the other side is cut, `weights` the records by this side's layers."""
    own = {tap.tensor: tap.scale for tap in loaded.taps if tap.scale}
    if loaded.precision in EXACT and not own:
        return Coarse(steps={}, relative={}, gains={}, ranges={}, fed=())
    steps, relative, gains = {}, {}, {}
    for tensor, (inside, layers) in groups(computation, tapped).items():
        steps[tensor] = sum(own.get(item, 0.0) for item in (tensor, *inside))
        records = tuple(record for layer in layers for record in weights.get(layer, ()))
        relative[tensor] = relative_error(loaded.precision, records)
        gains[tensor] = sum(item.max_abs or 0.0 for item in records if item.role in SCALING)
    return Coarse(
        steps=steps,
        relative=relative,
        gains=gains,
        ranges=_ranges(loaded),
        fed=tuple(port.tensor for port in loaded.inputs if port.tensor in own),
    )


def groups(computation: Computation, tapped: Collection[str]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """For each tapped tensor: the tensors between it and the tapped ones before it, and the layers that make
    them and it."""
    makers = {tensor: layer for layer in computation.layers for tensor in (*layer.outputs, *layer.aliases)}
    found = {}
    for end in tapped:
        inside: dict[str, None] = {}
        layers: dict[str, None] = {}
        waiting = [end]
        while waiting:
            tensor = waiting.pop()
            layer = makers.get(tensor)
            if layer is None or layer.kind == "input" or layer.name in layers:
                continue
            layers[layer.name] = None
            between = [item for item in layer.inputs if item not in tapped and item not in inside]
            inside |= dict.fromkeys(item for item in between if makers.get(item, layer).kind != "input")
            waiting += between
        found[end] = (tuple(inside), tuple(layers))
    return found


def records_by_layer(assignment: Assignment) -> tuple[dict[str, Records], dict[str, Records]]:
    """What was found of the weights, by A's layers and by B's."""
    return _grouped((item.a, item.weights) for item in assignment.matches), _grouped(
        (item.layer_b or "", item.weights) for item in assignment.matches
    )


def _grouped(pairs: Iterable[tuple[str, Records]]) -> dict[str, Records]:
    found: dict[str, Records] = {}
    for name, records in pairs:
        found[name] = found.get(name, ()) + records
    return found


def _ranges(loaded: Loaded) -> dict[str, tuple[float, float]]:
    found = {}
    for tap in loaded.taps:
        if tap.scale and tap.stored:
            limits = np.iinfo(tap.stored)
            low, high = (tap.scale * (int(end) - tap.zero_point) for end in (limits.min, limits.max))
            found[tap.tensor] = (low, high)
    return found
