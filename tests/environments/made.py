"""Run by the Python of another environment: `made.py OUT.h5 OUT.npz` saves a small net with its own truth.

Python 3.7 and TensorFlow 1.15 to 2.15. In the `.npz`: the input, what `predict` gives, and each layer's output."""

import sys

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


def main(model_path, truth_path):
    keras = tf.keras
    model = net(keras)
    random = np.random.RandomState(0)
    model.set_weights([random.uniform(0.1, 0.6, w.shape) - 0.3 * (w.ndim > 1) for w in model.get_weights()])
    x = random.uniform(-1, 1, (4, 8, 6, 3)).astype("float32")
    names = [layer.name for layer in model.layers if layer.name not in ("image", "shared")]
    inner = keras.Model(model.inputs, [model.get_layer(name).output for name in names])
    arrays = dict(zip(names, inner.predict(x)))  # noqa: B905 - Python 3.7
    np.savez(truth_path, input=x, predicted=model.predict(x), **{"layer_" + name: arrays[name] for name in names})
    model.save(model_path)


if __name__ == "__main__":
    main(*sys.argv[1:])
