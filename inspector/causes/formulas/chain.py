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
    inputs = [value_of(case, tensor) for tensor in layer.inputs]
    known = [array for array in inputs if array is not None]
    if not known or len(known) < len(inputs):
        return None
    rows = {item.a: item for item in case.layers}
    behind: list[Behind] = []
    at = layer
    for _ in range(MOST_BEHIND):
        following = _only_reader(case, at)
        if following is None or following.name not in rows or following.settings.get("data_format") == "channels_first":
            return None
        tensor, sample = at.outputs[0], case.sample(following.name)
        read = sample.inputs if sample is not None else _read(case, following, tensor)
        if read is None or _work(following, known[0]) > MOST_WORK:
            return None
        others = tuple(np.asarray(array, np.float64) for array in read)
        behind.append(Behind(following, roles(case, following), others, following.inputs.index(tensor)))
        if sample is not None:
            status = rows[following.name].status
            found = Sample(inputs=tuple(known), a=sample.a, b=sample.b, noise_floor=sample.noise_floor)
            return (found, tuple(behind)) if status == "different" else None
        at = following
    return None


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
    lost = {item.a for item in case.layers if item.b is None}
    makers = {tensor: other.name for other in case.a.computation.layers for tensor in other.outputs}
    return not any(makers.get(tensor) in lost for tensor in layer.inputs)


def value_of(case: Case, tensor: str) -> Array | None:
    """A's values of a tensor, where a layer that was compared gives it, or the model is fed with it."""
    for layer in case.a.computation.layers:
        if tensor in layer.outputs[:1] or tensor in layer.aliases:
            sample = case.sample(layer.name) if layer.kind != "input" else None
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
