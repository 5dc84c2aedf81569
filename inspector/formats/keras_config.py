"""A Keras config of any age read as one form: layers with their calls, what each call takes, inputs, outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inspector.domain.errors import InspectorError
from inspector.domain.files import Shape
from inspector.formats.keras_old import modern

Config = dict[str, Any]
Address = tuple[str, int, int]  # layer, call, output
Calls = tuple[tuple[Address, ...], ...]
Known = dict[Address, tuple[Shape | None, str]]  # what Keras 3 says of tensors: shape and dtype


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer of a model: its own config, and what each of its calls takes (`calls[k]`). A layer that is
    a model itself has a `model`."""

    name: str
    class_name: str
    config: Config
    calls: tuple[tuple[Address, ...], ...] = ()
    stated: Config = field(default_factory=dict)
    model: ModelSpec | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model. In a Sequential each layer takes the one before, and `inputs` and `outputs` are empty.
    `known` is what Keras 3 writes about tensors, `output_keys` the names of the outputs in a dict."""

    name: str
    class_name: str
    layers: tuple[LayerSpec, ...]
    inputs: tuple[Address, ...] = ()
    outputs: tuple[Address, ...] = ()
    sequential: bool = False
    trainable: bool = True
    input_shape: Shape | None = None
    known: Known = field(default_factory=dict)
    output_keys: tuple[str, ...] = ()


def is_model(stated: Any) -> bool:
    """Whether a layer's entry in a config is a model: it has layers of its own."""
    config = stated.get("config") if isinstance(stated, dict) else None
    if isinstance(config, list):
        return True
    layers = config.get("layers") if isinstance(config, dict) else None
    return isinstance(layers, list) and stated.get("class_name") != "Merge" and all(map(_is_layer, layers))


def model_spec(stated: Config, default_name: str = "model") -> ModelSpec:
    """The model of a config `{class_name, config}`. Raises BAD_CONFIG where it is none, TOO_DEEP."""
    try:
        return _model(stated, default_name)
    except RecursionError as error:
        raise InspectorError("TOO_DEEP", "models are nested too deeply to read") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"the model's config is not as Keras writes it ({type(error).__name__}: {error})"
        raise InspectorError("BAD_CONFIG", what) from error


def _model(stated: Config, default_name: str) -> ModelSpec:
    config, class_name = stated.get("config"), str(stated.get("class_name", ""))
    if not is_model(stated):
        raise InspectorError("BAD_CONFIG", f"a {class_name or 'nameless class'} is no model with layers")
    whole: Config = {"layers": config} if isinstance(config, list) else dict(config or {})
    name = str(whole.get("name") or default_name)
    trainable = whole.get("trainable", True) is not False
    tensors: Known = {}
    if "input_layers" not in whole:
        layers = tuple(_layer(item, position, ()) for position, item in enumerate(whole["layers"]))
        return ModelSpec(
            name,
            class_name,
            layers,
            sequential=True,
            trainable=trainable,
            input_shape=shape_of(whole.get("build_input_shape")),
        )
    names = {_name(item, position) for position, item in enumerate(whole["layers"])}
    calls = [_calls(item, names, tensors) for item in whole["layers"]]
    ends = tuple(tuple(references(whole.get(key), names, tensors)) for key in ("input_layers", "output_layers"))
    inside, outside = _offsets(whole["layers"], calls, ends)
    layers = tuple(
        _layer(item, position, _renumbered(calls[position], inside)) for position, item in enumerate(whole["layers"])
    )
    inputs, outputs = _renumbered(ends, outside)
    keys = _keys(whole["output_layers"], outputs) if "output_layers" in whole else ()
    return ModelSpec(name, class_name, layers, inputs, outputs, trainable=trainable, known=tensors, output_keys=keys)


def _keys(stated: Any, outputs: tuple[Address, ...]) -> tuple[str, ...]:
    """The key of each output where a model gives a dict of them; empty where it gives a list."""
    if not isinstance(stated, dict) or stated.get("class_name") == "__keras_tensor__":
        return ()
    return tuple(sorted(map(str, stated))) if len(stated) == len(outputs) else ()


def _is_layer(item: Any) -> bool:
    return isinstance(item, dict) and "class_name" in item and isinstance(item.get("config"), dict | list)


def _name(item: Config, position: int) -> str:
    config = item["config"]
    inner = config.get("name") if isinstance(config, dict) else None
    return str(item.get("name") or inner or f"{str(item['class_name']).lower()}_{position + 1}")


def _layer(item: Config, position: int, calls: Calls) -> LayerSpec:
    name = _name(item, position)
    if is_model(item):
        return LayerSpec(name, str(item["class_name"]), {}, calls, item, _model(item, name))
    class_name, config = modern(str(item["class_name"]), item["config"])
    return LayerSpec(name, class_name, config, calls, item)


def _calls(item: Config, names: set[str], tensors: Known) -> Calls:
    nodes = item.get("inbound_nodes") or []
    return tuple(tuple(references(node, names, tensors)) for node in nodes)


def references(value: Any, names: set[str], tensors: Known) -> Iterator[Address]:
    """All tensors that a piece of config names, in order: `[layer, call, output, kwargs]` as Keras 1 and 2
    write them, `__keras_tensor__` as Keras 3 does. Dicts of tensors go by sorted key, as Keras flattens them."""
    if isinstance(value, list):
        if _is_reference(value, names):
            yield value[0], value[1], value[2]
            value = value[3:]
        for item in value:
            yield from references(item, names, tensors)
    elif isinstance(value, dict):
        history = value["config"].get("keras_history") if value.get("class_name") == "__keras_tensor__" else None
        if history is not None and _is_reference(history, names):
            address = (history[0], history[1], history[2])
            tensors[address] = shape_of(value["config"].get("shape")), str(value["config"].get("dtype") or "")
            yield address
            return
        for key in value if "args" in value else sorted(value, key=str):
            yield from references(value[key], names, tensors)


def _is_reference(value: list[Any], names: set[str]) -> bool:
    shaped = (
        len(value) in (3, 4)
        and isinstance(value[0], str)
        and value[0] != "_CONSTANT_VALUE"
        and all(isinstance(number, int) and not isinstance(number, bool) for number in value[1:3])
    )
    if shaped and value[0] not in names and len(value) == 4 and isinstance(value[3], dict):
        raise InspectorError("BAD_CONFIG", f"a layer takes its input from {value[0]}, which is not in the model")
    return shaped and value[0] in names


def shape_of(value: Any) -> Shape | None:
    """A shape as configs write it (a list, or Keras 3's `{class_name: tuple, items}`); None when it is none."""
    if isinstance(value, dict):
        value = value.get("items")
    if not isinstance(value, list | tuple):
        return None
    if not all(item is None or isinstance(item, int) for item in value):
        return None
    return tuple(value)


def _offsets(items: list[Config], calls: list[Calls], ends: Calls) -> tuple[dict[str, int], dict[str, int]]:
    """Where a nested model's calls are counted from 1, its own making being call 0: in the layers' calls, and
    in the model's inputs and outputs. Keras 2 does so in both, Keras 3 in the second only."""
    if any(isinstance(node, dict) and "args" in node for item in items for node in item.get("inbound_nodes") or ()):
        functional = [position for position, item in enumerate(items) if _is_functional(item)]
        return {}, {_name(items[position], position): 1 for position in functional}
    highest: dict[str, int] = {}
    groups = [group for layer in calls for group in layer] + list(ends)
    for name, call, _ in (address for group in groups for address in group):
        highest[name] = max(highest.get(name, 0), call)
    found = {}
    for position, (item, made) in enumerate(zip(items, calls, strict=True)):
        name = _name(item, position)
        found[name] = max(0, highest.get(name, 0) + 1 - max(len(made), 1))
    return found, found


def _is_functional(item: Config) -> bool:
    return is_model(item) and isinstance(item["config"], dict) and "input_layers" in item["config"]


def _renumbered(calls: Calls, offsets: dict[str, int]) -> Calls:
    return tuple(tuple((name, call - offsets.get(name, 0), output) for name, call, output in taken) for taken in calls)
