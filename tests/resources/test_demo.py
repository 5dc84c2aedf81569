"""The demo pair is what its README says, measured anew by the frameworks themselves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

pytestmark = pytest.mark.framework

MEASURE = """
import json, sys
import numpy as np
import tensorflow as tf
import tf_keras

h5, pb, faulty, images = sys.argv[1:]
images = np.load(images)


def run(path):
    definition = tf.compat.v1.GraphDef.FromString(open(path, "rb").read())
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(definition, name="")
        epsilons = {n.name: n.attr["epsilon"].f for n in definition.node if "epsilon" in n.attr}
        return session.run("Identity:0", {"image:0": images}), epsilons


model = tf_keras.models.load_model(h5)
(good, epsilons), (bad, faulty_epsilons) = run(pb), run(faulty)
scores = model(images, training=False).numpy()
optimizer = len(model.optimizer.variables)
print(json.dumps({"h5": scores.tolist(), "pb": good.tolist(), "faulty": bad.tolist(), "optimizer": optimizer,
                  "epsilons": epsilons, "faulty_epsilons": faulty_epsilons}))
"""


@pytest.fixture(scope="module")
def held_out() -> tuple[np.ndarray, np.ndarray]:
    """The test set: images (n, 8, 8, 1) of whole numbers 0..255 as float32, labels (n,)."""
    images, labels = load_digits(return_X_y=True)
    images = np.rint(images.reshape(-1, 8, 8, 1) * 255 / 16).astype(np.float32)
    _, images, _, labels = train_test_split(images, labels, test_size=0.25, random_state=7, stratify=labels)
    return images, labels


@pytest.fixture(scope="module")
def measured(demo: Any, held_out: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("demo")
    np.save(folder / "images.npy", held_out[0])
    paths = [str(demo.h5), str(demo.pb), str(demo.faulty), str(folder / "images.npy")]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    return {**found, **{name: np.array(found[name]) for name in ("h5", "pb", "faulty")}}


def test_model_reads_digits(measured: dict[str, Any], held_out: Any) -> None:
    assert (measured["h5"].argmax(1) == held_out[1]).mean() >= 0.97


def test_model_keeps_its_optimizer(measured: dict[str, Any]) -> None:
    assert measured["optimizer"] > 1


def test_faithful_graph_agrees(measured: dict[str, Any]) -> None:
    assert np.abs(measured["pb"] - measured["h5"]).max() < 1e-5


def test_faulty_graph_differs_visibly(measured: dict[str, Any]) -> None:
    worst = np.abs(measured["faulty"] - measured["h5"]).max(1)
    assert worst.max() > 0.1
    assert (worst > 1e-2).mean() > 0.5


def test_fault_is_one_epsilon(measured: dict[str, Any]) -> None:
    good, bad = measured["epsilons"], measured["faulty_epsilons"]
    changed = [name for name in good if good[name] != bad[name]]
    assert changed == ["digits/bn2/FusedBatchNormV3"]
    assert good[changed[0]] == pytest.approx(1e-3)
    assert bad[changed[0]] == pytest.approx(1e-2)


def test_readme_states_what_is_measured(measured: dict[str, Any], held_out: Any, demo: Any) -> None:
    table = (demo.h5.parent / "README.md").read_text()
    for name, file in (("h5", "digits.h5"), ("pb", "digits.pb"), ("faulty", "digits_faulty.pb")):
        row = re.search(rf"\| `{file}` \| ([\d.]+)% \| \S+ \| (\d+) \| (\d+) \|", table)
        assert row is not None
        accuracy = (measured[name].argmax(1) == held_out[1]).mean()
        over = (np.abs(measured[name] - measured["h5"]).max(1) > 1e-2).sum()
        moved = (measured[name].argmax(1) != measured["h5"].argmax(1)).sum()
        assert float(row[1]) == pytest.approx(100 * accuracy, abs=0.01)
        assert int(row[3]) == moved
        assert int(row[2]) == pytest.approx(over, abs=2)  # rounding may carry one over the border


def test_images_are_of_the_test_set(demo: Any, held_out: Any) -> None:
    images, labels = held_out
    assert len(demo.images) == 10
    for path in demo.images:
        with Image.open(path) as image:
            assert (image.mode, image.size) == ("L", (8, 8))
            pixels = np.asarray(image, dtype=np.float32)
        index = int(np.abs(images[..., 0] - pixels).sum((1, 2)).argmin())
        assert np.array_equal(images[index, :, :, 0], pixels)
        assert labels[index] == int(path.stem[-1])


def test_faulty_graph_misreads_some_of_the_images(demo: Any, measured: dict[str, Any], held_out: Any) -> None:
    images, _ = held_out
    changed = images[measured["faulty"].argmax(1) != measured["h5"].argmax(1)]
    shown = [np.asarray(Image.open(path), dtype=np.float32) for path in demo.images]
    assert sum(any(np.array_equal(one, each[..., 0]) for each in changed) for one in shown) >= 3


def test_files_are_small(demo: Any) -> None:
    files: list[Path] = [demo.h5, demo.pb, demo.faulty, *demo.images]
    assert max(path.stat().st_size for path in files) < 300_000
