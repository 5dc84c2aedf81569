"""The computation of a live Keras model, as the contract words it: what the reader of `.h5` says of its file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from inspector.domain.computation import Computation, Layer, Port, Weight

KINDS = {
    "Conv1D": "conv1d", "Conv2D": "conv2d", "Conv3D": "conv3d", "Conv2DTranspose": "conv2d_transpose",
    "Conv1DTranspose": "conv1d_transpose", "DepthwiseConv2D": "depthwise_conv2d",
    "SeparableConv2D": "separable_conv2d", "SeparableConv1D": "separable_conv1d", "Dense": "dense",
    "BatchNormalization": "batch_norm", "LayerNormalization": "layer_norm", "GroupNormalization": "group_norm",
    "Activation": "activation", "ReLU": "activation", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ELU": "elu",
    "Softmax": "softmax", "Flatten": "flatten", "Reshape": "reshape", "Permute": "permute",
    "RepeatVector": "repeat", "Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Average": "average",
    "Maximum": "maximum", "Minimum": "minimum", "Concatenate": "concat", "Dot": "dot", "Embedding": "embedding",
    "LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn", "ConvLSTM2D": "conv_lstm2d",
    "Bidirectional": "bidirectional", "TimeDistributed": "time_distributed", "Attention": "attention",
    "MultiHeadAttention": "multi_head_attention", "InputLayer": "input", "Rescaling": "rescaling",
    "Normalization": "normalization", "Lambda": "lambda", "Masking": "masking",
}
SETTINGS = ("filters", "units", "strides", "padding", "activation", "recurrent_activation", "use_bias", "epsilon",
            "axis", "return_sequences", "go_backwards", "reset_after", "center", "scale", "offset", "pool_size", "rate",
            "keepdims", "data_format", "num_heads", "key_dim")


def computation(model: Any) -> Computation:
    """Layers in the order in which Keras calls them, nested models inlined."""
    model = getattr(model, "_functional", None) or model
    names: dict[int, str] = {}
    layers = list(_layers(model, "", names))
    return Computation(layers=tuple(layers), inputs=tuple(_ports(model.inputs, names)),
                       outputs=tuple(_ports(model.outputs, names)))


def weights(model: Any) -> dict[str, np.ndarray]:
    """Every weight's value by the id that the computation gives it."""
    found = {}
    for layer in model._flatten_layers() if hasattr(model, "_flatten_layers") else [model]:
        for variable in layer.weights:
            found[str(id(variable))] = np.asarray(variable)
    return found


def _layers(model: Any, prefix: str, names: dict[int, str]) -> Iterator[Layer]:
    """`names` maps Keras tensors to tensor names; a nested model's own tensors get theirs for each call anew."""
    calls: dict[str, int] = {}
    for node in _nodes(model):
        layer = getattr(node, "operation", None) or node.layer
        index = calls.get(layer.name, 0)
        calls[layer.name] = index + 1
        path = prefix + layer.name + (f"@{index}" if index else "")
        outputs, inputs = _tensors(node, "output"), _tensors(node, "input")
        inner = getattr(layer, "_functional", None) or layer
        if hasattr(inner, "_nodes_by_depth"):
            inside = {id(own): names[id(given)] for own, given in zip(inner.inputs, inputs, strict=True)}
            yield from _layers(inner, path + "/", inside)
            names.update({id(given): inside[id(own)] for given, own in zip(outputs, inner.outputs, strict=True)})
            continue
        if type(layer).__name__ == "InputLayer" and prefix:
            continue
        own = tuple(f"{path}:{i}" if i else path for i in range(len(outputs)))
        names.update({id(tensor): name for tensor, name in zip(outputs, own, strict=True)})
        kind, settings = _kind(layer)
        yield Layer(name=path, kind=kind, class_name=type(layer).__name__, settings=settings,
                    weights=tuple(_weight(variable) for variable in getattr(layer, "weights", ())
                                  if "seed_generator" not in (getattr(variable, "path", None) or variable.name)),
                    inputs=tuple(dict.fromkeys(names[id(tensor)] for tensor in inputs)), outputs=own,
                    shape=tuple(outputs[0].shape), dtype=str(outputs[0].dtype))


def _nodes(model: Any) -> list[Any]:
    order = {id(layer): index for index, layer in enumerate(model.layers)}
    return [node for depth in sorted(model._nodes_by_depth, reverse=True)
            for node in sorted(model._nodes_by_depth[depth], key=lambda n: order.get(
                id(getattr(n, "operation", None) or n.layer), math.inf))]


def _tensors(node: Any, which: str) -> list[Any]:
    found = getattr(node, f"{which}_tensors", None)
    if hasattr(node, "operation"):
        return list(found)
    if which == "input":
        return list(node.keras_inputs)
    return list(found) if isinstance(found, list | tuple) else [found]


def _kind(layer: Any) -> tuple[str, dict[str, Any]]:
    name, config = type(layer).__name__, layer.get_config()
    settings = {key: _plain(config[key]) for key in SETTINGS if config.get(key) is not None}
    kind = KINDS.get(name, "other")
    if "Pooling" in name:
        kind = "global_pool" if "Global" in name else "pool"
        settings["pool"] = "max" if "Max" in name else "average"
    for part, other in (("ZeroPadding", "pad"), ("Cropping", "crop"), ("UpSampling", "upsample"), ("Resizing", "upsample"),
                        ("Dropout", "dropout"), ("GaussianNoise", "dropout")):
        kind = other if part in name else kind
    if kind == "leaky_relu":
        settings |= {"activation": "leaky_relu", "slope": config.get("alpha", config.get("negative_slope"))}
    if name == "ReLU":
        settings["activation"] = "relu6" if config.get("max_value") == 6 else "relu"
    return kind, settings


def _plain(value: Any) -> Any:
    """As JSON has it: Keras's own lists and functions are neither lists nor names."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float) else "unknown"


def _weight(variable: Any) -> Weight:
    path = getattr(variable, "path", None) or variable.name
    role = path.split(":")[0].rpartition("/")[2]
    for direction in ("forward", "backward"):
        role = f"{direction}_{role}" if f"{direction}_" in path else role
    return Weight(id=str(id(variable)), role=role, shape=tuple(variable.shape),
                  dtype=str(getattr(variable.dtype, "name", variable.dtype)))


def _ports(tensors: Any, names: dict[int, str]) -> Iterator[Port]:
    for tensor in tensors:
        name = names[id(tensor)]
        yield Port(name=name, tensor=name, shape=tuple(tensor.shape), dtype=str(getattr(tensor.dtype, "name", tensor.dtype)))
