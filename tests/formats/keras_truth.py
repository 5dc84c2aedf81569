"""Run as a script: makes models with both Kerases, saves them in every way and writes down what Keras knows of them.

For each file: per layer path the class, the weights' digests in order, the output's shape of each call; the
inputs and outputs in order. The test compares the reader with this.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np


def nested(keras: Any) -> Any:
    """Two calls of a nested model with two outputs, a nested Sequential, a shared layer; inner names clash."""
    layers = keras.layers
    image = layers.Input((8, 8, 3), name="img")
    x = layers.Conv2D(4, 3, name="dense")(image)
    x = layers.BatchNormalization(name="bn")(x)
    body = keras.Model(image, [x, layers.GlobalAveragePooling2D(name="gap")(x)], name="body")
    a, b = layers.Input((8, 8, 3), name="a"), layers.Input((8, 8, 3), name="b")
    (_, pooled_a), (whole_b, pooled_b) = body(a), body(b)
    head = keras.Sequential([layers.Dense(5, activation="relu", name="d"), layers.Dense(2, name="e")], name="head")
    shared = layers.Dense(3, name="dense")
    first = head(layers.Concatenate(name="both")([pooled_a, pooled_b]))
    second = layers.Add(name="sum")([shared(pooled_a), shared(pooled_b)])
    return keras.Model([b, a], [first, second, whole_b], name="top")


def frozen(keras: Any) -> Any:
    """Some layers of a model in a model are frozen, which changes the order of their weights in the file."""
    layers = keras.layers
    base = keras.Sequential(
        [
            layers.Input((6, 6, 2)),
            layers.Conv2D(3, 3, name="c1"),
            layers.BatchNormalization(name="b1"),
            layers.Conv2D(3, 3, name="c2"),
            layers.BatchNormalization(name="b2"),
        ],
        name="base",
    )
    base.layers[0].trainable = base.layers[3].trainable = False
    middle = keras.Sequential([base, layers.Flatten(name="flat"), layers.Dense(4, name="fc")], name="mid")
    middle.build((None, 6, 6, 2))
    x = layers.Input((6, 6, 2), name="x")
    return keras.Model(x, layers.Dense(2, name="out")(middle(x)))


def recurrent(keras: Any) -> Any:
    """States handed on, both directions, a layer at each time step, a bare cell."""
    layers = keras.layers
    ids = layers.Input((7,), dtype="int32", name="ids")
    x, h, c = layers.LSTM(5, return_sequences=True, return_state=True, name="enc")(
        layers.Embedding(20, 6, name="emb")(ids)
    )
    x = layers.LSTM(5, return_sequences=True, name="dec")(x, initial_state=[h, c])
    x = layers.Bidirectional(layers.GRU(4, return_sequences=True), name="bi")(x)
    x = layers.TimeDistributed(layers.Dense(3, activation="tanh"), name="td")(x)
    return keras.Model(ids, [layers.SimpleRNN(4, name="rnn")(x), layers.RNN(layers.LSTMCell(3), name="cell")(x), h])


def shapes(keras: Any) -> Any:
    """One layer after the other that changes the shape."""
    layers = keras.layers
    stack = [
        layers.SeparableConv2D(6, 3),
        layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
        layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
        layers.Conv2DTranspose(5, 3, strides=2),
        layers.ZeroPadding2D(((1, 2), (3, 4))),
        layers.Cropping2D(((1, 2), (0, 3))),
        layers.MaxPooling2D(3, 2, padding="same"),
        layers.AveragePooling2D((2, 3)),
        layers.UpSampling2D((2, 1)),
        layers.PReLU(shared_axes=[1, 2]),
        layers.LayerNormalization(),
        layers.ReLU(6.0),
        layers.Conv2D(8, 3, dilation_rate=2),
        layers.Permute((3, 1, 2)),
        layers.Reshape((8, -1)),
        layers.Conv1D(3, 2, padding="causal"),
        layers.MaxPooling1D(),
        layers.GlobalMaxPooling1D(keepdims=True),
        layers.Flatten(),
        layers.RepeatVector(3),
        layers.Softmax(),
    ]
    return keras.Sequential([layers.Input((12, 12, 4), name="x"), *stack])


MODELS: dict[str, Callable[[Any], Any]] = {
    "nested": nested,
    "frozen": frozen,
    "recurrent": recurrent,
    "shapes": shapes,
}


def leaves(model: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for layer in model.layers:
        path = (*above, layer.name)
        if hasattr(layer, "layers"):
            yield from leaves(layer, path)
        else:
            yield "/".join(path), layer


def truth(model: Any) -> dict[str, Any]:
    """What Keras says of a model."""
    found = {}
    for path, layer in leaves(model):
        arrays = [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in layer.get_weights()]
        made = [] if "/" in path else [_first(node) for node in layer._inbound_nodes]
        found[path] = {
            "class": type(layer).__name__,
            "weights": arrays,
            "shapes": [list(tensor.shape) for tensor in made],
        }
    return {
        "layers": found,
        "inputs": [tensor._keras_history[0].name for tensor in model.inputs],
        "output_shapes": [list(tensor.shape) for tensor in model.outputs],
    }


def _first(node: Any) -> Any:
    made = node.output_tensors if hasattr(node, "output_tensors") else node.outputs
    return made[0] if isinstance(made, list | tuple) else made


def main(folder: Path) -> None:
    import keras
    import tf_keras

    for tag, module in (("k2", tf_keras), ("k3", keras)):
        for name, build in MODELS.items():
            module.backend.clear_session()
            model = build(module)
            generator = np.random.default_rng(0)
            model.set_weights(
                [generator.standard_normal(array.shape).astype(array.dtype) for array in model.get_weights()]
            )
            for ending in ("h5", "keras"):
                model.save(folder / f"{tag}-{name}.{ending}")
            model.save_weights(folder / f"{tag}-{name}.weights.h5")
            (folder / f"{tag}-{name}.json").write_text(json.dumps(truth(model)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
