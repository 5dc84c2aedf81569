"""Small nets of different kinds for the fault bench; a seed chooses widths, kernels and weights.

Every layer is made by a `Recipe`, so that a fault can change one while the net is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Change = Callable[[Any, str, str, dict[str, Any]], Any]


class Recipe:
    """Makes the layers of one net. `change(keras, class_name, name, config)` may give another layer, a function
    on tensors, or None to leave the layer as it is."""

    def __init__(self, keras: Any, seed: int, change: Change | None = None) -> None:
        self.keras, self.random, self._change = keras, np.random.default_rng(seed), change
        self.made: list[tuple[str, str, dict[str, Any]]] = []

    def __call__(self, class_name: str, name: str, *args: Any, **config: Any) -> Any:
        self.made.append((class_name, name, {"args": args, **config}))
        if self._change is not None:
            found = self._change(self.keras, class_name, name, {"args": args, **config})
            if found is not None:
                return found
        return getattr(self.keras.layers, class_name)(*args, name=name, **config)

    def pick(self, *values: Any) -> Any:
        return values[int(self.random.integers(len(values)))]


def plain(layer: Recipe) -> Any:
    """Convolutions one after the other, with a leaky slope, an upsampling and a square Dense."""
    x = given = layer.keras.layers.Input((16, 16, 3), name="image")
    width, size = layer.pick(4, 6, 8), layer.pick(3, 5)
    x = layer("Conv2D", "conv1", width, size, padding="same", activation="relu")(x)
    x = layer("MaxPooling2D", "pool1", 2)(x)
    x = layer("Conv2D", "conv2", width, 3, padding="same")(x)
    x = layer("BatchNormalization", "norm2")(x)
    x = layer("LeakyReLU", "leaky2")(x)
    x = layer("UpSampling2D", "up3", 2, interpolation="bilinear")(x)
    x = layer("Conv2D", "conv3", width, 3, strides=2, padding="same")(x)
    x = layer("ReLU", "relu3", 6.0)(x)
    x = layer("AveragePooling2D", "pool3", 2)(x)
    x = layer("Flatten", "flat")(x)
    x = layer("Dense", "hidden", 12, activation="tanh")(x)
    x = layer("Dropout", "drop", 0.4)(x)
    x = layer("Dense", "square", 12, activation="elu")(x)
    return layer.keras.Model(given, layer("Dense", "scores", 5, activation="softmax")(x), name="plain")


def residual(layer: Recipe) -> Any:
    """Two residual blocks with batch norm."""
    x = given = layer.keras.layers.Input((16, 16, 3), name="image")
    width = layer.pick(6, 8)
    x = layer("Conv2D", "stem", width, 3, padding="same", use_bias=False)(x)
    x = layer("BatchNormalization", "stem_bn")(x)
    x = layer("Activation", "stem_relu", "relu")(x)
    for block in ("a", "b"):
        y = layer("Conv2D", f"{block}_conv1", width, 3, padding="same")(x)
        y = layer("BatchNormalization", f"{block}_bn1", epsilon=1.001e-5)(y)
        y = layer("Activation", f"{block}_relu1", "relu")(y)
        y = layer("Conv2D", f"{block}_conv2", width, 3, padding="same")(y)
        y = layer("BatchNormalization", f"{block}_bn2", epsilon=1.001e-5)(y)
        x = layer("Add", f"{block}_add")([x, y])
        x = layer("Activation", f"{block}_relu2", "relu")(x)
    x = layer("Dropout", "drop", 0.3)(x)
    x = layer("Conv2D", "down", 2 * width, 3, strides=2, padding="same")(x)
    x = layer("MaxPooling2D", "pool", 2, padding="same")(x)
    x = layer("GlobalAveragePooling2D", "mean")(x)
    x = layer("Dense", "logits", 6)(x)
    return layer.keras.Model(given, layer("Softmax", "scores")(x), name="residual")


def depthwise(layer: Recipe) -> Any:
    """Depthwise and pointwise convolutions as in MobileNet."""
    x = given = layer.keras.layers.Input((16, 16, 3), name="image")
    width = layer.pick(6, 8)
    x = layer("ZeroPadding2D", "stem_pad", ((0, 1), (0, 1)))(x)
    x = layer("Conv2D", "stem", width, 3, strides=2, padding="valid", use_bias=False)(x)
    x = layer("BatchNormalization", "stem_bn")(x)
    x = layer("ReLU", "stem_relu", 6.0)(x)
    for block, stride in (("a", 1), ("b", 2)):
        x = layer(
            "DepthwiseConv2D", f"{block}_dw", 3, strides=stride, padding="same", depth_multiplier=2, use_bias=False
        )(x)
        x = layer("BatchNormalization", f"{block}_dw_bn")(x)
        x = layer("ReLU", f"{block}_dw_relu", 6.0)(x)
        x = layer("Conv2D", f"{block}_pw", width, 1, padding="same")(x)
        x = layer("BatchNormalization", f"{block}_pw_bn")(x)
        x = layer("Activation", f"{block}_pw_act", "swish")(x)
    x = layer("UpSampling2D", "up", 2, interpolation="bilinear")(x)
    x = layer("AveragePooling2D", "pool", 3, strides=2, padding="same")(x)
    x = layer("Dropout", "drop", 0.25)(x)
    x = layer("Flatten", "flat")(x)
    return layer.keras.Model(given, layer("Dense", "scores", 4, activation="sigmoid")(x), name="depthwise")


def recurrent(layer: Recipe) -> Any:
    """LSTM and GRU over a short sequence, with a batch norm and a layer norm between them."""
    x = given = layer.keras.layers.Input((9, 6), name="steps")
    units = layer.pick(6, 8)
    x = layer("Conv1D", "conv", 6, 3, padding="same", activation="relu")(x)
    x = layer("BatchNormalization", "norm")(x)
    x = layer("LSTM", "lstm", units, return_sequences=True)(x)
    x = layer("LayerNormalization", "layer_norm")(x)
    x = layer("Dropout", "drop", 0.3)(x)
    x = layer("GRU", "gru", units)(x)
    x = layer("Dense", "hidden", units, activation="tanh")(x)
    return layer.keras.Model(given, layer("Dense", "scores", 4, activation="softmax")(x), name="recurrent")


def transformer(layer: Recipe) -> Any:
    """Two encoder blocks with attention, layer norm and GELU."""
    x = given = layer.keras.layers.Input((7, 16), name="tokens")
    wide = layer.pick(24, 32)
    for block in ("a", "b"):
        y = layer("LayerNormalization", f"{block}_norm1", epsilon=1e-6)(x)
        y = layer("MultiHeadAttention", f"{block}_attention", 2, 8)(y, y)
        x = layer("Add", f"{block}_add1")([x, y])
        y = layer("LayerNormalization", f"{block}_norm2", epsilon=1e-6)(x)
        y = layer("Dense", f"{block}_wide", wide, activation="gelu")(y)
        y = layer("Dropout", f"{block}_drop", 0.3)(y)
        y = layer("Dense", f"{block}_narrow", 16)(y)
        x = layer("Add", f"{block}_add2")([x, y])
    x = layer("GlobalAveragePooling1D", "mean")(x)
    x = layer("Dense", "logits", 5)(x)
    return layer.keras.Model(given, layer("Softmax", "scores")(x), name="transformer")


def several(layer: Recipe) -> Any:
    """Two images of one shape in, two heads out."""
    inputs = [layer.keras.layers.Input((12, 12, 3), name=name) for name in ("left", "right")]
    width = layer.pick(4, 6)
    towers = []
    for name, image in zip(("left", "right"), inputs, strict=True):
        x = layer("Conv2D", f"{name}_conv", width, 3, padding="same")(image)
        x = layer("BatchNormalization", f"{name}_bn")(x)
        towers.append(layer("Activation", f"{name}_relu", "relu")(x))
    x = layer("Concatenate", "joined")(towers)
    x = layer("Conv2D", "mix", width, 3, strides=2, padding="same", activation="relu")(x)
    x = layer("UpSampling2D", "up", 2, interpolation="bilinear")(x)
    x = layer("MaxPooling2D", "pool", 2)(x)
    x = layer("Dropout", "drop", 0.3)(x)
    x = layer("Flatten", "flat")(x)
    hidden = layer("Dense", "hidden", 10, activation="relu")(x)
    heads = [layer("Dense", name, 4, activation="tanh")(hidden) for name in ("pose", "gaze")]
    return layer.keras.Model(inputs, heads, name="several")


def nested(layer: Recipe) -> Any:
    """A model inside a model, with a sequential head."""
    keras = layer.keras
    x = inner_given = keras.layers.Input((12, 12, 3), name="crop")
    width = layer.pick(5, 7)
    x = layer("Conv2D", "conv1", width, 3, padding="same")(x)
    x = layer("BatchNormalization", "bn1")(x)
    x = layer("Activation", "relu1", "relu")(x)
    x = layer("DepthwiseConv2D", "dw", 3, padding="same", depth_multiplier=2)(x)
    x = layer("AveragePooling2D", "pool", 2)(x)
    backbone = keras.Model(inner_given, x, name="backbone")
    head = keras.Sequential(
        [
            layer("Conv2D", "head_conv", width, 3, strides=2, padding="same", activation="relu"),
            layer("Flatten", "flat"),
            layer("Dropout", "drop", 0.3),
            layer("Dense", "hidden", 10, activation="selu"),
            layer("Dense", "logits", 5),
        ],
        name="head",
    )
    given = keras.layers.Input((12, 12, 3), name="image")
    x = layer("UpSampling2D", "up", 2, interpolation="bilinear")(given)
    x = layer("MaxPooling2D", "shrink", 2)(x)
    x = head(backbone(x))
    return keras.Model(given, layer("Softmax", "scores")(x), name="nested")


NETS: dict[str, Callable[[Recipe], Any]] = {
    build.__name__: build for build in (plain, residual, depthwise, recurrent, transformer, several, nested)
}


def flat_layers(model: Any, prefix: str = "") -> dict[str, Any]:
    """Every layer with weights of its own, by its path."""
    found = {}
    for layer in model.layers:
        if hasattr(layer, "layers") and not layer.__class__.__name__.startswith("Multi"):
            found |= flat_layers(layer, f"{prefix}{layer.name}/")
        else:
            found[f"{prefix}{layer.name}"] = layer
    return found


def train_like(model: Any, seed: int) -> None:
    """Weights of no initializer: normal, with biases and statistics that matter."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        shape, name = tuple(weight.shape), str(getattr(weight, "path", weight.name)).rpartition("/")[2]
        if "variance" in name:
            value = random.uniform(0.3, 2.0, shape)
        elif "gamma" in name:
            value = random.uniform(0.6, 1.5, shape)
        elif "seed" in name:
            continue
        elif len(shape) < 2 or "bias" in name:
            value = random.normal(0.0, 0.3, shape)
        else:
            fan = int(np.prod(shape[:-1])) if "depthwise" not in name else int(np.prod(shape[:2]))
            value = random.normal(0.0, 1.1 / np.sqrt(fan), shape)
        weight.assign(value.astype("float32"))
