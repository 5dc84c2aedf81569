"""A Keras model in the runner: its taps are what Keras says its layers give, and replay changes nothing."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any

import keras
import nets
import numpy as np
import pytest
import tensorflow.compat.v2
import tf_keras

from inspector.runners.adapter import Adapter
from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options
from inspector.runners.server import RequestError

pytestmark = pytest.mark.framework
KERAS = {"tf_keras": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}
EVERY = [(framework, net) for framework in KERAS for net in nets.NETS]
# The same kernels in a graph and eagerly may group additions otherwise: one unit in the last place.
ROUNDING = 2e-7


@functools.cache
def made(framework: str, net: str, folder: Path) -> tuple[Any, Adapter, dict[str, np.ndarray]]:
    module, adapter = KERAS[framework]
    model = nets.NETS[net](module)
    return model, adapter(str(nets.saved(model, folder)), Options()), nets.feeds(model, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keras")


@pytest.mark.parametrize(("framework", "net"), EVERY)
def test_plain_run_is_the_model(framework: str, net: str, folder: Path) -> None:
    model, adapter, feeds = made(framework, net, folder)
    own = model(list(feeds.values()) if len(feeds) > 1 else next(iter(feeds.values())), training=False)
    own = own if isinstance(own, list | tuple) else [own]
    found = adapter.run(feeds)["outputs"]
    assert [port.tensor for port in adapter.outputs] == list(found)
    for mine, theirs in zip(found.values(), own, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=ROUNDING)


@pytest.mark.parametrize(("framework", "net"), [pair for pair in EVERY if pair[1] != "nested"])
def test_taps_are_what_each_layer_gives(framework: str, net: str, folder: Path) -> None:
    model, adapter, feeds = made(framework, net, folder)
    truth = nets.layer_outputs(KERAS[framework][0], model, feeds)
    taps = adapter.run(feeds, taps=list(truth))["taps"]
    for name, array in truth.items():
        np.testing.assert_allclose(taps[name], array, atol=ROUNDING, err_msg=name)


@pytest.mark.parametrize("framework", KERAS)
def test_shared_and_nested_layers_are_named_by_their_calls(framework: str, folder: Path) -> None:
    """`tower` is called on `right` first and on `left` second; Keras computes them the other way round."""
    model, adapter, feeds = made(framework, "nested", folder)
    weights = {weight.shape: weight for weight in model.get_layer("tower").get_weights()}
    assert set(weights) == {(4, 4), (4,)}
    twice = [np.float64(weight) for weight in model.get_layer("tower").get_layer("twice").get_weights()]
    inner = model.get_layer("tower").get_layer("inner").get_layer("inner_dense").get_weights()
    taps = adapter.run(feeds, taps=list(adapter.taps))["taps"]
    for path, x in (("tower", feeds["right"]), ("tower@1", feeds["left"])):
        first = np.tanh(x @ twice[0] + twice[1])
        middle = np.maximum(first @ inner[0] + inner[1], 0)
        last = np.tanh(middle @ twice[0] + twice[1])
        truth = {"/twice": first, "/inner/inner_dense": middle, "/inner": middle, "/twice@1": last, "": last}
        for name, array in truth.items():
            np.testing.assert_allclose(taps[path + name], array, atol=1e-6, err_msg=path + name)
    assert [port.tensor for port in adapter.outputs] == ["head", "tower/twice@1"]


@pytest.mark.parametrize(("framework", "net"), EVERY)
def test_replay_of_own_activations_gives_them_back(framework: str, net: str, folder: Path) -> None:
    _, adapter, feeds = made(framework, net, folder)
    taps = adapter.run(feeds, taps=list(adapter.taps))["taps"]
    again = adapter.replay(taps, list(taps))
    for name, array in taps.items():
        np.testing.assert_allclose(again[name], array, atol=ROUNDING, err_msg=name)


@pytest.mark.parametrize(("framework", "net"), EVERY)
def test_reference_confirms_every_layer(framework: str, net: str, folder: Path) -> None:
    """The error of float32 is some units in the last place of float32: neither nothing nor much."""
    _, adapter, feeds = made(framework, net, folder)
    taps = adapter.run(feeds, taps=list(adapter.taps))["taps"]
    floats = [name for name, array in taps.items() if array.dtype == np.float32]
    found = adapter.reference(taps, floats, taps)
    assert all(item["exact"] for item in found.values())
    assert 0 < max(item["error"] for item in found.values()) < 2e-6


def test_a_dropout_has_a_tensor_of_its_own(folder: Path) -> None:
    _, adapter, feeds = made("tf_keras", "convolutional", folder)
    taps = adapter.run(feeds, taps=["pool", "dropout"])["taps"]
    assert adapter.taps["pool"] != adapter.taps["dropout"]
    replayed = adapter.replay({**feeds, "pool": taps["pool"] + 1, "dropout": taps["dropout"]}, ["dropout", "flatten"])
    np.testing.assert_array_equal(replayed["dropout"], taps["pool"] + 1)
    np.testing.assert_array_equal(replayed["flatten"], taps["dropout"].reshape(len(taps["dropout"]), -1))


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("framework", KERAS)
def test_program_code_is_refused_unless_trusted(framework: str, ending: str, tmp_path: Path) -> None:
    module, adapter = KERAS[framework]
    layers = [module.Input((3,)), module.layers.Lambda(lambda x: 2 * x + 1, output_shape=(3,), name="doubled")]
    path = tmp_path / f"code.{ending}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that HDF5 is an old format
        module.Sequential(layers, name="code").save(path)
    with pytest.raises(RequestError, match="program code in Lambda layers: doubled") as refused:
        adapter(str(path), Options())
    assert refused.value.fields["code"] == "CONTAINS_CODE"
    trusted = adapter(str(path), Options(trust=True))
    found = trusted.run({trusted.inputs[0].tensor: np.float32([[1, 2, 3]])})["outputs"]
    np.testing.assert_array_equal(found["doubled"], [[3, 5, 7]])


def test_mistakes_are_told_before_the_run(folder: Path) -> None:
    _, adapter, feeds = made("tf_keras", "convolutional", folder)
    cases = {
        "WRONG_SHAPE": {"image": np.zeros((1, 12, 12, 3), np.float32)},
        "WRONG_DTYPE": {"image": np.zeros((1, 12, 10, 3), np.complex64)},
        "NO_SUCH_TENSOR": {"imgae": feeds["image"]},
        "INPUT_MISSING": {},
    }
    for code, arrays in cases.items():
        with pytest.raises(RequestError) as told:
            adapter.run(arrays)
        assert told.value.fields["code"] == code
    with pytest.raises(RequestError, match=r"image takes \?x12x10x3, not 1x12x12x3"):
        adapter.run(cases["WRONG_SHAPE"])
    with pytest.raises(RequestError) as told:
        adapter.run(feeds, taps=["depthwize"])
    assert told.value.fields["todo"].startswith("Did you mean depthwise")


def test_a_file_that_keras_cannot_load(tmp_path: Path, folder: Path) -> None:
    nothing = tmp_path / "nothing.h5"
    nothing.write_bytes(b"no HDF5 at all")
    with pytest.raises(RequestError) as failed:
        LegacyKerasAdapter(str(nothing), Options())
    assert failed.value.fields["code"] == "LOAD_FAILED"
    with pytest.raises(RequestError) as missing:
        LegacyKerasAdapter(str(tmp_path / "missing.h5"), Options())
    assert missing.value.fields["code"] == "NOT_FOUND"


@pytest.mark.parametrize("framework", KERAS)
def test_mobilenet(framework: str, folder: Path) -> None:
    module, adapter_class = KERAS[framework]
    model = module.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), classes=10)
    adapter = adapter_class(str(nets.saved(model, folder)), Options())
    feeds = nets.feeds(model, 2)
    truth = nets.layer_outputs(module, model, feeds)
    taps = adapter.run(feeds, taps=list(adapter.taps))["taps"]
    assert set(truth) <= set(taps)
    for name, array in truth.items():
        np.testing.assert_allclose(taps[name], array, rtol=1e-5, atol=1e-5 * np.abs(array).max(), err_msg=name)
    again = adapter.replay(taps, list(taps))
    assert max(np.abs(again[name] - taps[name]).max() for name in taps) == pytest.approx(0, abs=1e-6)


def test_a_generator_s_state_does_not_bring_its_variable_back(tmp_path: Path) -> None:
    """RandomCrop of legacy Keras draws in a branch of an `If` that inference never takes; it resizes instead."""
    image = tf_keras.Input((8, 9, 3), name="image")
    x = tf_keras.layers.RandomCrop(5, 6, name="crop")(image)
    model = tf_keras.Model(image, tf_keras.layers.Dense(2, name="scores")(x))
    path = nets.saved(model, tmp_path)
    feeds = {"image": np.random.default_rng(0).random((3, 8, 9, 3), np.float32)}
    adapter = LegacyKerasAdapter(str(path), Options())
    taps = adapter.run(feeds, taps=["crop"])["taps"]
    own = tf_keras.Model(image, x)(feeds["image"], training=False)
    np.testing.assert_allclose(taps["crop"], own, atol=ROUNDING)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_layer_that_legacy_keras_does_not_list_runs(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tf_keras.models.load_model` needs `custom_objects` for its own SpectralNormalization."""
    monkeypatch.setattr(tensorflow.compat.v2, "keras", tf_keras)  # the layer asks for `tf.keras`; so runners have it
    inputs = tf_keras.Input((6, 6, 2), name="x")
    held = tf_keras.layers.Conv2D(3, 2, name="conv")
    model = tf_keras.Model(inputs, tf_keras.layers.SpectralNormalization(held, name="norm")(inputs))
    x = np.random.default_rng(3).normal(size=(2, 6, 6, 2)).astype(np.float32)
    model(x, training=True)  # works out the norm
    warnings.simplefilter("ignore", UserWarning)  # Keras calls .h5 legacy
    model.save(tmp_path / f"net{ending}")
    found = LegacyKerasAdapter(str(tmp_path / f"net{ending}"), Options()).run({"x": x})["outputs"]
    np.testing.assert_allclose(next(iter(found.values())), model(x, training=False), atol=ROUNDING)


def test_a_pipelines_output_is_its_last_layers(tmp_path: Path) -> None:
    inputs = keras.Input((6, 6, 2), name="x")
    held = [keras.layers.Rescaling(0.5, name="half"), keras.layers.CenterCrop(4, 4, name="crop")]
    keras.Model(inputs, keras.layers.Pipeline(held, name="line")(inputs)).save(tmp_path / "net.keras")
    adapter = Keras3Adapter(str(tmp_path / "net.keras"), Options())
    assert [port.tensor for port in adapter.outputs] == ["line/crop"]
    x = np.random.default_rng(3).normal(size=(2, 6, 6, 2)).astype(np.float32)
    np.testing.assert_array_equal(adapter.run({"x": x})["outputs"]["line/crop"], 0.5 * x[:, 1:5, 1:5])
