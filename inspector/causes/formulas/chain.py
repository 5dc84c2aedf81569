"""A layer without a tensor of its own in B is told by the next one that has: both are computed one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspector.causes.case import Array, Case, Sample
from inspector.causes.formulas.compute import compute
from inspector.causes.formulas.weights import roles
from inspector.domain.computation import Layer

MOST_BEHIND = 8
MOST_WORK = 1e8


@dataclass(frozen=True, slots=True)
class Behind:
    """A layer that reads what the one before it gives, at `place` among its inputs."""

    layer: Layer
    weights: Mapping[str, Array]
    inputs: tuple[Array, ...]
    place: int

    def __call__(self, value: Array) -> Array | None:
        read = [value if at == self.place else array for at, array in enumerate(self.inputs)]
        return compute(self.layer, read, self.weights)


def chain(case: Case, layer: Layer) -> tuple[Sample, tuple[Behind, ...]] | None:
    """What the layer reads, the layers behind it, and both sides' values of the last of these, which differ.

    None where that is not known, or where more than one layer reads what this one gives."""
    steps = _steps(case, layer)
    last = case.sample(steps[-1].name) if steps else None
    inputs = [value_of(case, tensor) for tensor in layer.inputs] if last is not None else []
    known = [array for array in inputs if array is not None]
    if last is None or not known or len(known) < len(inputs):
        return None
    behind: list[Behind] = []
    tensor = layer.outputs[0]
    for step in steps:
        read = _read(case, step, tensor)
        if read is None or _work(step, known[0]) > MOST_WORK:
            return None
        others = tuple(np.asarray(array, np.float64) for array in read)
        behind.append(Behind(step, roles(case, step), others, step.inputs.index(tensor)))
        tensor = step.outputs[0]
    return Sample(inputs=tuple(known), a=last.a, b=last.b, noise_floor=last.noise_floor), tuple(behind)


def _steps(case: Case, layer: Layer) -> list[Layer]:
    """The layers behind, up to the first one that was compared; empty unless that one differs."""
    status = {item.a: item.status for item in case.layers}
    found: list[Layer] = []
    at = layer
    while len(found) < MOST_BEHIND:
        following = _only_reader(case, at)
        if following is None or following.settings.get("data_format") == "channels_first":
            return []
        found.append(following)
        if status.get(following.name) != "not-compared":
            return found if status.get(following.name) == "different" else []
        at = following
    return []


def _only_reader(case: Case, layer: Layer) -> Layer | None:
    found = [other for other in case.a.computation.layers if set(layer.outputs[:1]) & set(other.inputs)]
    return found[0] if len(found) == 1 else None


def _read(case: Case, layer: Layer, tensor: str) -> tuple[Array, ...] | None:
    """What a layer reads besides this tensor, in whose place stands nothing."""
    arrays = [np.zeros(0) if name == tensor else value_of(case, name) for name in layer.inputs]
    known = [array for array in arrays if array is not None]
    return tuple(known) if len(known) == len(arrays) else None


def isolated(case: Case, layer: Layer) -> bool:
    """Whether all that a layer reads has a tensor in B, so that what it introduces cannot be due to layers above."""
    lost = {item.a for item in case.layers if item.status == "not-compared" and not _fed(case, item.a)}
    makers = {tensor: other.name for other in case.a.computation.layers for tensor in other.outputs}
    return not any(makers.get(tensor) in lost for tensor in layer.inputs)


def _fed(case: Case, name: str) -> bool:
    layer = case.layer_a.get(name)
    return layer is not None and layer.kind == "input"


def value_of(case: Case, tensor: str) -> Array | None:
    """A's values of a tensor, where a layer that was compared gives it, or the model is fed with it."""
    compared = {item.a for item in case.layers if item.status != "not-compared"}
    for layer in case.a.computation.layers:
        if layer.name in compared and (tensor in layer.outputs[:1] or tensor in layer.aliases):
            sample = case.sample(layer.name)
            if sample is not None:
                return sample.a
    return next((pair.array_a for pair in case.inputs if pair.a.tensor == tensor), None)


def _work(layer: Layer, x: Array) -> float:
    """Multiplications, as if every kernel were used at every place of the first layer's input."""
    kernels = sum(float(np.prod(weight.shape)) for weight in layer.weights if weight.role.endswith("kernel"))
    return kernels * x.size / max(x.shape[-1], 1) if x.ndim > 2 else kernels * len(x)


def through(behind: Sequence[Behind], value: Array | None) -> Array | None:
    """A value after all the layers behind."""
    for step in behind:
        value = step(value) if value is not None else None
    return value
