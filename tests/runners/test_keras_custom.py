"""Classes of the user's own, code in a file, and how a Keras side is run."""

from __future__ import annotations

import base64
import json
import marshal
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import nets
import numpy as np
import old_files
import pytest
import tf_keras

from inspector.runners import custom_objects, hub_layers, lambda_code
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options
from inspector.runners.server import RequestError

pytestmark = pytest.mark.framework
KERAS = {"tf_keras": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}
OWN = """
import keras
from keras.layers import Layer

class Scaled(Layer):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, shape):
        self.kernel = self.add_weight(name="kernel", shape=(int(shape[-1]),), initializer="ones")

    def call(self, x):
        return self.factor * x * self.kernel

    def get_config(self):
        return dict(super().get_config(), factor=self.factor)

def steep(x):
    return 3.0 * x

custom_objects = {"odd_loss": lambda y, z: y - z}
"""


@pytest.fixture
def custom(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


def saved_with_own(module: Any, path: Path, custom: Path) -> np.ndarray:
    """A model with a layer, an activation and a loss of the user's own; what it gives for ones."""
    own = custom_objects.user_objects(str(custom), module)
    inputs = module.Input((3,), name="x")
    scaled = own["Scaled"](2.0, name="scaled")(inputs)
    model = module.Model(inputs, module.layers.Dense(2, activation=own["steep"], name="out")(scaled))
    model.compile("sgd", own["odd_loss"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both call HDF5 a legacy format
        model.save(path)
    del sys.modules[custom_objects.MODULE]
    return np.asarray(model(np.ones((1, 3), np.float32)))


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("framework", KERAS)
def test_own_classes_come_from_the_users_file(framework: str, ending: str, custom: Path, tmp_path: Path) -> None:
    module, adapter_class = KERAS[framework]
    path = tmp_path / f"m.{ending}"
    truth = saved_with_own(module, path, custom)
    with pytest.raises(RequestError) as unknown:
        adapter_class(str(path), Options())
    assert unknown.value.fields["code"] == "UNKNOWN_CLASS"
    told = unknown.value.fields["what"]
    assert "Scaled (layer scaled)" in told or "steep (layer out)" in told  # as Keras comes upon them
    assert "--custom" in unknown.value.fields["todo"]
    adapter = adapter_class(str(path), Options(custom=str(custom)))
    found = adapter.run({"x": np.ones((1, 3), np.float32)}, taps=["scaled"])
    np.testing.assert_allclose(found["outputs"]["out"], truth, rtol=1e-6)
    custom.write_text(OWN.replace("def steep", "def flat"))
    with pytest.raises(RequestError, match=r"the model uses steep \(layer out\)"):
        adapter_class(str(path), Options(custom=str(custom)))


def test_a_mistake_in_the_users_file_is_told_with_its_line(custom: Path, tmp_path: Path) -> None:
    path, own = tmp_path / "m.h5", custom
    saved_with_own(tf_keras, path, custom)
    for text, line in (("import keras\nnothing_like_this()\n", 2), ("class Half(:\n", 1)):
        own.write_text(text)
        with pytest.raises(RequestError) as failed:
            LegacyKerasAdapter(str(path), Options(custom=str(own)))
        assert failed.value.fields["code"] == "CUSTOM_FAILED"
        assert f"(line {line})" in failed.value.fields["what"]


OLD_CODE = {  # x**2 and a function as Keras 2 kept them, from real files
    "2 or 3.3": "c\u0001\u0000\u0000\u0000\u0001\u0000\u0000\u0000\u0002\u0000\u0000\u0000C\u0000\u0000\u0000s\b",
    "3.4 to 3.7": "4wEAAAAAAAAAAgAAAAQAAABDAAAAcxYAAABkAWQCbAB9AXwBagF8AGQDZASNAlMA\n",
}


@pytest.mark.parametrize("needed", OLD_CODE)
def test_code_of_another_python(needed: str, tmp_path: Path) -> None:
    """The Python that is needed is named; a function of the layer's name stands in for the code."""
    stated = old_files.layer("Lambda", "squared", function=[OLD_CODE[needed], None, None], function_type="lambda")
    stated["config"] |= {"batch_input_shape": [None, 2], "dtype": "float32", "output_shape": None, "arguments": {}}
    path = old_files.write(tmp_path / "m.h5", [stated], {}, version="2.1.3", backend="tensorflow")
    for trust, code in ((False, "CONTAINS_CODE"), (True, "OTHER_PYTHON")):
        with pytest.raises(RequestError) as refused:
            LegacyKerasAdapter(str(path), Options(trust=trust))
        assert refused.value.fields["code"] == code
    assert f"squared needs Python {needed}, and this is Python" in refused.value.fields["what"]
    own = tmp_path / "own.py"
    own.write_text("def squared(x):\n    return x * x\n")
    adapter = LegacyKerasAdapter(str(path), Options(custom=str(own)))
    (found,) = adapter.run({adapter.inputs[0].tensor: np.float32([[3, -2]])})["outputs"].values()
    np.testing.assert_array_equal(found, [[9, 4]])


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("framework", KERAS)
def test_a_function_in_place_of_code(framework: str, ending: str, tmp_path: Path) -> None:
    """Without trust: nothing of the file's own code is run."""
    module, adapter_class = KERAS[framework]
    layers = [module.Input((3,)), module.layers.Lambda(lambda x: 2 * x + 1, output_shape=(3,), name="changed")]
    path, own = tmp_path / f"m.{ending}", tmp_path / "own.py"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module.Sequential([*layers, module.layers.Dense(2, name="out")]).save(path)
    own.write_text("def changed(x):\n    return 5 * x\n")
    adapter = adapter_class(str(path), Options(custom=str(own)))
    found = adapter.run({adapter.inputs[0].tensor: np.float32([[1, 2, 3]])}, taps=["changed"])["taps"]
    np.testing.assert_array_equal(found["changed"], [[5, 10, 15]])


def test_code_of_this_python_is_known_as_such() -> None:
    code = base64.b64encode(marshal.dumps((lambda x: 2 * x).__code__)).decode("ascii")
    assert lambda_code.python_of({"function": [code, None, None]}) == lambda_code.this_python()
    assert lambda_code.python_of({"function": {"class_name": "__lambda__", "config": {"code": code}}})
    assert lambda_code.python_of({"function": ["no code", None, None]}) == ""


def dropping(module: Any) -> Any:
    inputs = module.Input((1000,), name="x")
    x = module.layers.BatchNormalization(name="bn")(inputs)
    return module.Model(inputs, module.layers.Dropout(0.25, name="drop")(x))


@pytest.mark.parametrize("framework", KERAS)
def test_training_drops_and_normalizes_by_the_batch(framework: str, tmp_path: Path) -> None:
    module, adapter_class = KERAS[framework]
    path = nets.saved(dropping(module), tmp_path)
    x = np.random.default_rng(0).normal(3, 2, (64, 1000)).astype(np.float32)
    still = adapter_class(str(path), Options()).run({"x": x})["outputs"]["drop"]
    np.testing.assert_allclose(still, x / np.sqrt(1.001), rtol=1e-5)
    adapter = adapter_class(str(path), Options(training=True, seed=5))
    found = adapter.run({"x": x}, taps=["bn", "drop"])["taps"]
    exact = np.float64(x)
    normal = (exact - exact.mean(0)) / np.sqrt(exact.var(0) + 1e-3)
    np.testing.assert_allclose(found["bn"], normal, atol=1e-4)
    kept = found["drop"] != 0
    assert kept.mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(found["drop"][kept], found["bn"][kept] / 0.75, rtol=1e-5)
    again = adapter_class(str(path), Options(training=True, seed=5)).run({"x": x}, taps=["drop"])["taps"]
    np.testing.assert_array_equal(again["drop"], found["drop"])
    other = adapter_class(str(path), Options(training=True, seed=6)).run({"x": x}, taps=["drop"])["taps"]
    assert (other["drop"] != found["drop"]).mean() > 0.2


def test_a_hub_layer_without_its_package_or_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handle = "module/of/a/person/1"
    config = json.loads(json.dumps({"class_name": "KerasLayer", "config": {"name": "features", "handle": handle}}))
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    with pytest.raises(RequestError, match=r"layer features is a hub\.KerasLayer") as absent:
        hub_layers.supply_hub(config, online=False)
    assert absent.value.fields["code"] == "UNKNOWN_CLASS"
    assert absent.value.fields["todo"].startswith("pip install tensorflow_hub")
    monkeypatch.setitem(sys.modules, "tensorflow_hub", type("Hub", (), {"KerasLayer": dict}))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    with pytest.raises(RequestError) as missing:
        hub_layers.supply_hub(config, online=False)
    assert missing.value.fields["code"] == "HUB_MODULE_MISSING"
    folder = Path(missing.value.fields["what"].rpartition(" ")[2])
    assert (folder.parent, len(folder.name)) == (tmp_path, 40)
    folder.mkdir()
    assert hub_layers.supply_hub(config, online=False) == {"KerasLayer": dict}
    assert config["config"]["handle"] == str(folder)
    assert hub_layers.supply_hub({"class_name": "Dense", "config": {}}, online=False) == {}
