"""Write a small net as `.h5` and as SavedModels, by the framework's own exporters.

Run as a script in a process of its own: `make_saved_models.py FOLDER`, with TF_USE_LEGACY_KERAS=1 for legacy Keras.
Writes `conv.h5` and `loop.h5`, each with a SavedModel folder of its name; legacy Keras also `conv_v1`, by the
builder of TensorFlow 1.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

LEGACY = os.environ.get("TF_USE_LEGACY_KERAS") == "1"


def main(folder: Path) -> None:
    import tensorflow as tf

    if LEGACY:
        import tf_keras as keras
    else:
        import keras
    keras.utils.set_random_seed(3)
    for name, model in (("conv", convolutions(keras)), ("loop", loops(keras))):
        model.save(folder / f"{name}.h5")
        if LEGACY:
            tf.saved_model.save(model, str(folder / name))
        else:
            model.export(str(folder / name), verbose=False)
    if LEGACY:
        first_kind(keras, folder)


def convolutions(keras: Any) -> Any:
    """Two branches, two batch norms with statistics of their own, two outputs."""
    layers = keras.layers
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="c1")(image)
    x = layers.ReLU(name="r1")(layers.BatchNormalization(name="b1")(x))
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", name="d1")(x)
    x = layers.BatchNormalization(name="b2")(x)
    x = layers.Add(name="add")([x, layers.Conv2D(8, 1, strides=2, name="c2")(image)])
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    scores = layers.Dense(5, activation="softmax", name="scores")(x)
    model = keras.Model(image, [scores, layers.Dense(1, name="size")(x)])
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, array.shape) for array in layer.get_weights()])
    return model


def loops(keras: Any) -> Any:
    """Loops whose steps read variables."""
    ids = keras.Input((12,), dtype="int32", name="ids")
    x = keras.layers.Embedding(50, 8, name="emb")(ids)
    x = keras.layers.LSTM(6, return_sequences=True, name="l1")(x)
    x = keras.layers.GRU(5, name="g1")(x)
    return keras.Model(ids, keras.layers.Dense(3, name="out")(x))


def first_kind(keras: Any, folder: Path) -> None:
    """A graph with variables in it, as TensorFlow 1 saved it."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.keras.backend.set_session(session)
        model = keras.models.load_model(folder / "conv.h5", compile=False)
        outputs = dict(zip(("scores", "size"), model.outputs, strict=True))
        signature = v1.saved_model.signature_def_utils.predict_signature_def({"image": model.inputs[0]}, outputs)
        builder = v1.saved_model.builder.SavedModelBuilder(str(folder / "conv_v1"))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
