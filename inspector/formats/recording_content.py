"""What a recording holds, whatever file it lies in, and the computation that it tells of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from inspector.domain.computation import Computation, Layer, Port
from inspector.domain.files import Shape, Warn
from inspector.formats.keras_kinds import kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A recorded array: `shape` as it was recorded, samples first; `dtype` as the framework had it."""

    name: str
    value_id: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLayer:
    """A layer call with its recorded outputs; `inputs` are tensor names where the recording states them."""

    name: str
    class_name: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[Kept, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Inputs and outputs in the model's order, layers in the order of computation."""

    inputs: tuple[Kept, ...]
    outputs: tuple[Kept, ...]
    layers: tuple[KeptLayer, ...]
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[Warn, ...] = ()

    @property
    def samples(self) -> int | None:
        """How many samples were recorded, None where the inputs do not agree on it."""
        counts = {kept.shape[0] if kept.shape else None for kept in self.inputs}
        return counts.pop() if len(counts) == 1 else None


def computation_of(recorded: Recorded) -> Computation:
    """Input layers, the recorded layers, and a layer of its own for every output that is none of theirs.

    Names are unique: of two that are called the same, the first one stays."""
    layers: dict[str, Layer] = {}
    for layer in (*_inputs(recorded), *map(_layer, recorded.layers), *_outputs(recorded)):
        layers.setdefault(layer.name, layer)
    tensors = {tensor for layer in layers.values() for tensor in layer.outputs}
    linked = (replace(layer, inputs=_known(layer.inputs, tensors)) for layer in layers.values())
    samples = recorded.samples
    return Computation(
        layers=tuple(replace(layer, shape=_open(layer.shape, samples)) for layer in linked),
        inputs=tuple(_port(kept, samples) for kept in recorded.inputs),
        outputs=tuple(_port(kept, samples) for kept in recorded.outputs),
    )


def _known(names: Iterable[str], tensors: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in tensors)


def _inputs(recorded: Recorded) -> list[Layer]:
    return [
        Layer(name=kept.name, kind="input", class_name="InputLayer", outputs=(kept.name,), shape=kept.shape,
              dtype=kept.dtype)
        for kept in recorded.inputs
    ]  # fmt: skip


def _layer(layer: KeptLayer) -> Layer:
    first = layer.outputs[0]
    return Layer(
        name=layer.name,
        kind=kind_of(layer.class_name, {}, {}),
        class_name=layer.class_name,
        inputs=layer.inputs,
        outputs=tuple(kept.name for kept in layer.outputs),
        aliases=layer.aliases,
        shape=first.shape,
        dtype=first.dtype,
    )


def _outputs(recorded: Recorded) -> list[Layer]:
    given = {kept.name for layer in recorded.layers for kept in layer.outputs}
    return [_layer(KeptLayer(name=kept.name, outputs=(kept,))) for kept in recorded.outputs if kept.name not in given]


def _port(kept: Kept, samples: int | None) -> Port:
    return Port(name=kept.name, tensor=kept.name, shape=_open(kept.shape, samples), dtype=kept.dtype)


def _open(shape: Shape | None, samples: int | None) -> Shape | None:
    """The first axis counts samples, and fewer of them may be asked for."""
    return (None, *shape[1:]) if shape and samples is not None and shape[0] == samples else shape
