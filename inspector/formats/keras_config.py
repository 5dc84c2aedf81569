"""A Keras config of any age read as one form: layers with their calls, what each call takes, inputs, outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inspector.domain.errors import InspectorError
from inspector.formats.keras_old import modern

Config = dict[str, Any]
Address = tuple[str, int, int]  # layer, call, output


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
    known: dict[Address, tuple[int | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model. In a Sequential each layer takes the one before, and `inputs` and `outputs` are empty.
    `shapes` are the output shapes that Keras 3 writes."""

    name: str
    class_name: str
    layers: tuple[LayerSpec, ...]
    inputs: tuple[Address, ...] = ()
    outputs: tuple[Address, ...] = ()
    sequential: bool = False
    trainable: bool = True
    input_shape: tuple[int | None, ...] | None = None
    shapes: dict[Address, tuple[int | None, ...]] = field(default_factory=dict)


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
    shapes: dict[Address, tuple[int | None, ...]] = {}
    if "input_layers" not in whole:
        layers = tuple(_layer(item, position, (), shapes) for position, item in enumerate(whole["layers"]))
        return ModelSpec(name, class_name, layers, sequential=True, trainable=trainable,
                         input_shape=shape_of(whole.get("build_input_shape")))
    known = {_name(item, position) for position, item in enumerate(whole["layers"])}
    calls = [_calls(item, known, shapes) for item in whole["layers"]]
    ends = [tuple(references(whole.get(key), known, shapes)) for key in ("input_layers", "output_layers")]
    offsets = _offsets(whole["layers"], calls, ends)
    layers = tuple(
        _layer(item, position, _renumbered(calls[position], offsets), shapes)
        for position, item in enumerate(whole["layers"])
    )
    inputs, outputs = (_renumbered((end,), offsets)[0] for end in ends)
    numbered = {_shifted(address, offsets): shape for address, shape in shapes.items()}
    return ModelSpec(name, class_name, layers, inputs, outputs, trainable=trainable, shapes=numbered)


def _is_layer(item: Any) -> bool:
    return isinstance(item, dict) and "class_name" in item and isinstance(item.get("config"), dict | list)


def _name(item: Config, position: int) -> str:
    config = item["config"]
    inner = config.get("name") if isinstance(config, dict) else None
    return str(item.get("name") or inner or f"{str(item['class_name']).lower()}_{position + 1}")


def _layer(item: Config, position: int, calls: tuple[tuple[Address, ...], ...], shapes: Any) -> LayerSpec:
    name = _name(item, position)
    if is_model(item):
        return LayerSpec(name, str(item["class_name"]), {}, calls, item, _model(item, name), shapes)
    class_name, config = modern(str(item["class_name"]), item["config"])
    return LayerSpec(name, class_name, config, calls, item)


def _calls(item: Config, known: set[str], shapes: Any) -> tuple[tuple[Address, ...], ...]:
    nodes = item.get("inbound_nodes") or []
    return tuple(tuple(references(node, known, shapes)) for node in nodes)


def references(
    value: Any, known: set[str], shapes: dict[Address, tuple[int | None, ...]] | None = None
) -> Iterator[Address]:
    """All tensors that a piece of config names, in order: `[layer, call, output, kwargs]` as Keras 1 and 2
    write them, `__keras_tensor__` as Keras 3 does. Dicts of tensors go by sorted key, as Keras flattens them."""
    if isinstance(value, list):
        if _is_reference(value, known):
            yield value[0], value[1], value[2]
            value = value[3:]
        for item in value:
            yield from references(item, known, shapes)
    elif isinstance(value, dict):
        history = value["config"].get("keras_history") if value.get("class_name") == "__keras_tensor__" else None
        if history is not None and _is_reference(history, known):
            address = (history[0], history[1], history[2])
            shape = shape_of(value["config"].get("shape"))
            if shapes is not None and shape is not None:
                shapes[address] = shape
            yield address
            return
        for key in value if "args" in value else sorted(value, key=str):
            yield from references(value[key], known, shapes)


def _is_reference(value: list[Any], known: set[str]) -> bool:
    shaped = (
        len(value) in (3, 4) and isinstance(value[0], str) and value[0] != "_CONSTANT_VALUE"
        and all(isinstance(number, int) and not isinstance(number, bool) for number in value[1:3])
    )
    if shaped and value[0] not in known and len(value) == 4 and isinstance(value[3], dict):
        raise InspectorError("BAD_CONFIG", f"a layer takes its input from {value[0]}, which is not in the model")
    return shaped and value[0] in known


def shape_of(value: Any) -> tuple[int | None, ...] | None:
    """A shape as configs write it (a list, or Keras 3's `{class_name: tuple, items}`); None when it is none."""
    if isinstance(value, dict):
        value = value.get("items")
    if not isinstance(value, list | tuple):
        return None
    if not all(item is None or isinstance(item, int) for item in value):
        return None
    return tuple(value)


def _offsets(items: list[Config], calls: list[Any], ends: list[Any]) -> dict[str, int]:
    """Where Keras counts a nested model's calls from 1, its own making being call 0."""
    highest: dict[str, int] = {}
    groups = [group for layer in calls for group in layer] + ends
    for address in (address for group in groups for address in group):
        highest[address[0]] = max(highest.get(address[0], 0), address[1])
    found = {}
    for position, (item, made) in enumerate(zip(items, calls, strict=True)):
        name = _name(item, position)
        found[name] = max(0, highest.get(name, 0) + 1 - max(len(made), 1))
    return found


def _shifted(address: Address, offsets: dict[str, int]) -> Address:
    return address[0], address[1] - offsets.get(address[0], 0), address[2]


def _renumbered(
    calls: tuple[tuple[Address, ...], ...], offsets: dict[str, int]
) -> tuple[tuple[Address, ...], ...]:
    return tuple(tuple(_shifted(address, offsets) for address in call) for call in calls)
