"""Layers models that TensorFlow.js refuses: upgraded they give Keras's own numbers; others are left as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfjs_writer import write_layers

from inspector import formats
from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.runners.server import RequestError
from inspector.runners.tfjs_library import library_files
from inspector.workers.runner_client import Loaded, Runner

pytestmark = pytest.mark.framework
keras = pytest.importorskip("keras", minversion="3.0")
L = keras.layers
CLOSE = 2e-6


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    try:
        library_files()
    except RequestError as error:
        pytest.skip(f"TensorFlow.js is not installed: {error.fields['todo']}")


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner("B", spill=tmp_path / "spill", options=SideOptions(choices={"backend": "cpu"}))
    yield runner
    runner.close()


def written(model: Any, folder: Path) -> Path:
    """The model as tensorflowjs_converter writes one of Keras 3: its own config, its variables' own paths."""
    generator = np.random.default_rng(4)
    model.set_weights([generator.uniform(0.2, 0.6, weight.shape) for weight in model.weights])
    stated = json.loads(model.to_json())
    config = {"class_name": stated["class_name"], "config": stated["config"]}
    return write_layers(folder, config, {weight.path: np.asarray(weight, np.float32) for weight in model.weights})


def loaded(runner: Runner, folder: Path) -> Loaded:
    return runner.load(folder, "tfjs", parts=formats.open_file(str(folder)).file.parts)


def several_classes() -> Any:
    steps = keras.Input((5, 4), name="steps")
    x = L.Masking(0.0, name="mask")(steps)
    x = L.Bidirectional(L.LSTM(3, name="inner"), name="both_ways")(x)
    left, right = L.Dense(4, activation="silu", name="left")(x), L.Dense(4, name="right")(x)
    x = L.LeakyReLU(0.1, name="leaky")(L.Add(name="sum")([left, right]))
    inside = keras.Input((4,), name="inside")
    inner = keras.Model(inside, L.BatchNormalization(epsilon=0.01, name="norm")(inside), name="nested")
    return keras.Model(steps, L.Dense(2, kernel_regularizer="l2", name="head")(inner(x)))


def test_keras_3s_config_runs_upgraded_and_every_change_is_listed(runner: Runner, tmp_path: Path) -> None:
    model = several_classes()
    said = loaded(runner, written(model, tmp_path / "model"))
    x = np.random.default_rng(0).uniform(-1, 1, (3, 5, 4)).astype(np.float32)
    x[1, 3:] = 0.0  # masked
    (found,) = runner.run({"steps": x}).outputs.values()
    np.testing.assert_allclose(found, model(x, training=False), atol=CLOSE)
    assert said.refusal is not None
    assert said.refusal.said == "An InputLayer should be passed either a `batchInputShape` or an `inputShape`."
    assert (said.refusal.framework, said.refusal.version) == ("TensorFlow.js", "4.22.0")
    texts = [warning.text for warning in said.warnings if warning.code == "TFJS_UPGRADED"]
    assert tuple(texts) == said.refusal.changes
    wanted = ("batch_shape", "inbound_nodes", "DTypePolicy", "negative_slope", "silu", "regularizers", "module")
    assert all(any(word in text for text in texts) for word in wanted)


def test_a_sequential_of_keras_3_puts_its_name_before_its_weights(runner: Runner, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, activation="relu"), L.Dense(2)], name="chain")
    said = loaded(runner, written(model, tmp_path / "model"))
    x = np.random.default_rng(1).uniform(-1, 1, (3, 4)).astype(np.float32)
    (found,) = runner.run({said.inputs[0].tensor: x}).outputs.values()
    np.testing.assert_allclose(found, model(x), atol=CLOSE)
    assert said.refusal is not None


def dense_of_2018(folder: Path, names: str) -> tuple[Path, list[np.ndarray]]:
    """A Sequential of Keras 2.1, its config a list; `names` with the layer's number in it."""
    layers = [
        {"class_name": "Dense", "config": {"name": "dense_1", "units": 3, "batch_input_shape": [None, 4]}},
        {"class_name": "Dense", "config": {"name": "dense_2", "units": 3, "use_bias": False}},
    ]
    generator = np.random.default_rng(3)
    arrays = [generator.normal(size=size).astype(np.float32) for size in ((4, 3), (3,), (3, 3))]
    named = [names.format(1) + "/kernel", names.format(1) + "/bias", names.format(2) + "/kernel"]
    path = write_layers(folder, {"class_name": "Sequential", "config": layers}, dict(zip(named, arrays, strict=True)))
    return path, arrays


@pytest.mark.parametrize(("names", "refused"), [("dense_{}", False), ("dense_{}_1", True)])
def test_weights_of_2018(runner: Runner, tmp_path: Path, names: str, refused: bool) -> None:
    folder, (kernel, bias, last) = dense_of_2018(tmp_path / "model", names)
    said = loaded(runner, folder)
    x = np.random.default_rng(2).normal(size=(2, 4)).astype(np.float32)
    (found,) = runner.run({said.inputs[0].tensor: x}).outputs.values()
    np.testing.assert_allclose(found, (x @ kernel + bias) @ last, atol=CLOSE)
    layers = formats.open_file(str(folder)).computation().layers
    assert [[weight.role for weight in layer.weights] for layer in layers] == [[], ["kernel", "bias"], ["kernel"]]
    assert (said.refusal is not None) == refused
    if said.refusal is not None:
        assert said.refusal.said == "Provided weight data has no target variable: dense_1_1/kernel"
        assert said.refusal.changes[0] == "weights named dense_1_1 read as dense_1 (layer dense_1)"


def test_what_no_change_helps_is_refused_in_tensorflow_jss_own_words(runner: Runner, tmp_path: Path) -> None:
    layers = [{"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [None, 4]}}]
    layers.append({"class_name": "Unheard", "config": {"name": "u"}})
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    arrays = {"d/kernel": np.ones((4, 2), np.float32), "d/bias": np.ones(2, np.float32)}
    with pytest.raises(InspectorError, match="Unknown layer: Unheard") as caught:
        loaded(runner, write_layers(tmp_path / "model", config, arrays))
    assert caught.value.code == "LOAD_FAILED"
