"""Small nets with random weights, built with whichever Keras is handed in, and frozen by TensorFlow itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def convolutional(keras: Any) -> Any:
    """Convolution, batch norm with moments of its own, depthwise and separable convolution, pooling, dropout."""
    layers = keras.layers
    x = inputs = keras.Input((12, 10, 3), name="image")
    x = layers.Conv2D(6, 3, strides=2, padding="same", name="conv")(x)
    x = layers.BatchNormalization(epsilon=0.01, name="bn")(x)
    x = layers.ReLU(6.0, name="relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.SeparableConv2D(8, 3, activation="tanh", name="separable")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(5, activation="softmax", name="scores")(x)
    return shaken(keras.Model(inputs, x, name="convolutional"))


def recurrent(keras: Any) -> Any:
    """Embedding with a mask, LSTM with its states, bidirectional GRU, the same dense layer at every step."""
    layers = keras.layers
    inputs = keras.Input((7,), dtype="int32", name="ids")
    x = layers.Embedding(11, 6, mask_zero=True, name="embedding")(inputs)
    x, hidden, _ = layers.LSTM(5, return_sequences=True, return_state=True, name="lstm")(x)
    x = layers.Bidirectional(layers.GRU(4, return_sequences=True), name="both")(x)
    x = layers.TimeDistributed(layers.Dense(3), name="each")(x)
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    return shaken(keras.Model(inputs, layers.Concatenate(name="joined")([x, hidden]), name="recurrent"))


def nested(keras: Any) -> Any:
    """A shared tower called twice, which holds a model of its own and a layer called twice; two inputs, two
    outputs; the tower's second call comes first in the order of the inputs."""
    layers = keras.layers
    inner_in = keras.Input((4,), name="inner_in")
    inner = keras.Model(inner_in, layers.Dense(4, activation="relu", name="inner_dense")(inner_in), name="inner")
    tower_in = keras.Input((4,), name="tower_in")
    twice = layers.Dense(4, activation="tanh", name="twice")
    tower = keras.Model(tower_in, twice(inner(twice(tower_in))), name="tower")
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    second, first = tower(right), tower(left)
    head = layers.Dense(2, name="head")(layers.Subtract(name="difference")([first, second]))
    return shaken(keras.Model([left, right], [head, second], name="nested"))


def sequential(keras: Any) -> Any:
    """A Sequential with a Sequential inside."""
    layers = keras.layers
    block = keras.Sequential([keras.Input((6,)), layers.Dense(5, name="a"), layers.LeakyReLU(name="b")], name="block")
    model = keras.Sequential([keras.Input((6,), name="start"), block, layers.Dense(3, name="c")], name="outer")
    return shaken(model)


NETS: dict[str, Callable[[Any], Any]] = {net.__name__: net for net in (convolutional, recurrent, nested, sequential)}


def shaken(model: Any, seed: int = 0) -> Any:
    """Random weights everywhere: zeros in biases and ones in variances would hide faults."""
    random = np.random.default_rng(seed)
    model.set_weights(
        [random.uniform(0.1, 0.6, weight.shape) - 0.3 * (weight.ndim > 1) for weight in model.get_weights()]
    )
    return model


def saved(model: Any, folder: Path) -> Path:
    path = folder / f"{model.name}.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that HDF5 is an old format
        model.save(path)
    return path


def feeds(model: Any, batch: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays for every input, by name: ids below 11 with padding at the end, else numbers in -1..1."""
    random = np.random.default_rng(seed)
    arrays = {}
    for tensor in model.inputs:
        name, shape = tensor._keras_history[0].name, (batch, *tuple(tensor.shape)[1:])
        if "int" in str(tensor.dtype):
            arrays[name] = random.integers(1, 11, shape).astype("int32")
            arrays[name][:, -2:] = 0
        else:
            arrays[name] = random.uniform(-1, 1, shape).astype("float32")
    return arrays


def layer_outputs(keras: Any, model: Any, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What Keras itself says that each layer of the top model gives, last call and first output."""
    layers = [layer for layer in model.layers if not type(layer).__name__.startswith("Input")]
    tensors = [_first(layer._inbound_nodes[-1].outputs) for layer in layers]
    values = keras.Model(model.inputs, tensors)(list(arrays.values()), training=False)
    values = values if isinstance(values, list | tuple) else [values]
    return {layer.name: np.asarray(value) for layer, value in zip(layers, values, strict=True)}


def _first(tensors: Any) -> Any:
    return tensors[0] if isinstance(tensors, list | tuple) else tensors


def frozen(model: Any, folder: Path) -> Path:
    """The model as a frozen graph, by TensorFlow's own freezing."""
    signature = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs]
    function = tf.function(lambda *tensors: model(list(tensors) if len(tensors) > 1 else tensors[0], training=False))
    graph = convert_variables_to_constants_v2(function.get_concrete_function(*signature)).graph
    path = folder / f"{model.name}.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path
