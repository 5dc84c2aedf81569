"""A recorded Keras model: the model's own numbers, under the names that the runner's taps have."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import nets
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import inspector
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options

pytestmark = pytest.mark.framework
KERAS = {"tf_keras": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}
EVERY = [(framework, net) for framework in KERAS for net in nets.NETS]
ROUNDING = 2e-7  # the graph of the taps may group additions otherwise


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The manifest, the outputs, and the layers' values."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("recording.json"))
    stored = np.load(path, allow_pickle=False)
    layers = [tensor for layer in manifest["layers"] for tensor in layer["outputs"]]
    outputs, values = (
        {tensor["name"]: stored[f"{tensor['array']:05d}"] for tensor in tensors}
        for tensors in (manifest["outputs"], layers)
    )
    return manifest, outputs, values


@pytest.mark.parametrize(("framework", "net"), EVERY)
def test_a_recording_holds_what_the_model_gives(framework: str, net: str, tmp_path: Path) -> None:
    module, adapter_class = KERAS[framework]
    model = nets.NETS[net](module)
    feeds = nets.feeds(model, 3)
    given = list(feeds.values()) if len(feeds) > 1 else next(iter(feeds.values()))
    manifest, outputs, values = read(inspector.record(model, given, tmp_path / "r.npz"))
    own = model(given, training=False)
    for mine, theirs in zip(outputs.values(), own if isinstance(own, list | tuple) else [own], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert [tensor["name"] for tensor in manifest["inputs"]] == list(feeds)
    adapter = adapter_class(str(nets.saved(model, tmp_path)), Options())
    assert list(outputs) == [port.tensor for port in adapter.outputs]
    aliases = {alias for layer in manifest["layers"] for alias in layer["aliases"]}
    outside_loops = {name for name in adapter.taps if "_cell" not in name}  # a cell's call is a step, no activation
    assert {*values, *feeds, *aliases} == outside_loops
    taps = adapter.run(feeds, taps=list(values))["taps"]
    for name, array in values.items():
        np.testing.assert_allclose(array, taps[name], atol=ROUNDING, err_msg=name)
    assert manifest["notes"] == []
    assert manifest["framework"] == f"Keras {module.__version__} on TensorFlow {tf.__version__}"


@pytest.mark.parametrize("framework", KERAS)
def test_each_layer_says_what_it_takes(framework: str, tmp_path: Path) -> None:
    model = nets.nested(KERAS[framework][0])
    feeds = nets.feeds(model, 2)
    manifest, _, _ = read(inspector.record(model, dict(reversed(feeds.items())), tmp_path / "r.npz"))
    taken = {layer["name"]: layer["inputs"] for layer in manifest["layers"]}
    assert taken["tower/twice"] == ["right"]
    assert taken["tower@1/twice"] == ["left"]
    assert taken["tower/inner/inner_dense"] == ["tower/twice"]
    assert taken["tower/twice@1"] == ["tower/inner/inner_dense"]
    assert taken["difference"] == ["tower@1/twice@1", "tower/twice@1"]
    assert taken["head"] == ["difference"]
    by_name = {layer["name"]: layer for layer in manifest["layers"]}
    assert by_name["tower/twice@1"]["aliases"] == ["tower"]
    assert by_name["tower/inner/inner_dense"]["class_name"] == "Dense"
    assert by_name["tower/inner/inner_dense"]["config"]["activation"] == "relu"
    assert [tensor["name"] for tensor in manifest["inputs"]] == ["right", "left"]


@pytest.mark.parametrize("framework", KERAS)
def test_a_model_is_the_same_afterwards(framework: str, tmp_path: Path) -> None:
    module = KERAS[framework][0]
    calls = {kind: kind.__call__ for kind in (module.layers.Layer, module.layers.Dense, module.Model)}
    model = nets.convolutional(module)
    before = model.get_weights()
    x = next(iter(nets.feeds(model, 2).values()))
    inspector.record(model, x.tolist(), tmp_path / "r.npz")
    assert {kind: kind.__call__ for kind in calls} == calls
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

    class Failing(module.layers.Layer):
        def call(self, inputs: Any) -> Any:
            raise ZeroDivisionError

    failing = module.Sequential([module.layers.Dense(2), Failing()])
    with pytest.raises(ZeroDivisionError):
        inspector.record(failing, x[0, 0], tmp_path / "failing.npz")
    assert {kind: kind.__call__ for kind in calls} == calls
    assert not (tmp_path / "failing.npz").exists()


@pytest.mark.parametrize("framework", KERAS)
def test_a_subclassed_model_is_recorded_by_its_calls(framework: str, tmp_path: Path) -> None:
    module = KERAS[framework][0]

    class Own(module.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.dense = module.layers.Dense(2, name="dense")

        def call(self, inputs: Any) -> Any:
            return {"first": self.dense(inputs), "second": self.dense(inputs * 2)}

    model, x = Own(), np.ones((2, 3), np.float32)
    own = model(x)
    manifest, outputs, values = read(inspector.record(model, x, tmp_path / "r.npz"))
    assert list(values) == ["dense", "dense@1"]
    np.testing.assert_array_equal(values["dense@1"], own["second"])
    assert list(outputs) == ["dense", "dense@1"]
    assert [tensor["name"] for tensor in manifest["inputs"]] == ["input"]


def test_functions_of_tensorflow(tmp_path: Path) -> None:
    x = np.arange(4, dtype=np.float32).reshape(2, 2)

    @tf.function
    def double(first: Any, second: Any) -> Any:
        return {"sum": first + second, "twice": 2 * first}

    for number, given in enumerate(({"first": x, "second": x + 1}, [x, x + 1])):
        manifest, outputs, _ = read(inspector.record(double, given, tmp_path / f"{number}.npz"))
        np.testing.assert_array_equal(outputs["sum"], 2 * x + 1)
        np.testing.assert_array_equal(outputs["twice"], 2 * x)
        assert manifest["framework"] == f"TensorFlow {tf.__version__}"
    concrete = tf.function(lambda x: x * 3).get_concrete_function(tf.TensorSpec([None, 2], tf.float32))
    _, outputs, _ = read(inspector.record(concrete, x.tolist(), tmp_path / "concrete.npz"))
    np.testing.assert_array_equal(outputs["output"], x * 3)


def test_mixed_precision_says_that_bfloat16_is_kept_as_float32(tmp_path: Path) -> None:
    layers = keras.layers
    inputs = keras.Input((3,), name="x")
    model = keras.Model(inputs, layers.Dense(2, dtype="mixed_bfloat16", name="half")(inputs))
    x = np.ones((1, 3), np.float32)
    manifest, outputs, _ = read(inspector.record(model, x, tmp_path / "r.npz"))
    np.testing.assert_array_equal(outputs["half"], tf.cast(model(x), tf.float32))
    assert {note["code"] for note in manifest["notes"]} == {"KEPT_AS_FLOAT32"}
    assert manifest["layers"][0]["outputs"][0]["dtype"] == "bfloat16"
