"""Writes small nets and the same nets written otherwise, by converters, by TensorFlow's own optimizer and by hand;
and a few that look so and are others. Run as `python make_written_otherwise.py FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer

layers = tf_keras.layers
random = np.random.default_rng(5)
TO, BACK = (0, 3, 1, 2), (0, 2, 3, 1)
OPTIMIZERS = ["constfold", "arithmetic", "dependency", "remap"]


def filled(model: Any) -> Any:
    """Random weights: no bias is 0, no moment 0 or 1."""
    arrays = []
    for variable, array in zip(model.weights, model.get_weights(), strict=True):
        positive = "gamma" in variable.name or "variance" in variable.name
        arrays.append(random.uniform(0.3, 1.2, array.shape) if positive else random.uniform(-0.6, 0.6, array.shape))
    model.set_weights(arrays)
    return model


def graph_of(call: Any, shape: tuple[int | None, ...]) -> Any:
    function = tf.function(call).get_concrete_function(tf.TensorSpec(shape, tf.float32, "x"))
    return convert_variables_to_constants_v2(function).graph.as_graph_def()


def frozen(model: Any, path: Path) -> None:
    graph = graph_of(lambda x: model(x, training=False), (None, *model.inputs[0].shape[1:]))
    path.write_bytes(graph.SerializeToString())


def lite(model: Any, path: Path, *, dynamic: bool = False) -> None:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if dynamic:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    path.write_bytes(converter.convert())


def optimised(graph: Any) -> bytes:
    """The graph after TensorFlow's own optimizer."""
    with tf.Graph().as_default() as imported:
        tf.import_graph_def(graph, name="")
    meta = tf.compat.v1.train.export_meta_graph(graph_def=graph, graph=imported)
    meta.collection_def["train_op"].node_list.value.append("Identity")
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.optimizers.extend(OPTIMIZERS)
    config.graph_options.rewrite_options.min_graph_nodes = -1
    return bytes(tf_optimizer.OptimizeGraph(config, meta).SerializeToString())


def activations() -> Any:
    """Every activation that TensorFlow Lite writes in several operators, and one of them at the end."""
    x = rows = tf_keras.Input((6,), name="rows")
    for name in ("softplus", "selu", "mish", "hard_sigmoid", "swish", "softsign"):
        x = layers.Dense(6, activation=name, name=name)(x)
    return filled(tf_keras.Model(rows, layers.Dense(3, activation="softsign", name="head")(x)))


def sequence() -> Any:
    """A dense layer on a sequence, and one on a sequence of sequences."""
    steps = tf_keras.Input((3, 5, 4), name="steps")
    x = layers.Dense(6, activation="relu", name="first")(steps)
    return filled(tf_keras.Model(steps, layers.Dense(4, name="last")(layers.Dense(5, name="middle")(x))))


def unrolled() -> Any:
    steps = tf_keras.Input((5, 4), name="steps", batch_size=1)
    x = layers.LSTM(40, unroll=True, return_sequences=True, name="lstm")(steps)
    x = layers.GRU(30, unroll=True, name="gru")(x)
    return filled(tf_keras.Model(steps, layers.Dense(3, name="head")(x)))


def picture() -> Any:
    """Two convolutions with batch norms around an addition, and what follows."""
    x = image = tf_keras.Input((8, 8, 3), name="image")
    x = stem = layers.Conv2D(6, 3, padding="same", name="stem")(x)
    x = layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv1")(x)
    x = layers.ReLU(name="relu1")(layers.BatchNormalization(name="bn1")(x))
    x = layers.BatchNormalization(name="bn2")(layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv2")(x))
    x = layers.ReLU(name="relu2")(layers.Add(name="sum")([stem, x]))
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return filled(tf_keras.Model(image, layers.Dense(4, activation="softmax", name="scores")(x)))


def channels() -> Any:
    """Two convolutions with nothing but a ReLU and a pooling between, a Flatten, a dense layer."""
    x = image = tf_keras.Input((8, 8, 3), name="image")
    x = layers.MaxPooling2D(2, name="pool")(layers.ReLU(name="relu")(layers.Conv2D(6, 3, name="conv1")(x)))
    x = layers.Flatten(name="flatten")(layers.Conv2D(5, 2, activation="relu", name="conv2")(x))
    return filled(tf_keras.Model(image, layers.Dense(4, name="logits")(x)))


def rescaled() -> Any:
    """What is folded into a kernel from before, from behind, and from the layer before."""
    x = image = tf_keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(5, 3, activation="relu", name="conv1")(layers.Rescaling(1 / 127.5, -1, name="rescaling")(x))
    x = layers.Conv2D(5, 3, activation="hard_sigmoid", name="conv2")(x)
    x = layers.Dense(6, name="d1")(layers.GlobalAveragePooling2D(name="mean")(x))
    return filled(tf_keras.Model(image, layers.Dense(4, name="d2")(x)))


def hidden() -> Any:
    """A batch norm whose values all lie above what the ReLU6 behind it lets through."""
    x = rows = tf_keras.Input((4,), name="rows")
    x = layers.ReLU(6.0, name="clip")(layers.BatchNormalization(name="norm")(layers.Dense(5, name="dense")(x)))
    model = filled(tf_keras.Model(rows, layers.Dense(3, name="head")(x)))
    norm = model.get_layer("norm")
    norm.set_weights([norm.get_weights()[0], np.full(5, 40.0), *norm.get_weights()[2:]])
    return model


def twins() -> Any:
    """Three layers of the same weights, one of them called twice: two of the four calls come to the same."""
    one, two, three = (layers.Dense(5, activation="relu", name=name) for name in ("one", "two", "three"))
    rows = tf_keras.Input((5,), name="rows")
    x = layers.Add(name="sum")([three(two(one(rows))), two(rows)])
    model = filled(tf_keras.Model(rows, layers.Dense(3, name="head")(x)))
    for layer in (two, three):
        layer.set_weights(one.get_weights())
    return model


def normalised() -> Any:
    """Scales and offsets in a row, which an optimiser cuts into other ones."""
    x = image = tf_keras.Input((6, 6, 3), name="image")
    norms = [layers.Normalization(name="norm"), layers.Normalization(invert=True, name="back")]
    x = norms[1](norms[0](layers.Rescaling(0.5, name="half")(x)))
    x = layers.Conv2D(4, 3, name="conv")(x)
    model = filled(tf_keras.Model(image, layers.Dense(3, name="head")(layers.GlobalAveragePooling2D(name="mean")(x))))
    for norm in norms:
        norm.adapt(random.normal(0.4, 0.6, (20, 6, 6, 3)).astype("f4"))
    return model


def copied(model: Any, **arrays: list[np.ndarray]) -> Any:
    """The model with other weights in some of its layers."""
    copy = tf_keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for name, held in arrays.items():
        copy.get_layer(name).set_weights(held)
    return copy


def equalised(model: Any, *, wrong: bool = False) -> Any:
    """Channels scaled in `conv1` and scaled back in `conv2`; `wrong`: and one number that nothing explains."""
    (kernel1, bias1), (kernel2, bias2) = (model.get_layer(name).get_weights() for name in ("conv1", "conv2"))
    factor = np.array([0.25, 2, 4, 0.5, 8, 1], np.float32)
    if wrong:
        kernel1 = kernel1.copy()
        kernel1[0, 0, 0, 2] += 0.1
    return copied(model, conv1=[kernel1 * factor, bias1 * factor], conv2=[kernel2 / factor[:, None], bias2])


def reordered(model: Any) -> Any:
    """Channels in another order, and put back."""
    (kernel1, bias1), (kernel2, bias2) = (model.get_layer(name).get_weights() for name in ("conv1", "conv2"))
    order = [3, 0, 5, 1, 4, 2]
    return copied(model, conv1=[kernel1[..., order], bias1[order]], conv2=[kernel2[:, :, order], bias2])


def channels_first(model: Any) -> Callable[[Any], Any]:
    """What converters from ONNX write: every layer in channels first between transposes, Flatten there, too, and
    the rows of the dense kernel turned to match."""
    held = {layer.name: layer.get_weights() for layer in model.layers}

    def convolved(x: Any, name: str, scope: str) -> Any:
        with tf.name_scope(scope):
            kernel, bias = held[name]
            x = tf.transpose(tf.nn.conv2d(tf.transpose(x, BACK), kernel, 1, "VALID"), TO)
            return tf.nn.relu(x + bias[None, :, None, None])

    def call(x: Any) -> Any:
        x = convolved(tf.transpose(x, TO), "conv1", "Conv_0")
        with tf.name_scope("MaxPool_1"):
            x = tf.transpose(tf.nn.max_pool2d(tf.transpose(x, BACK), 2, 2, "VALID"), TO)
        x = convolved(x, "conv2", "Conv_2")
        kernel, bias = held["logits"]
        turned = kernel.reshape(2, 2, 5, 4).transpose(2, 0, 1, 3).reshape(20, 4)
        return tf.identity(tf.matmul(tf.reshape(x, (-1, 20), name="Flatten_3"), turned) + bias, name="Gemm_4")

    return call


def main(folder: Path) -> None:
    """All files."""
    nets: list[Callable[[], Any]] = [
        activations,
        sequence,
        unrolled,
        picture,
        channels,
        rescaled,
        hidden,
        twins,
        normalised,
    ]
    made = {net.__name__: net() for net in nets}
    for name, model in made.items():
        model.save(folder / f"{name}.h5")
    for name in ("activations", "sequence", "unrolled", "rescaled", "twins", "normalised"):
        lite(made[name], folder / f"{name}.tflite")
    lite(made["unrolled"], folder / "unrolled_dynamic.tflite", dynamic=True)
    kernel, bias = made["sequence"].get_layer("first").get_weights()
    lite(copied(made["sequence"], first=[kernel, bias * 0]), folder / "without_bias.tflite")
    for name, size in (("picture", 8), ("normalised", 6)):
        graph = graph_of(lambda x: made[name](x, training=False), (None, size, size, 3))  # noqa: B023 - called at once
        (folder / f"{name}_optimised.pb").write_bytes(optimised(graph))
    frozen(equalised(made["channels"]), folder / "equalised.pb")
    frozen(equalised(made["channels"], wrong=True), folder / "equalised_wrong.pb")
    frozen(reordered(made["channels"]), folder / "reordered.pb")
    (folder / "channels_first.pb").write_bytes(
        graph_of(channels_first(made["channels"]), (None, 8, 8, 3)).SerializeToString()
    )
    made["hidden"].get_layer("norm").epsilon = 0.03
    frozen(made["hidden"], folder / "epsilon.pb")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
