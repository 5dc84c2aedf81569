"""The settings of a Keras layer, of any age, in one vocabulary."""

from __future__ import annotations

import re
from typing import Any

from inspector.formats.keras_kinds import Config, kind_of
from inspector.formats.keras_operations import is_operation, operation_settings

_CHANGED_NAMES = {"silu": "swish", "hard_silu": "hard_swish"}
# our word -> the words of the configs
_SAME = (
    "filters",
    "units",
    "strides",
    "padding",
    "groups",
    "data_format",
    "use_bias",
    "epsilon",
    "momentum",
    "max_value",
    "threshold",
    "pool_size",
    "keepdims",
    "interpolation",
    "rate",
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "reset_after",
    "input_dim",
    "output_dim",
    "center",
    "scale",
    "kernel_size",
    "depth_multiplier",
    "target_shape",
    "dims",
    "n",
    "size",
    "merge_mode",
    "axes",
    "normalize",
    "cropping",
    "offset",
    "output_padding",
    "num_heads",
    "key_dim",
    "value_dim",
    "mask_zero",
    "mask_value",
    "height",
    "width",
    "time_major",
    "mean",
    "variance",
    "equation",
    "use_scale",
    "invert",
    "output_size",
)
_RENAMED = (("dilation", "dilation_rate"), ("axis", "axis"))


def settings_of(class_name: str, config: Config, stated: Config, major: int) -> Config:
    """Settings in the vocabulary of the design; lists as tuples. `major` is the Keras that wrote them."""
    kind = kind_of(class_name, config, stated)
    wrapped = _inner(config, "cell") if class_name == "RNN" else _inner(config, "layer")
    found: Config = {}
    if kind in ("bidirectional", "time_distributed") or class_name == "RNN":
        inner = wrapped.get("config") if isinstance(wrapped.get("config"), dict) else {}
        found = settings_of(str(wrapped.get("class_name", "")), dict(inner or {}), wrapped, major)
        found["layer"] = str(wrapped.get("class_name", ""))
        found["layer_kind"] = kind if class_name == "RNN" else kind_of(found["layer"], dict(inner or {}), wrapped)
    found |= {name: _plain(config[name]) for name in _SAME if config.get(name) is not None}
    found |= {name: _plain(config[key]) for name, key in _RENAMED if config.get(key) is not None}
    for name in ("activation", "recurrent_activation"):
        if name in config:
            found[name] = activation_name(config[name], major)
    _special(class_name, kind, config, found)
    if is_operation(class_name, stated):
        found |= operation_settings(class_name, kind, config, stated)
    return found


def activation_name(value: Any, major: int) -> str:
    """The name of an activation: a string, a function or an activation layer in a dict, None is linear."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner if isinstance(inner, str) else _snake(str(value.get("class_name", "")))
        if isinstance(inner, dict) and value == "re_lu":
            return "relu6" if inner.get("max_value") == 6 else "relu"
        value = {"re_lu": "relu", "leaky_re_lu": "leaky_relu", "p_re_lu": "prelu"}.get(value, value)
    name = str(value) if value else "linear"
    if name == "hard_sigmoid" and major >= 3:
        return "hard_sigmoid_3"
    return _CHANGED_NAMES.get(name, name)


def _special(class_name: str, kind: str, config: Config, found: Config) -> None:
    """What depends on the class: pools, slopes, defaults that old configs leave out."""
    if kind in ("pool", "global_pool"):
        found["pool"] = "max" if "Max" in class_name else "average"
        if "pool_size" in found:
            found.setdefault("strides", found["pool_size"])
    if class_name == "ReLU":
        found |= _relu(config)
    elif class_name == "ThresholdedReLU":
        found |= {"activation": "thresholded_relu", "threshold": _number(config.get("theta"), 1.0)}
    elif kind == "leaky_relu":
        found |= {"activation": "leaky_relu", "slope": _number(_either(config, "negative_slope", "alpha"), 0.3)}
    elif kind == "elu":
        found |= {"activation": "elu", "slope": _number(config.get("alpha"), 1.0)}
    elif kind == "softmax":
        found |= {"activation": "softmax"}
    elif found.get("activation") == "leaky_relu":
        found["slope"] = _leak(config.get("activation"))
    if kind in ("batch_norm", "layer_norm", "group_norm"):
        found.setdefault("epsilon", 1e-3)
    if class_name == "CuDNNLSTM":
        found |= {"activation": "tanh", "recurrent_activation": "sigmoid"}
    elif class_name == "CuDNNGRU":
        found |= {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True}


def _relu(config: Config) -> Config:
    slope = _number(config.get("negative_slope"), 0.0)
    threshold, limit = _number(config.get("threshold"), 0.0), config.get("max_value")
    if slope and limit is None:
        return {"activation": "leaky_relu", "slope": slope}
    if limit == 6 and not slope and not threshold:
        return {"activation": "relu6", "max_value": 6.0}
    found: Config = {"activation": "relu"}
    found |= {"slope": slope} if slope else {}
    return found if limit is None else found | {"max_value": _number(limit, 0.0)}


def _leak(activation: Any) -> float:
    """The slope of a leaky activation: of the layer that stands in its place, or of Keras's function."""
    inner = activation.get("config") if isinstance(activation, dict) else None
    return _number(_either(inner, "negative_slope", "alpha"), 0.3) if isinstance(inner, dict) else 0.2


def _inner(config: Config, key: str) -> Config:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _either(config: Config, *keys: str) -> Any:
    return next((config[key] for key in keys if config.get(key) is not None), None)


def _number(value: Any, default: float) -> float:
    """A number that old Keras may have written as an array's config `{type: ndarray, value: ...}`."""
    if isinstance(value, dict):
        value = value.get("value")
    return float(value) if isinstance(value, int | float) else default


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and "items" in value:
        value = value["items"]
    return tuple(_plain(item) for item in value) if isinstance(value, list) else value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
