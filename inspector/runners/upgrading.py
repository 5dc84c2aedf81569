"""Configs that Keras 1 and early Keras 2 wrote, put into the words that legacy Keras reads; each change is noted."""

import copy
from collections import OrderedDict
from typing import Any, Dict, List

from .server import RequestError
from .upgrading_words import (
    CLASSES,
    GONE,
    INITIALIZERS,
    KEYS,
    KEYS_OF,
    MERGES,
    TOGETHER,
    VALUES,
    WITHOUT_EFFECT,
)

Config = Dict[str, Any]


class Changes:
    """What was changed, with the layers where."""

    def __init__(self) -> None:
        self._layers: Dict[str, List[str]] = OrderedDict()

    def note(self, what: str, layer: str) -> None:
        self._layers.setdefault(what, []).append(layer)

    def texts(self) -> List[str]:
        """One for each kind of change, with how often and where first."""
        return ["{} ({})".format(what, _where(layers)) for what, layers in self._layers.items()]

    def warnings(self, code: str = "KERAS_UPGRADED") -> List[Dict[str, str]]:
        return [{"code": code, "text": text} for text in self.texts()]


def _where(layers: List[str]) -> str:
    distinct = list(OrderedDict.fromkeys(layers))
    return (
        "layer {}".format(distinct[0])
        if len(distinct) == 1
        else "{} layers, first {}".format(len(distinct), distinct[0])
    )


def upgraded(config: Config, changes: Changes) -> Config:
    """A copy of a model's config, whole. What is modern already stays as it is."""
    found: Config = copy.deepcopy(config)
    _model(found, changes)
    return found


def is_model(entry: Any) -> bool:
    """Whether a config is a model's: a list of layers, or layers under that name."""
    config = entry.get("config") if isinstance(entry, dict) else None
    if isinstance(config, list):
        return True
    return isinstance(config, dict) and isinstance(config.get("layers"), list) and entry.get("class_name") != "Merge"


def _model(entry: Config, changes: Changes) -> None:
    config = entry["config"]
    layers = config if isinstance(config, list) else config["layers"]
    for layer in layers:
        (_model if is_model(layer) else _layer)(layer, changes)
    is_sequential = isinstance(config, list) or "input_layers" not in config
    if is_sequential and layers and not is_model(layers[0]):
        _state_the_input(layers, changes)


def _state_the_input(layers: List[Config], changes: Changes) -> None:
    """An input's dtype stood in the first layer, where Keras 2 would take it for the layer's own."""
    first = layers[0]
    config = first["config"]
    if first["class_name"] == "InputLayer" or "_input_dtype" not in config:
        return
    name = "{}_input".format(config.get("name", "layer"))
    shape = config.pop("batch_input_shape", None)
    stated = {"batch_input_shape": shape, "dtype": config.pop("_input_dtype"), "name": name}
    if shape is not None:
        layers.insert(0, {"class_name": "InputLayer", "config": stated})
        changes.note("the input's shape and input_dtype stated by an InputLayer", config.get("name", ""))


def _layer(entry: Config, changes: Changes) -> None:
    config = entry.get("config")
    if not isinstance(config, dict):
        return
    name = str(config.get("name") or entry.get("name") or entry.get("class_name"))
    _class(entry, name, changes)
    _words(entry["class_name"], config, name, changes)
    if entry["class_name"] == "GRU" and "reset_after" not in config:
        config["reset_after"] = False
        changes.note("reset_after=False stated: older GRUs have no second bias", name)
    inner = config.get("layer")
    if isinstance(inner, dict) and "class_name" in inner:
        (_model if is_model(inner) else _layer)(inner, changes)


def _class(entry: Config, name: str, changes: Changes) -> None:
    old, config = entry["class_name"], entry["config"]
    if old == "Merge":
        _merge(entry, name)
    elif old in ("CuDNNLSTM", "CuDNNGRU"):
        _leave_the_gpu(entry)
    elif old == "BatchNormalization" and config.get("mode", 0):
        entry["class_name"] = "ModalBatchNormalization"
    elif old in CLASSES:
        entry["class_name"] = CLASSES[old]
        if old == "Deconvolution2D":
            config.pop("output_shape", None)
    if old == "BatchNormalization" and config.get("mode") == 0:
        del config["mode"]
        changes.note("mode=0 left out of BatchNormalization, which knows no other now", name)
    if entry["class_name"] != old:
        changes.note("{} read as {}".format(old, entry["class_name"]), name)
    elif old in GONE:
        changes.note("{}, which Keras 2 dropped, computed as Keras 1 did".format(old), name)


def _merge(entry: Config, name: str) -> None:
    """A layer that merges by a mode. Raises UNSUPPORTED_LAYER for code and for branches inside it."""
    old = entry["config"]
    mode = old.get("mode")
    if mode not in MERGES or old.get("layers"):
        what = "Merge with branches inside it" if mode in MERGES else "Merge by a function of the author's"
        todo = "Run it in a Python that has Keras 1 (--python)."
        raise RequestError("UNSUPPORTED_LAYER", what + " cannot be rebuilt", name, todo)
    entry["class_name"] = MERGES[mode]
    config = {"name": name}
    if mode == "concat":
        config["axis"] = old.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        config["axes"] = old.get("dot_axes", -1)
    entry["config"] = config


def _leave_the_gpu(entry: Config) -> None:
    """CuDNN's layers compute on a GPU only; the plain ones take their weights and give the same numbers."""
    entry["class_name"] = entry["class_name"][len("CuDNN") :]
    entry["config"].update(activation="tanh", recurrent_activation="sigmoid", use_bias=True)
    if entry["class_name"] == "GRU":
        entry["config"]["reset_after"] = True


def _words(class_name: str, config: Config, name: str, changes: Changes) -> None:
    renamed = dict(KEYS, **KEYS_OF.get(class_name, {}))
    if class_name in GONE:
        renamed = {"input_dtype": "dtype"}
    for old, new in renamed.items():
        if old in config and old != new:
            value = config.pop(old)
            key = "_input_dtype" if old == "input_dtype" and class_name != "InputLayer" else new
            config.setdefault(key, value)
            if key == new:
                changes.note("{} read as {}".format(old, new), name)
    _together(config, name, changes)
    _values(config, name, changes)
    _drop(class_name, config, name, changes)


def _together(config: Config, name: str, changes: Changes) -> None:
    for keys, new in TOGETHER:
        if all(key in config for key in keys):
            config[new] = [config.pop(key) for key in keys]
            changes.note("{} read as {}".format(", ".join(keys), new), name)


def _values(config: Config, name: str, changes: Changes) -> None:
    for key, value in list(config.items()):
        table = INITIALIZERS if key.endswith("_initializer") else VALUES.get(key, {})
        if isinstance(value, str) and value in table:
            config[key] = table[value]
            changes.note("{} {} read as {}".format(key, value, table[value]), name)


def _drop(class_name: str, config: Config, name: str, changes: Changes) -> None:
    """Keys that say nothing about what is computed, and regularizers as Keras 1 wrote them."""
    dropped = set(WITHOUT_EFFECT if class_name not in GONE else ()) & set(config)
    dropped.update(key for key, value in config.items() if _is_old_penalty(key, value))
    if class_name == "Embedding":
        dropped.update({"dropout"} & set(config))
    else:
        dropped.update({"input_dim", "input_length"} & set(config))
    for key in dropped:
        del config[key]
    if dropped:
        changes.note("left out, without effect on a run: {}".format(", ".join(sorted(dropped))), name)


def _is_old_penalty(key: str, value: Any) -> bool:
    """A regularizer or constraint that names its class by `name`."""
    return key.endswith(("_regularizer", "_constraint")) and isinstance(value, dict) and "name" in value
