"""What a recording holds, whatever file it lies in, and the computation that it tells of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from inspector.domain.computation import Computation, Layer, Port
from inspector.domain.files import Shape, Warn
from inspector.formats.keras_kinds import kind_of
from inspector.formats.keras_layers import settings_of

NO_CONFIG = (TypeError, ValueError, AttributeError, KeyError, RecursionError)  # what a damaged one leads to


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A recorded array: `shape` as it was recorded, samples first; `dtype` as the framework had it."""

    name: str
    value_id: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLayer:
    """A layer call with its recorded outputs; `inputs` are tensor names where the recording states them, and
    `config` is the Keras layer's own."""

    name: str
    class_name: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[Kept, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Inputs and outputs in the model's order, layers in the order of computation. `major` is the version of
    the Keras that recorded."""

    inputs: tuple[Kept, ...]
    outputs: tuple[Kept, ...]
    layers: tuple[KeptLayer, ...]
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[Warn, ...] = ()
    major: int = 2

    @property
    def samples(self) -> int | None:
        """How many samples were recorded, None where the inputs do not agree on it."""
        counts = {kept.shape[0] if kept.shape else None for kept in self.inputs}
        return counts.pop() if len(counts) == 1 else None


def computation_of(recorded: Recorded) -> Computation:
    """Input layers, the recorded layers, and a layer of its own for every output that is none of theirs.

    Names are unique: of two that are called the same, the first one stays."""
    layers: dict[str, Layer] = {}
    for layer in (*_inputs(recorded), *_layers(recorded), *_outputs(recorded)):
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


def _layers(recorded: Recorded) -> list[Layer]:
    return [_layer(layer, recorded.major) for layer in recorded.layers]


def _layer(layer: KeptLayer, major: int) -> Layer:
    first = layer.outputs[0]
    return Layer(
        name=layer.name,
        kind=kind_in(layer),
        class_name=layer.class_name,
        settings=_settings(layer, major),
        inputs=layer.inputs,
        outputs=tuple(kept.name for kept in layer.outputs),
        aliases=layer.aliases,
        shape=first.shape,
        dtype=first.dtype,
    )


def _settings(layer: KeptLayer, major: int) -> dict[str, Any]:
    """None where the config is not what Keras writes."""
    try:
        return settings_of(layer.class_name, layer.config, {}, major) if layer.config else {}
    except NO_CONFIG:
        return {}


def kind_in(layer: KeptLayer) -> str:
    """An activation of which nobody says which one it is could be anything."""
    try:
        kind = kind_of(layer.class_name, layer.config, {})
    except NO_CONFIG:
        return "other"
    return "other" if kind == "activation" and not layer.config else kind


def _outputs(recorded: Recorded) -> list[Layer]:
    given = {kept.name for layer in recorded.layers for kept in layer.outputs}
    apart = [KeptLayer(name=kept.name, outputs=(kept,)) for kept in recorded.outputs if kept.name not in given]
    return [_layer(layer, recorded.major) for layer in apart]


def _port(kept: Kept, samples: int | None) -> Port:
    return Port(name=kept.name, tensor=kept.name, shape=_open(kept.shape, samples), dtype=kept.dtype)


def _open(shape: Shape | None, samples: int | None) -> Shape | None:
    """The first axis counts samples, and fewer of them may be asked for."""
    return (None, *shape[1:]) if shape and samples is not None and shape[0] == samples else shape
