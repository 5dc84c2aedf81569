"""A Keras model laid out: nested models inlined, layers in the order of computation, and the tree of both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from inspector.domain.computation import Computation, Layer, Weight
from inspector.domain.errors import InspectorError
from inspector.domain.files import Shape
from inspector.formats.keras_config import Address, Known, LayerSpec, ModelSpec, shape_of
from inspector.formats.keras_kinds import RECURRENT, kind_of
from inspector.formats.keras_layers import settings_of
from inspector.formats.keras_ports import input_ports, output_ports
from inspector.formats.keras_shapes import output_shape

MAX_DEPTH = 100
MAX_LAYERS = 200_000
Path = tuple[str, ...]
Call = tuple[int, int]  # layer, call


@dataclass(slots=True)
class Item:
    """A layer call or a nested model as the tree shows it. `path` is unique; a run can tap it as a tensor
    when the file has a model."""

    name: str
    path: str
    class_name: str
    spec: LayerSpec
    layer: Layer | None = None
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Laid:
    """A whole model: the computation and the tree of its items."""

    computation: Computation
    items: list[Item]


def lay_out(model: ModelSpec, weights: dict[Path, tuple[Weight, ...]], major: int) -> Laid:
    """Inline a model. `weights`: by path of layer names. Raises CYCLE, TOO_DEEP, TOO_LARGE, BAD_CONFIG."""
    try:
        return _laid_out(model, weights, major)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"a layer's config is not as Keras writes it ({type(error).__name__}: {error})"
        raise InspectorError("BAD_CONFIG", what) from error


def _laid_out(model: ModelSpec, weights: dict[Path, tuple[Weight, ...]], major: int) -> Laid:
    inliner = _Inliner(weights, major)
    items: list[Item] = []
    outputs = inliner.model(model, _Place("", (), items), None)
    layers = tuple(inliner.finished())
    inputs = input_ports(layers, [name for name, _, _ in model.inputs])
    found = output_ports(layers, outputs, inliner.shapes, model.output_keys)
    return Laid(Computation(layers=layers, inputs=inputs, outputs=found), items)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a model is laid out: what stands in front of its layers' names, the names of the models around
    it, and where its items go."""

    prefix: str
    path: Path
    items: list[Item]


class _Inliner:
    def __init__(self, weights: dict[Path, tuple[Weight, ...]], major: int) -> None:
        self._weights = weights
        self._major = major
        self._layers: dict[str, Layer] = {}
        self._items: dict[str, Item] = {}
        self._aliases: dict[str, list[str]] = {}
        self.shapes: dict[str, Shape | None] = {}

    def finished(self) -> list[Layer]:
        """The layers with the aliases that nested models gave them."""
        for name, aliases in self._aliases.items():
            changed = replace(self._layers[name], aliases=tuple(aliases))
            self._layers[name] = self._items[name].layer = changed
        return list(self._layers.values())

    def model(self, model: ModelSpec, place: _Place, given: list[str] | None) -> list[str]:
        """Lay out a model that is called with the tensors `given` (None: the outermost). Its output tensors."""
        if len(place.path) > MAX_DEPTH:
            raise InspectorError("TOO_DEEP", f"models are nested more than {MAX_DEPTH} deep", where=place.prefix)
        return (self._sequential if model.sequential else self._functional)(model, place, given)

    def _sequential(self, model: ModelSpec, place: _Place, given: list[str] | None) -> list[str]:
        here = list(given) if given is not None else None
        for layer in model.layers:
            if layer.class_name == "InputLayer":
                here = here if here is not None else [self._input(layer, place)]
                continue
            if here is None:
                here = [self._input(_unstated_input(model), place)]
            here = self._call(layer, 0, 1, place, here)
        return here or []

    def _functional(self, model: ModelSpec, place: _Place, given: list[str] | None) -> list[str]:
        tensors: dict[Address, str] = {}
        widths = _widths(model)
        if given is not None:
            tensors = dict(zip(model.inputs, given, strict=False))
        places = {layer.name: number for number, layer in enumerate(model.layers)}
        for number, call in _order(model, places):
            layer = model.layers[number]
            if not layer.calls and layer.model is None:
                if (layer.name, 0, 0) not in tensors:
                    tensors[layer.name, 0, 0] = self._input(layer, place)
                continue
            taken = [_found(tensors, address, place.prefix) for address in _taken(model, (number, call))]
            made = self._call(layer, call, widths.get(layer.name, 1), place, taken)
            self._learn(layer.name, call, made, model.known)
            tensors |= {(layer.name, call, output): name for output, name in enumerate(made)}
        return [_found(tensors, address, place.prefix) for address in model.outputs]

    def _call(self, layer: LayerSpec, call: int, width: int, place: _Place, taken: list[str]) -> list[str]:
        part = f"{layer.name}@{call}" if call else layer.name
        name = f"{place.prefix}{part}"
        item = Item(part, name, layer.class_name, layer)
        place.items.append(item)
        path = (*place.path, layer.name)
        if layer.model is not None:
            made = self.model(layer.model, _Place(f"{name}/", path, item.items), taken)
            self._alias(made, name)
            return made
        return self._leaf(item, width, path, taken)

    def _learn(self, name: str, call: int, made: list[str], known: Known) -> None:
        """Shapes and dtypes that the config states are better than inferred ones."""
        for output, tensor in enumerate(made):
            shape, dtype = known.get((name, call, output), (None, ""))
            if shape is not None:
                self.shapes[tensor] = shape
            if tensor in self._layers and (shape is not None or dtype):
                layer = self._layers[tensor]
                changed = replace(layer, shape=shape or layer.shape, dtype=dtype or layer.dtype)
                self._layers[tensor] = self._items[tensor].layer = changed

    def _alias(self, made: list[str], name: str) -> None:
        """A nested model's outputs are other names of what layers inside it give."""
        for number, tensor in enumerate(made):
            if tensor in self._layers:
                self._aliases.setdefault(tensor, []).append(f"{name}:{number}" if number else name)

    def _leaf(self, item: Item, width: int, path: Path, taken: list[str]) -> list[str]:
        spec, name = item.spec, item.path
        if len(self._layers) >= MAX_LAYERS:
            raise InspectorError("TOO_LARGE", f"the model has more than {MAX_LAYERS} layer calls", where=name)
        if name in self._layers:
            raise InspectorError("BAD_CONFIG", f"two layers are named {name}", where=name)
        kind = kind_of(spec.class_name, spec.config, spec.stated)
        settings = settings_of(spec.class_name, spec.config, spec.stated, self._major)
        weights = self._weights.get(path, ())
        if kind == "gru":
            settings["reset_after"] = any(w.role == "bias" and len(w.shape) == 2 for w in weights)
        width = max(width, _states(kind, settings))
        outputs = [name, *(f"{name}:{number}" for number in range(1, width))]
        shape = output_shape(kind, settings, [self.shapes.get(tensor) for tensor in taken], weights)
        self.shapes[name] = shape
        self.shapes |= dict.fromkeys(outputs[1:], _state_shape(kind, settings, shape))
        item.layer = self._layers[name] = Layer(
            name=name,
            kind=kind,
            class_name=spec.class_name,
            settings=settings,
            weights=weights,
            inputs=tuple(dict.fromkeys(taken)),
            outputs=tuple(outputs),
            nodes=(name,),
            shape=shape,
            dtype=dtype_of(spec.config),
        )
        self._items[name] = item
        return outputs

    def _input(self, spec: LayerSpec, place: _Place) -> str:
        name = f"{place.prefix}{spec.name}"
        shape = shape_of(spec.config.get("batch_shape")) or shape_of(spec.config.get("batch_input_shape"))
        dtype = dtype_of(spec.config)
        layer = Layer(
            name=name, kind="input", class_name="InputLayer", outputs=(name,), nodes=(name,), shape=shape, dtype=dtype
        )
        self._layers[name] = layer
        self.shapes[name] = shape
        self._items[name] = Item(spec.name, name, "InputLayer", spec, layer)
        place.items.append(self._items[name])
        return name


def dtype_of(config: dict[str, Any]) -> str:
    """The dtype that a layer computes in, by its name or its policy; `float32` where nothing is said."""
    value = config.get("dtype") or config.get("input_dtype")
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner.get("name") if isinstance(inner, dict) else value.get("name")
    name = str(value or "float32")
    return name.removeprefix("mixed_")


def _states(kind: str, settings: dict[str, Any]) -> int:
    """How many outputs a recurrent layer that returns its states has."""
    if not settings.get("return_state"):
        return 1
    if kind == "bidirectional":
        return 5 if "LSTM" in str(settings.get("layer")) else 3
    lstm = kind == "lstm" or kind.startswith("conv_lstm")
    return (3 if lstm else 2) if kind in RECURRENT else 1


def _state_shape(kind: str, settings: dict[str, Any], shape: Shape | None) -> Shape | None:
    """The shape of a recurrent layer's states."""
    if kind not in ("lstm", "gru", "simple_rnn") or shape is None:
        return None
    return shape[0], settings.get("units")


def _unstated_input(model: ModelSpec) -> LayerSpec:
    """The InputLayer that Keras makes for a Sequential without one, named after its first layer."""
    first = model.layers[0]
    inner = first
    while inner.model is not None and inner.model.layers:
        inner = inner.model.layers[0]
    config = inner.config
    shape = shape_of(config.get("batch_input_shape")) or shape_of(config.get("batch_shape")) or model.input_shape
    if shape is None and isinstance(config.get("input_shape"), list):
        shape = (None, *config["input_shape"])
    if shape is None and isinstance(config.get("input_dim"), int) and inner.class_name != "Embedding":
        shape = (None, config["input_dim"])
    stated = {"batch_shape": list(shape) if shape is not None else None, "dtype": dtype_of(config)}
    return LayerSpec(f"{first.name}_input", "InputLayer", stated)


def _widths(model: ModelSpec) -> dict[str, int]:
    """How many outputs of each layer the model speaks of."""
    found: dict[str, int] = {}
    taken = [address for layer in model.layers for call in layer.calls for address in call]
    for name, _, output in [*taken, *model.outputs]:
        found[name] = max(found.get(name, 1), output + 1)
    return found


def _found(tensors: dict[Address, str], address: Address, prefix: str) -> str:
    if address not in tensors:
        name, call, output = address
        what = f"output {output} of call {call} of {name} is used, but is not in the model"
        raise InspectorError("BAD_CONFIG", what, where=f"{prefix}{name}")
    return tensors[address]


def _order(model: ModelSpec, places: dict[str, int]) -> list[Call]:
    """All calls, each after what it takes, else in the config's order. Raises CYCLE."""
    done: dict[Call, bool] = {}  # False while what it takes is being placed
    found: list[Call] = []
    starts = [(n, k) for n, layer in enumerate(model.layers) for k in range(max(1, len(layer.calls)))]
    for start in starts:
        waiting = [start]
        while waiting:
            call = waiting[-1]
            if call in done:
                waiting.pop()
                if not done[call]:
                    done[call] = True
                    found.append(call)
                continue
            done[call] = False
            needed = [(places[name], number) for name, number, _ in _taken(model, call)]
            for other in reversed(needed):
                if done.get(other) is False:
                    name = model.layers[other[0]].name
                    raise InspectorError("CYCLE", f"{name} takes what is made from its own output", where=name)
                if other not in done:
                    waiting.append(other)
    return found


def _taken(model: ModelSpec, call: Call) -> tuple[Address, ...]:
    calls = model.layers[call[0]].calls
    return calls[call[1]] if call[1] < len(calls) else ()
