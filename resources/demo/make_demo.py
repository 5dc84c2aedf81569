"""Trains the demo's net and writes the demo pair; run by hand (`make demo-files`), never by the program.

The net is built and trained with legacy Keras (Keras 2), because that is what most `.h5` files out there
come from, and frozen with TensorFlow's own `convert_variables_to_constants_v2`. The fault is put in the way
people make it: the same net is built again with another epsilon, given the trained weights, and frozen.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

HERE = Path(__file__).resolve().parent
SEED = 7
EPSILON = 1e-3
FAULTY_EPSILON = 1e-2
EPOCHS = 40


@dataclass(frozen=True, slots=True)
class Digits:
    """Images (n, 8, 8, 1) in 0..255 as float32 of whole numbers, labels (n,)."""

    train: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test: NDArray[np.float32]
    test_labels: NDArray[np.int64]


def digits() -> Digits:
    """scikit-learn's handwritten digits (8x8, 17 greys) spread over 0..255; a quarter is for testing."""
    images, labels = load_digits(return_X_y=True)
    images = np.rint(images.reshape(-1, 8, 8, 1) * 255 / 16).astype(np.float32)
    train, test, train_labels, test_labels = train_test_split(
        images, labels, test_size=0.25, random_state=SEED, stratify=labels
    )
    return Digits(train, train_labels, test, test_labels)


def net(*, bn2_epsilon: float = EPSILON) -> Any:
    """A small convolutional net; `bn2_epsilon` is the setting that the faulty graph has wrong."""
    layers = keras.layers
    x = image = layers.Input((8, 8, 1), name="image")
    x = layers.Rescaling(1 / 255, name="scale")(x)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="conv1")(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name="bn1")(x)
    x = layers.ReLU(name="relu1")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise2")(x)
    x = layers.BatchNormalization(epsilon=bn2_epsilon, name="bn2")(x)
    x = layers.LeakyReLU(0.1, name="leaky2")(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv3")(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name="bn3")(x)
    x = layers.ReLU(name="relu3")(x)
    x = layers.GlobalAveragePooling2D(name="pool3")(x)
    x = layers.Dense(10, name="scores")(x)
    x = layers.Softmax(name="softmax")(x)
    return keras.Model(image, x, name="digits")


def train(data: Digits) -> Any:
    """Adam and cross-entropy; the same numbers every time on the same machine."""
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    model = net()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(data.train, data.train_labels, batch_size=32, epochs=EPOCHS, verbose=2)
    return model


def freeze(model: Any, path: Path) -> None:
    """A binary frozen GraphDef with the batch left open, inference only."""
    call = tf.function(lambda image: model(image, training=False))
    concrete = call.get_concrete_function(tf.TensorSpec([None, 8, 8, 1], tf.float32, name="image"))
    graph = convert_variables_to_constants_v2(concrete).graph.as_graph_def()
    path.write_bytes(graph.SerializeToString(deterministic=True))


def run(path: Path, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Class scores (n, 10) of a frozen graph: the last node's output, computed by a plain session."""
    definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(definition, name="")
        scores: NDArray[np.float32] = session.run(f"{definition.node[-1].name}:0", {"image:0": images})
    return scores


def write_images(data: Digits, changed: NDArray[np.bool_]) -> list[str]:
    """One test digit of each class as an 8-bit grey PNG, one that the fault misreads where there is one."""
    folder = HERE / "digits"
    folder.mkdir(exist_ok=True)
    rows = []
    for label in range(10):
        of_label = np.flatnonzero(data.test_labels == label)
        misread = of_label[changed[of_label]]
        index = int(misread[0] if misread.size else of_label[0])
        pixels = data.test[index, :, :, 0].astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"digit_{label}.png")
        rows.append(f"| `digits/digit_{label}.png` | {index} | {'yes' if misread.size else 'no'} |")
    return rows


def facts(data: Digits, scores: NDArray[np.float32]) -> list[str]:
    """What is true of the three files, measured with TensorFlow on the whole test set."""
    right = scores.argmax(1)
    faithful = run(HERE / "digits.pb", data.test)
    faulty = run(HERE / "digits_faulty.pb", data.test)
    rows = []
    for name, found in (("digits.h5", scores), ("digits.pb", faithful), ("digits_faulty.pb", faulty)):
        accuracy = float((found.argmax(1) == data.test_labels).mean())
        difference = float(np.abs(found.astype(np.float64) - scores).max())
        moved = int((found.argmax(1) != right).sum())
        over = int((np.abs(found - scores).max(1) > 1e-2).sum())
        rows.append(f"| `{name}` | {accuracy:.2%} | {difference:.2g} | {over} | {moved} |")
    return rows


def write_readme(measured: list[str], images: list[str], count: int) -> None:
    template = (HERE / "README.template.md").read_text()
    text = template.format(
        count=count, measured="\n".join(measured), images="\n".join(images),
        epsilon=EPSILON, faulty=FAULTY_EPSILON,
    )  # fmt: skip
    (HERE / "README.md").write_text(text)


def main() -> None:
    """Train, write the three files and the images, and measure them."""
    data = digits()
    model = train(data)
    model.save(HERE / "digits.h5")
    faulty = net(bn2_epsilon=FAULTY_EPSILON)
    faulty.set_weights(model.get_weights())
    freeze(model, HERE / "digits.pb")
    freeze(faulty, HERE / "digits_faulty.pb")
    scores = model.predict(data.test, verbose=0)
    changed = run(HERE / "digits_faulty.pb", data.test).argmax(1) != scores.argmax(1)
    images = write_images(data, changed)
    measured = facts(data, scores)
    write_readme(measured, images, len(data.test))
    print("\n".join(measured), "\nbn2 variance:", model.get_layer("bn2").moving_variance.numpy())


if __name__ == "__main__":
    main()
