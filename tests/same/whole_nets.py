"""Small whole nets of many kinds, and the nets that one layer or one activation is put into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fault_nets
import numpy as np
from layer_cases import CASES, DTYPES, KINDS, VOCABULARY, Case

CLASSES = 3


def alone(keras: Any, name: str) -> Any:
    """One layer between the inputs and the output."""
    case = CASES[name]
    given = inputs(keras, case.kind)
    return keras.Model(given, called(case.alone(keras), given, case), name=f"alone_{name.lower()}")


def inside(keras: Any, name: str) -> Any:
    """The layer with its other settings between a layer that computes and a head."""
    case = CASES[name]
    given = inputs(keras, case.kind_inside)
    before = [_before(keras, tensor, case.kind_inside, at) for at, tensor in enumerate(given)]
    x = called(case.inside(keras), before, case)
    if str(x.dtype).startswith(("int", "uint")):
        x = keras.layers.Embedding(12, 4, name="embedding")(x)
    if case.kind == "masked":
        x = keras.layers.LSTM(4, name="masked_lstm")(x)
    if len(x.shape) > 2 and None in tuple(x.shape)[1:]:
        x = getattr(keras.layers, f"GlobalAveragePooling{len(x.shape) - 2}D")(name="mean")(x)
    elif len(x.shape) > 2:
        x = keras.layers.Flatten(name="flat")(x)
    return keras.Model(given, keras.layers.Dense(CLASSES, activation="softmax", name="scores")(x), name="inside")


def inputs(keras: Any, kind: str) -> list[Any]:
    names = ("given", "second")
    shapes = KINDS[kind]
    dtype = DTYPES.get(kind, "float32")
    return [keras.Input(shape, dtype=dtype, name=name) for shape, name in zip(shapes, names, strict=False)]


def called(layer: Any, given: list[Any], case: Case) -> Any:
    return layer(given[0]) if len(given) == 1 else layer(given) if case.as_list else layer(*given)


def _before(keras: Any, tensor: Any, kind: str, at: int) -> Any:
    """A layer in front that suits what comes in."""
    name, layers = f"before_{at}", keras.layers
    if kind in DTYPES or kind in ("masked", "wave", "signal", "lines", "hyper", "picture"):
        return tensor
    if len(tensor.shape) == 2:
        return layers.Dense(6, name=name)(tensor)
    conv = getattr(layers, f"Conv{len(tensor.shape) - 2}D")
    return conv(4, 3, padding="same", name=name)(tensor)


def last_activation(keras: Any, activation: str) -> Any:
    given = keras.Input((6,), name="row")
    x = keras.layers.Dense(8, name="hidden", activation="tanh")(given)
    return keras.Model(given, keras.layers.Dense(6, activation=activation, name="last")(x), name="last")


def inner_activation(keras: Any, activation: str) -> Any:
    given = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3, activation=activation, name="conv")(given)
    x = keras.layers.Conv2D(6, 3, use_bias=False, name="second")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Activation(activation, name="act")(x)
    return keras.Model(given, keras.layers.Dense(CLASSES, name="scores")(keras.layers.Flatten(name="flat")(x)))


def dense_on_sequences(keras: Any) -> Any:
    given = keras.Input((5, 4), name="steps")
    x = keras.layers.Dense(6, activation="relu", name="first")(given)
    x = keras.layers.Dense(6, use_bias=False, name="without_bias")(x)
    x = keras.layers.Dense(4, activation="gelu", name="second")(x)
    q, k = keras.layers.Dense(4, name="q")(x), keras.layers.Dense(4, name="k")(x)
    x = keras.layers.Attention(name="attention")([q, k])
    return keras.Model(given, keras.layers.Dense(3, activation="softmax", name="scores")(x))


def dense_on_pictures(keras: Any) -> Any:
    given = keras.Input((6, 5, 3), name="image")
    x = keras.layers.Dense(6, activation="swish", name="first")(given)
    x = keras.layers.Conv2D(4, 3, padding="same", name="conv")(x)
    x = keras.layers.Dense(4, activation="softplus", name="second")(x)
    return keras.Model(given, keras.layers.Dense(2, name="scores")(x))


def nested_models(keras: Any) -> Any:
    """A model in a model in a model, each with a batch norm."""
    layers = keras.layers
    core_in = layers.Input((4, 4, 4), name="core_in")
    x = layers.BatchNormalization(name="core_bn")(layers.Conv2D(4, 3, padding="same", name="core_conv")(core_in))
    core = keras.Model(core_in, layers.Activation("relu", name="core_relu")(x), name="core")
    middle_in = layers.Input((8, 8, 3), name="middle_in")
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="middle_conv")(middle_in)
    middle = keras.Model(middle_in, layers.Add(name="middle_add")([x, core(x)]), name="middle")
    head = keras.Sequential(
        [layers.Flatten(name="flat"), layers.Dense(5, activation="relu", name="hidden")], name="head"
    )
    given = keras.Input((8, 8, 3), name="image")
    return keras.Model(given, layers.Dense(3, activation="softmax", name="scores")(head(middle(given))))


def shared_layers(keras: Any) -> Any:
    """Two inputs through the same layers, and the difference of what comes out."""
    layers = keras.layers
    conv, norm = layers.Conv2D(4, 3, name="shared_conv"), layers.BatchNormalization(name="shared_norm")
    dense, flat = layers.Dense(5, activation="tanh", name="shared_dense"), layers.Flatten(name="flat")
    left, right = keras.Input((8, 8, 3), name="left"), keras.Input((8, 8, 3), name="right")
    one, two = (dense(flat(norm(conv(x)))) for x in (left, right))
    x = layers.Concatenate(name="joined")([layers.Subtract(name="minus")([one, two]), two])
    return keras.Model([left, right], layers.Dense(2, activation="sigmoid", name="alike")(x))


def several_outputs(keras: Any) -> Any:
    """Outputs of the middle and of the end, of unlike shapes."""
    layers = keras.layers
    given = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(given)
    y = layers.MaxPooling2D(2, name="pool")(x)
    z = layers.Dense(3, activation="softmax", name="scores")(layers.Flatten(name="flat")(y))
    return keras.Model(given, [z, y, layers.Dense(2, name="place")(layers.GlobalAveragePooling2D(name="mean")(x))])


def masked_sequences(keras: Any) -> Any:
    """A mask from the Embedding through two recurrent layers to the mean."""
    layers = keras.layers
    given = keras.Input((9,), dtype="int32", name="ids")
    x = layers.Embedding(12, 5, mask_zero=True, name="embedding")(given)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True, name="lstm"), name="both_ways")(x)
    x = layers.GRU(5, return_sequences=True, name="gru")(x)
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    return keras.Model(given, layers.Dense(2, activation="softmax", name="scores")(x))


def text(keras: Any) -> Any:
    layers = keras.layers
    given = keras.Input((1,), dtype="string", name="sentence")
    vectors = layers.TextVectorization(output_sequence_length=5, name="vectors")
    vectors.adapt(["red sky", "green sky blue", "red red sky", "sky"])
    x = layers.Embedding(8, 4, name="embedding")(vectors(given))
    x = layers.Conv1D(4, 3, padding="same", activation="relu", name="conv")(x)
    return keras.Model(
        given, layers.Dense(2, activation="softmax", name="scores")(layers.GlobalMaxPooling1D(name="max")(x))
    )


def table(keras: Any) -> Any:
    """Words, whole numbers and reals of one table."""
    layers = keras.layers
    word, number = keras.Input((1,), dtype="string", name="colour"), keras.Input((1,), dtype="int64", name="grade")
    real = keras.Input((3,), name="sizes")
    norm = layers.Normalization(name="norm")
    norm.adapt(np.random.default_rng(4).normal(0.5, 0.2, (60, 3)).astype("f4"))
    words = layers.StringLookup(vocabulary=VOCABULARY, output_mode="multi_hot", name="colours")(word)
    grades = layers.IntegerLookup(vocabulary=[1, 2, 3, 5], output_mode="multi_hot", name="grades")(number)
    x = layers.Concatenate(name="joined")([words, grades, norm(real)])
    return keras.Model(
        [word, number, real],
        layers.Dense(2, activation="sigmoid", name="risk")(layers.Dense(5, activation="relu", name="hidden")(x)),
    )


def normalised_pictures(keras: Any) -> Any:
    """As EfficientNet begins: Rescaling and an adapted Normalization, then squeeze and excitation."""
    layers = keras.layers
    given = keras.Input((8, 8, 3), name="image")
    norm = layers.Normalization(axis=-1, name="normalization")
    norm.adapt(np.random.default_rng(4).normal(0.3, 0.2, (20, 8, 8, 3)).astype("f4"))
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="stem")(
        norm(layers.Rescaling(0.5, name="half")(given))
    )
    x = layers.Activation("swish", name="stem_act")(layers.BatchNormalization(name="stem_bn")(x))
    y = layers.Reshape((1, 1, 4), name="se_reshape")(layers.GlobalAveragePooling2D(name="se_mean")(x))
    y = layers.Conv2D(4, 1, activation="sigmoid", name="se_expand")(
        layers.Conv2D(2, 1, activation="swish", name="se_reduce")(y)
    )
    x = layers.Multiply(name="se_excite")([x, y])
    return keras.Model(
        given, layers.Dense(3, activation="softmax", name="scores")(layers.GlobalAveragePooling2D(name="mean")(x))
    )


def encoder_decoder(keras: Any) -> Any:
    """Down and up again with skips, transposed convolutions and a bilinear upsampling."""
    layers = keras.layers
    given = keras.Input((8, 8, 2), name="image")
    a = layers.Conv2D(4, 3, padding="same", activation="relu", name="down1")(given)
    b = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="down2")(a)
    c = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="down3")(b)
    x = layers.Concatenate(name="skip2")([layers.Conv2DTranspose(6, 2, strides=2, name="up2")(c), b])
    x = layers.Conv2D(4, 3, padding="same", name="mix")(layers.UpSampling2D(2, interpolation="bilinear", name="up1")(x))
    return keras.Model(given, layers.Conv2D(2, 1, activation="sigmoid", name="mask")(layers.Add(name="skip1")([x, a])))


def recurrent_states(keras: Any) -> Any:
    """An encoder's states start a decoder."""
    layers = keras.layers
    source, target = keras.Input((7, 4), name="source"), keras.Input((5, 3), name="target")
    _, h, c = layers.LSTM(6, return_state=True, name="encoder")(source)
    x = layers.LSTM(6, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    x = layers.SimpleRNN(4, return_sequences=True, name="simple")(x)
    return keras.Model([source, target], layers.TimeDistributed(layers.Dense(3, activation="softmax"), name="words")(x))


def sequential(keras: Any) -> Any:
    layers = keras.layers
    parts = [
        keras.Input((10, 4)),
        layers.Conv1D(5, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling1D(2),
    ]
    return keras.Sequential(
        [*parts, layers.Flatten(), layers.Dense(6, activation="selu"), layers.Dropout(0.4), layers.Dense(1)]
    )


def of_recipe(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda keras: build(fault_nets.Recipe(keras, 0))


WHOLE: dict[str, Callable[[Any], Any]] = {
    build.__name__: build
    for build in (
        dense_on_sequences, dense_on_pictures, nested_models, shared_layers, several_outputs, masked_sequences,
        text, table, normalised_pictures, encoder_decoder, recurrent_states, sequential,
    )
}  # fmt: skip
WHOLE |= {f"net_{name}": of_recipe(build) for name, build in fault_nets.NETS.items()}
