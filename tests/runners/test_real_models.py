"""Every pair of real files: both run, agree as far as is known, replay, and have a float64 reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector.runners.adapter import Adapter
from inspector.runners.graph_adapter import GraphAdapter
from inspector.runners.keras_adapter import LegacyKerasAdapter
from inspector.runners.options import Options

pytestmark = pytest.mark.framework

# Folder, .h5, .pb, and the largest difference of the outputs that the files' README states; None: they differ.
PAIRS = [
    ("racecar", "mlp-720.h5", "frozen_model_720.pb", 1e-6),
    ("racecar", "mlp-latest.h5", "frozen_model_full.pb", None),
    ("emotion-mini", "_mini_XCEPTION.102-0.66.hdf5", "model.pb", 1e-6),
    ("emotion-simple", "_simple_CNN.00-0.32.hdf5", "model-cnn-032.pb", 2e-7),
    ("emotion-simple", "_simple_CNN.00-0.32.hdf5", "model-cnn-033.pb", None),
    ("dga-lstm", "model.h5", "model.pb", 2e-7),
    ("lenet5", "modelLeNet5_small.h5", "frozen_model.pb", 2e-7),
    ("regressor-0611b", "model_0611b.h5", "frozen_model_0611b.pb", 4e-7),
    ("muscle-mlp", "mlp_200517a.h5", "mlp_200517a.pb", 4e-7),
    ("muscle-mlp", "mlp_200517b.h5", "mlp_200517b.pb", 4e-7),
]


def array_for(adapter: Adapter, *, folder: str) -> np.ndarray:
    (port,) = adapter.describe()["inputs"]
    random = np.random.default_rng(0)
    shape = [2, *port["shape"][1:]]
    ids = folder == "dga-lstm"
    return random.integers(0, 40, shape).astype(np.float32) if ids else random.random(shape).astype(np.float32)


@pytest.mark.parametrize(("folder", "h5", "pb", "largest"), PAIRS)
def test_pair(folder: str, h5: str, pb: str, largest: float | None, shared_models: Path) -> None:
    files = shared_models / "pairs" / folder
    sides = LegacyKerasAdapter(str(files / h5), Options()), GraphAdapter(str(files / pb), Options())
    array = array_for(sides[0], folder=folder)
    outputs = []
    for side in sides:
        feeds = {side.inputs[0].tensor: array}
        (output,) = side.run(feeds)["outputs"].values()
        outputs.append(output)
        _check_replay_and_reference(side, feeds)
    difference = np.abs(outputs[0] - outputs[1]).max()
    assert difference <= largest if largest is not None else difference > 0.01


def _check_replay_and_reference(side: Adapter, feeds: dict[str, np.ndarray]) -> None:
    """float32 rounding is a few 1e-7 of a layer's largest value; sums over hundreds of products a little more."""
    taps = side.run(feeds, taps=list(side.taps))["taps"]
    floats = {name: array for name, array in taps.items() if array.dtype == np.float32}
    again = side.replay({**floats, **feeds}, list(floats))
    assert max(np.abs(again[name] - floats[name]).max() for name in floats) < 1e-5
    for name, found in side.reference({**floats, **feeds}, list(floats), floats).items():
        assert found["exact"], name
        assert found["error"] <= 4e-6 * found["scale"], name


@pytest.mark.parametrize("name", ["facemask-ssd/face_mask_detection.pb", "quant-aware/frozen_model.pb"])
def test_graph_alone(name: str, shared_models: Path) -> None:
    side = GraphAdapter(str(shared_models / "pairs" / name), Options())
    feeds = {side.inputs[0].tensor: array_for(side, folder=name)}
    outputs = side.run(feeds)["outputs"]
    found = side.reference(feeds, list(outputs), outputs)
    assert all(item["error"] < 1e-4 for item in found.values())
    assert [item["exact"] for item in found.values()] == [name.startswith("facemask")] * len(found)


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_recurrent_graphs_of_tensorflow_1(name: str, shared_models: Path) -> None:
    """v1 loops with dropout: `keep_prob` is fed with what switches it off, and is no input."""
    side = GraphAdapter(str(shared_models / "singles/pb" / (name + ".pb")), Options())
    assert [port.name for port in side.inputs] == ["X"]
    image = np.random.default_rng(0).random((2, 784)).astype(np.float32)
    feeds = {"X:0": image}
    outputs = side.run(feeds)["outputs"]
    found = side.reference(feeds, list(outputs), outputs)
    assert max(item["error"] / item["scale"] for item in found.values()) < 1e-5
