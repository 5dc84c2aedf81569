"""Run by the Python of another environment: `old_net.py RECORDER FOLDER` makes a small net with its own truth.

Python 3.7 and TensorFlow 1.15 (as a graph) to 2.15 (eagerly). In `truth.npz` the input, what `predict` gives, and
each layer's output; the model in `small.h5`; and in `recorded.npz` what RECORDER, the path of recorder.py, wrote."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf


def net(keras):
    """Convolution, batch norm with moments of its own, a shared layer, recurrent layers."""
    layers = keras.layers
    x = image = keras.Input((8, 6, 3), name="image")
    x = layers.Conv2D(5, 3, padding="same", activation="relu", name="conv")(x)
    x = layers.BatchNormalization(epsilon=0.01, name="bn")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Reshape((12, 5), name="rows")(x)
    shared = layers.Dense(5, activation="tanh", name="shared")
    x = shared(shared(x))
    x = layers.LSTM(6, return_sequences=True, name="lstm")(x)
    x = layers.Bidirectional(layers.GRU(4), name="both")(x)
    return keras.Model(image, layers.Dense(3, activation="softmax", name="scores")(x), name="small")


def recorder_at(path):
    """The recorder alone, as beside a training script."""
    spec = importlib.util.spec_from_file_location("recorder", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(recorder, folder):
    keras = tf.keras
    model = net(keras)
    random = np.random.RandomState(0)
    model.set_weights([random.uniform(0.1, 0.6, w.shape) - 0.3 * (w.ndim > 1) for w in model.get_weights()])
    x = random.uniform(-1, 1, (4, 8, 6, 3)).astype("float32")
    names = [layer.name for layer in model.layers if layer.name not in ("image", "shared")]
    inner = keras.Model(model.inputs, [model.get_layer(name).output for name in names])
    arrays = dict(zip(names, inner.predict(x)))  # noqa: B905 - Python 3.7
    layers = {"layer_" + name: arrays[name] for name in names}
    np.savez(str(Path(folder) / "truth.npz"), input=x, predicted=model.predict(x), **layers)
    recorder_at(recorder).record(model, x, Path(folder) / "recorded.npz")
    model.save(str(Path(folder) / "small.h5"))


if __name__ == "__main__":
    main(*sys.argv[1:])
