"""Small nets for every kind of layer, built with whichever Keras is handed in, with random weights everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Net = Callable[[Any], Any]


def convolutions(keras: Any) -> Any:
    layers = keras.layers
    x = i = keras.Input((17, 15, 3), name="image")
    x = layers.Conv2D(6, 3, strides=2, padding="same", name="plain")(x)
    x = layers.Conv2D(5, (3, 2), dilation_rate=2, padding="same", activation="relu", name="dilated")(x)
    x = layers.Conv2D(4, 1, use_bias=False, name="point")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise")(x)
    x = layers.SeparableConv2D(7, 3, activation="tanh", name="separable")(x)
    x = layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="sigmoid", name="transposed")(x)
    return keras.Model(i, x, name="convolutions")


def convolutions_1d(keras: Any) -> Any:
    layers = keras.layers
    x = i = keras.Input((24, 3), name="series")
    x = layers.Conv1D(6, 3, padding="same", activation="relu", name="plain")(x)
    x = layers.Conv1D(5, 2, padding="causal", dilation_rate=2, name="causal")(x)
    x = layers.Conv1D(5, 3, padding="same", dilation_rate=3, activation="tanh", name="dilated")(x)
    x = layers.SeparableConv1D(4, 3, name="separable")(x)
    x = layers.MaxPooling1D(2, name="pool")(x)
    x = layers.Conv1DTranspose(3, 3, strides=2, name="transposed")(x)
    x = layers.ZeroPadding1D(2, name="pad")(x)
    x = layers.Cropping1D(1, name="crop")(x)
    x = layers.UpSampling1D(2, name="up")(x)
    x = layers.AveragePooling1D(3, name="mean")(x)
    return keras.Model(i, layers.GlobalMaxPooling1D(name="top")(x), name="convolutions_1d")


def convolutions_3d(keras: Any) -> Any:
    layers = keras.layers
    x = i = keras.Input((8, 7, 6, 2), name="volume")
    x = layers.Conv3D(4, 3, padding="same", activation="relu", name="plain")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ZeroPadding3D(1, name="pad")(x)
    x = layers.MaxPooling3D(2, name="pool")(x)
    x = layers.Conv3DTranspose(3, 2, strides=2, name="transposed")(x)
    x = layers.Cropping3D(1, name="crop")(x)
    x = layers.UpSampling3D(2, name="up")(x)
    x = layers.AveragePooling3D(2, name="mean")(x)
    return keras.Model(i, layers.GlobalAveragePooling3D(name="top")(x), name="convolutions_3d")


def dense(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((5, 6), name="rows")
    x = layers.Dense(6, activation="relu", name="rowwise")(i)
    x = layers.Dense(6, use_bias=False, name="bare")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(12, activation="softplus", name="flat")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Reshape((3, 4), name="reshape")(x)
    x = layers.Permute((2, 1), name="permute")(x)
    x = layers.TimeDistributed(layers.Dense(3), name="each")(x)
    x = layers.Flatten(name="flatten_2")(x)
    x = layers.RepeatVector(2, name="repeat")(x)
    return keras.Model(i, layers.Dense(4, activation="softmax", name="scores")(x), name="dense")


def norms(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((6, 5, 4), name="image")
    x = layers.BatchNormalization(epsilon=0.01, name="fused")(i)
    x = layers.Conv2D(4, 3, use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(scale=False, name="no_scale")(x)
    x = layers.BatchNormalization(center=False, epsilon=0.002, name="no_center")(x)
    x = layers.LayerNormalization(epsilon=0.005, name="layer_4d")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(9, name="dense")(x)
    x = layers.BatchNormalization(epsilon=0.02, name="flat")(x)
    x = layers.LayerNormalization(name="layer_2d")(x)
    x = layers.BatchNormalization(scale=False, name="flat_no_scale")(x)
    x = layers.LayerNormalization(center=False, name="layer_no_center")(x)
    x = layers.BatchNormalization(center=False, name="flat_no_center")(x)
    x = layers.Reshape((3, 3), name="reshape")(x)
    return keras.Model(i, layers.BatchNormalization(name="rows")(x), name="norms")


def scaled_inputs(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((9, 8, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(i)
    x = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.5, 0.6, 0.7], name="normalize")(x)
    x = layers.ZeroPadding2D(((1, 0), (0, 2)), name="pad")(x)
    x = layers.Conv2D(5, 3, strides=2, name="conv")(x)
    x = layers.GaussianNoise(0.1, name="noise")(x)
    x = layers.Rescaling([0.5, 1.5, 2.5, 3.5, 4.5], name="channels")(x)
    return keras.Model(i, layers.GlobalAveragePooling2D(name="top")(x), name="scaled_inputs")


ACTIVATIONS = (
    "relu",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "tanh",
    "sigmoid",
    "exponential",
    "hard_sigmoid",
    "swish",
    "gelu",
    "softmax",
    "linear",
)


def activations(keras: Any) -> Any:
    layers = keras.layers
    x = i = keras.Input((7, 6), name="rows")
    for name in ACTIVATIONS:
        x = layers.Dense(6, name=f"before_{name}")(x)
        x = layers.Activation(name, name=name)(x)
    x = layers.Dense(5, activation="gelu", name="with_gelu")(x)
    x = layers.Dense(5, name="before_gelu_tanh")(x)
    x = layers.Activation("linear", name="nothing")(x)
    x = layers.LeakyReLU(0.15, name="leaky")(x)
    x = layers.PReLU(name="prelu")(x)
    x = layers.PReLU(shared_axes=[1], name="prelu_shared")(x)
    x = layers.Dense(5, name="d1")(x)
    x = layers.ELU(0.7, name="elu_layer")(x)
    x = layers.Dense(5, name="d2")(x)
    x = layers.ReLU(max_value=6.0, name="relu6")(x)
    x = layers.Dense(5, name="d3")(x)
    x = layers.ReLU(max_value=4.0, negative_slope=0.1, threshold=0.2, name="relu_all")(x)
    x = layers.Dense(5, name="d4")(x)
    x = layers.Softmax(axis=1, name="softmax_axis")(x)
    return keras.Model(i, x, name="activations")


def merges(keras: Any) -> Any:
    layers = keras.layers
    a, b = keras.Input((6, 5, 4), name="left"), keras.Input((6, 5, 4), name="right")
    x = layers.Conv2D(4, 3, padding="same", name="conv_a")(a)
    y = layers.Conv2D(4, 3, padding="same", name="conv_b")(b)
    both = [
        layers.Add(name="add")([x, y]),
        layers.Subtract(name="subtract")([x, y]),
        layers.Multiply(name="multiply")([y, x]),
        layers.Average(name="average")([x, y]),
        layers.Maximum(name="maximum")([x, y]),
        layers.Minimum(name="minimum")([x, y]),
    ]
    three = layers.Add(name="add_3")(both[:3])
    joined = layers.Concatenate(name="concat")([*both, three])
    flat = layers.GlobalAveragePooling2D(name="mean")(joined)
    left, right = layers.Dense(7, name="dense_a")(flat), layers.Dense(7, name="dense_b")(flat)
    dot = layers.Dot(axes=1, name="dot")([left, right])
    return keras.Model([a, b], [dot, three], name="merges")


def excited(keras: Any) -> Any:
    layers = keras.layers
    x = i = keras.Input((8, 8, 3), name="image")
    for n in ("one", "two"):
        x = layers.Conv2D(6, 3, padding="same", use_bias=False, name=f"{n}_conv")(x)
        x = layers.BatchNormalization(name=f"{n}_bn")(x)
        x = layers.Activation("swish", name=f"{n}_swish")(x)
        s = layers.GlobalAveragePooling2D(name=f"{n}_squeeze")(x)
        s = layers.Reshape((1, 1, 6), name=f"{n}_reshape")(s)
        s = layers.Conv2D(2, 1, activation="swish", name=f"{n}_reduce")(s)
        s = layers.Conv2D(6, 1, activation="sigmoid", name=f"{n}_expand")(s)
        x = layers.Multiply(name=f"{n}_excite")([x, s])
    x = layers.GlobalMaxPooling2D(keepdims=True, name="top")(x)
    return keras.Model(i, x, name="excited")


def resized(keras: Any) -> Any:
    layers = keras.layers
    x = i = keras.Input((8, 6, 3), name="image")
    x = layers.UpSampling2D(2, name="nearest")(x)
    x = layers.Conv2D(3, 3, name="conv")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear", name="bilinear")(x)
    x = layers.Cropping2D(((1, 2), (3, 0)), name="crop")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="max")(x)
    x = layers.AveragePooling2D(2, name="mean")(x)
    x = layers.SpatialDropout2D(0.2, name="drop")(x)
    x = layers.Permute((3, 1, 2), name="permute")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(i, layers.Dense(3, name="scores")(x), name="resized")


def recurrent(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((7,), dtype="int32", name="ids")
    x = layers.Embedding(11, 6, name="embedding")(i)
    x = layers.LSTM(5, return_sequences=True, name="lstm")(x)
    x = layers.GRU(4, return_sequences=True, name="gru")(x)
    x = layers.SimpleRNN(3, return_sequences=True, name="simple")(x)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both")(x)
    x = layers.GRU(5, reset_after=False, return_sequences=True, name="old_gru")(x)
    x = layers.Bidirectional(layers.GRU(3), merge_mode="sum", name="both_last")(x)
    return keras.Model(i, layers.Dense(2, activation="sigmoid", name="scores")(x), name="recurrent")


def last_states(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((6, 3), name="series")
    x = layers.Conv1D(4, 2, name="conv")(i)
    a = layers.LSTM(5, name="lstm")(x)
    b = layers.GRU(5, name="gru")(x)
    c = layers.SimpleRNN(5, activation="relu", name="simple")(x)
    x = layers.Concatenate(name="joined")([a, b, c])
    return keras.Model(i, layers.Dense(2, name="scores")(x), name="last_states")


def masked(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((7,), dtype="int32", name="ids")
    x = layers.Embedding(11, 6, mask_zero=True, name="embedding")(i)
    x = layers.LSTM(5, return_sequences=True, name="lstm")(x)
    x = layers.Bidirectional(layers.GRU(4, return_sequences=True), name="both")(x)
    x = layers.TimeDistributed(layers.Dense(3), name="each")(x)
    y = layers.GlobalAveragePooling1D(name="mean")(x)
    x = layers.Concatenate(name="joined")([layers.LSTM(4, name="lstm_2")(x), y])
    return keras.Model(i, layers.Dense(2, name="scores")(x), name="masked")


def transformer(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((6,), dtype="int32", name="ids")
    x = layers.Embedding(13, 8, name="embedding")(i)
    y = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    y = layers.Dropout(0.1, name="dropout_1")(y)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm_1")(layers.Add(name="add_1")([x, y]))
    y = layers.Dense(16, activation="gelu", name="up")(x)
    y = layers.Dense(8, name="down")(y)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm_2")(layers.Add(name="add_2")([x, y]))
    y = layers.MultiHeadAttention(2, 3, value_dim=5, name="attention_2")(x, x)
    x = layers.Add(name="add_3")([x, y])
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    return keras.Model(i, layers.Dense(3, activation="softmax", name="scores")(x), name="transformer")


def nested(keras: Any) -> Any:
    layers = keras.layers
    inner_in = keras.Input((4,), name="inner_in")
    inner = keras.Model(inner_in, layers.Dense(4, activation="relu", name="inner_dense")(inner_in), name="inner")
    tower_in = keras.Input((4,), name="tower_in")
    twice = layers.Dense(4, activation="tanh", name="twice")
    tower = keras.Model(tower_in, twice(inner(twice(tower_in))), name="tower")
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    first, second = tower(left), tower(right)
    head = layers.Dense(2, name="head")(layers.Subtract(name="difference")([first, second]))
    return keras.Model([left, right], [head, second], name="nested")


def sequential(keras: Any) -> Any:
    layers = keras.layers
    block = keras.Sequential([keras.Input((6,)), layers.Dense(5, name="a"), layers.LeakyReLU(name="b")], name="block")
    return keras.Sequential([keras.Input((6,), name="start"), block, layers.Dense(3, name="c")], name="outer")


def twins(keras: Any) -> Any:
    """Branches of equal shapes beside each other, as in Inception, and everything starts alike."""
    layers = keras.layers
    x = i = keras.Input((9, 9, 4), name="image")
    for block in range(2):
        heads = []
        for head in range(4):
            y = layers.Conv2D(3, 1, use_bias=False, name=f"b{block}_h{head}_conv")(x)
            y = layers.BatchNormalization(scale=False, name=f"b{block}_h{head}_bn")(y)
            heads.append(layers.Activation("relu", name=f"b{block}_h{head}_relu")(y))
        pooled = layers.AveragePooling2D(3, strides=1, padding="same", name=f"b{block}_pool")(x)
        x = layers.Concatenate(name=f"b{block}_concat")([*heads, pooled])
    return keras.Model(i, layers.GlobalAveragePooling2D(name="mean")(x), name="twins")


NETS: dict[str, Net] = {
    net.__name__: net
    for net in (
        convolutions,
        convolutions_1d,
        convolutions_3d,
        dense,
        norms,
        scaled_inputs,
        activations,
        merges,
        excited,
        resized,
        recurrent,
        last_states,
        masked,
        transformer,
        nested,
        sequential,
        twins,
    )
}


def shaken(model: Any, seed: int = 0) -> Any:
    """Random weights: zeros in biases and ones in variances would hide faults."""
    random = np.random.default_rng(seed)
    values = []
    for variable in model.weights:
        name, shape = getattr(variable, "path", None) or variable.name, tuple(variable.shape)
        if "seed" in name:
            values.append(np.asarray(variable))
        elif "variance" in name or "count" in name:
            values.append(random.uniform(0.4, 1.6, shape))
        else:
            values.append(random.normal(0, 0.5, shape) + (1.0 if "gamma" in name else 0.0))
    model.set_weights(values)
    return model
