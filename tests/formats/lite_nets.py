"""Writes one small net and what TFLiteConverter makes of it: float, float16, dynamic range, int8, uint8 at the
ends, int16 activations; a recurrent net; two signatures in one file. Run as `python lite_nets.py FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

layers = tf_keras.layers
BUILTINS = tf.lite.OpsSet
KINDS = ("float", "float16", "dynamic", "int8", "uint8", "int16")


def picture_net() -> Any:
    """Convolution, batch norm and ReLU6; depthwise with two outputs per channel; dilated, transposed, dense."""
    x = image = layers.Input((12, 12, 3), name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="c1")(x)
    x = layers.ReLU(6.0, name="r1")(layers.BatchNormalization(name="b1")(x))
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="d1")(x)
    x = layers.ReLU(name="r2")(layers.BatchNormalization(name="b2")(x))
    x = layers.Conv2D(8, 1, name="pw")(x)
    y = layers.Conv2D(8, 3, padding="same", dilation_rate=2, name="dilated")(x)
    x = layers.LeakyReLU(0.2, name="leaky")(layers.Add(name="sum")([x, y]))
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="up")(x)
    x = layers.Flatten(name="flat")(layers.MaxPooling2D(2, name="pooled")(x))
    x = layers.Dense(24, activation="relu", name="fc")(x)
    return tf_keras.Model(image, layers.Softmax(name="probs")(layers.Dense(5, name="logits")(x)))


def sequence_net() -> Any:
    """Embedding, LSTM, the last step's dense layer without a bias that does anything, x * sigmoid(x)."""
    ids = layers.Input((7,), dtype="int32", name="ids", batch_size=1)
    x = layers.LSTM(5, name="lstm")(layers.Embedding(20, 6, name="emb")(ids))
    return tf_keras.Model(ids, layers.Dense(3, activation="swish", name="out")(x))


def narrow_net() -> Any:
    """1-D convolution with a batch norm behind it."""
    x = signal = layers.Input((9, 4), name="signal")
    x = layers.BatchNormalization(name="bn1d")(layers.Conv1D(6, 3, name="c1d")(x))
    x = layers.GlobalAveragePooling1D(name="mean")(layers.ReLU(name="r1d")(x))
    return tf_keras.Model(signal, layers.Dense(3, name="out")(x))


def filled(model: Any) -> Any:
    """The model with numbers in its biases and batch norms that say something."""
    random = np.random.default_rng(0)
    for layer in model.layers:
        arrays = layer.get_weights()
        if "BatchNormalization" in type(layer).__name__:
            gamma, variance = (random.uniform(0.5, 1.5, array.shape) for array in arrays[:2])
            layer.set_weights([gamma, *(random.normal(0, 0.3, array.shape) for array in arrays[1:3]), variance])
        elif arrays and layer.name != "out":
            layer.set_weights([a if a.ndim > 1 else random.normal(0, 0.2, a.shape) for a in arrays])
    return model


def converted(model: Any, kind: str) -> bytes:
    """The bytes of the .tflite."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if kind != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind in ("int8", "uint8", "int16"):
        converter.representative_dataset = samples
    if kind in ("int8", "uint8"):
        converter.target_spec.supported_ops = [BUILTINS.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8 if kind == "int8" else tf.uint8
    if kind == "int16":
        converter.target_spec.supported_ops = [BUILTINS.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
    return bytes(converter.convert())


def samples() -> Iterator[list[np.ndarray]]:
    """What the converter takes the ranges from."""
    random = np.random.default_rng(1)
    for _ in range(40):
        yield [random.normal(0, 1, (1, 12, 12, 3)).astype(np.float32)]


class TwoFunctions(tf.Module):
    """Two signatures, each a graph of its own in the file."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(np.arange(12, dtype=np.float32).reshape(3, 4))

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def first(self, x: Any) -> Any:
        return {"y": tf.nn.relu(x @ self.kernel - 3.0)}

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    def second(self, x: Any) -> Any:
        return {"z": tf.nn.tanh(x * 0.25) + 1.0}


def two_signatures(folder: Path) -> bytes:
    """A file with the signatures `first` and `second`."""
    module = TwoFunctions()
    tf.saved_model.save(module, str(folder), signatures={"first": module.first, "second": module.second})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=["first", "second"])
    return bytes(converter.convert())


def main(folder: Path) -> None:
    """All files."""
    tf_keras.utils.set_random_seed(3)
    nets: dict[str, Callable[[], Any]] = {"picture": picture_net, "sequence": sequence_net, "narrow": narrow_net}
    for name, make in nets.items():
        model = filled(make())
        model.save(folder / f"{name}.h5")
        for kind in KINDS if name == "picture" else ("float",):
            (folder / f"{name}-{kind}.tflite").write_bytes(converted(model, kind))
    (folder / "two.tflite").write_bytes(two_signatures(folder / "two"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
