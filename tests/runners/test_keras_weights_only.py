"""Weights without a model: run with the architecture of a config, another file, an application or the user's code."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import h5py
import keras
import nets
import numpy as np
import pytest
import tf_keras

from inspector.runners.keras_adapter import Keras3Adapter, LegacyKerasAdapter
from inspector.runners.options import Options
from inspector.runners.server import RequestError

pytestmark = pytest.mark.framework
KERAS = {"tf_keras": (tf_keras, LegacyKerasAdapter), "keras3": (keras, Keras3Adapter)}


PAIRS = (("old", "json"), ("new", "keras"), ("old", "h5"), ("old", "keras"), ("new", "h5"))  # weights, architecture


def chosen(architecture: Path | str, **more: Any) -> Options:
    return Options(choices={"architecture": str(architecture)}, **more)


def saved(model: Any, folder: Path) -> tuple[dict[str, Path], dict[str, np.ndarray], list[np.ndarray]]:
    """The model's files by what they are, feeds, and what the model gives for them."""
    paths = {"json": folder / "a.json", "h5": folder / "a.h5", "keras": folder / "a.keras"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        paths["json"].write_text(model.to_json())
        model.save(paths["h5"])
        model.save(paths["keras"])
        model.save_weights(folder / "w.weights.h5")
    paths |= {"new": folder / "w.weights.h5", "old": weights_alone(paths["h5"], folder / "w.h5")}
    feeds = nets.feeds(model, 2)
    own = model(list(feeds.values()) if len(feeds) > 1 else next(iter(feeds.values())), training=False)
    return paths, feeds, [np.asarray(item) for item in (own if isinstance(own, list | tuple) else [own])]


def weights_alone(whole: Path, path: Path) -> Path:
    """The `model_weights` of a file as a file of its own, which is what the older `save_weights` wrote."""
    with h5py.File(whole) as source, h5py.File(path, "w") as target:
        group = source["model_weights"]
        for name in group:
            source.copy(group[name], target)
        target.attrs.update(group.attrs)
        target.attrs["keras_version"] = source.attrs["keras_version"]
    return path


@pytest.mark.parametrize("net", nets.NETS)
@pytest.mark.parametrize("framework", KERAS)
def test_every_architecture_gives_the_model_again(framework: str, net: str, tmp_path: Path) -> None:
    module, adapter_class = KERAS[framework]
    paths, feeds, truth = saved(nets.NETS[net](module), tmp_path)
    for weights, architecture in PAIRS if net == "nested" else PAIRS[:2]:
        adapter = adapter_class(str(paths[weights]), chosen(paths[architecture]))
        for found, exact in zip(adapter.run(feeds)["outputs"].values(), truth, strict=True):
            np.testing.assert_allclose(found, exact, atol=1e-6, err_msg=f"{weights} {architecture}")
        assert adapter.warnings == []


@pytest.mark.parametrize("framework", KERAS)
def test_an_archive_gives_what_its_h5_gives(framework: str, tmp_path: Path) -> None:
    module, adapter_class = KERAS[framework]
    paths, feeds, _ = saved(nets.NETS["nested"](module), tmp_path)
    sides = [adapter_class(str(paths[ending]), Options()) for ending in ("h5", "keras")]
    taps = [side.run(feeds, taps=list(side.taps))["taps"] for side in sides]
    assert list(taps[0]) == list(taps[1])
    for name, array in taps[0].items():
        np.testing.assert_array_equal(taps[1][name], array)


def two_dense(names: tuple[str, str], units: tuple[int, int] = (4, 2)) -> Any:
    inputs = tf_keras.Input((3,), name="x")
    middle = tf_keras.layers.Dense(units[0], name=names[0])(inputs)
    return nets.shaken(tf_keras.Model(inputs, tf_keras.layers.Dense(units[1], name=names[1])(middle)))


def test_other_names_are_matched_by_order(tmp_path: Path) -> None:
    paths, feeds, truth = saved(two_dense(("first", "second")), tmp_path)
    other = tmp_path / "other.json"
    other.write_text(two_dense(("one", "two")).to_json())
    adapter = LegacyKerasAdapter(str(paths["old"]), chosen(other))
    np.testing.assert_allclose(adapter.run(feeds)["outputs"]["two"], truth[0], atol=1e-6)
    (warning,) = adapter.warnings
    assert warning["code"] == "WEIGHTS_BY_ORDER"
    assert "one takes first, two takes second" in warning["text"]


def test_one_layer_more_is_told_and_one_less_is_refused(tmp_path: Path) -> None:
    """The file's middle layer has no place in the smaller model, and the larger model's has no weights."""
    paths, feeds, _ = saved(two_dense(("first", "second")), tmp_path)
    inputs = tf_keras.Input((3,), name="x")
    small, large = tmp_path / "small.json", tmp_path / "large.json"
    small.write_text(tf_keras.Model(inputs, tf_keras.layers.Dense(4, name="first")(inputs)).to_json())
    large.write_text(two_dense(("first", "third"), (4, 7)).to_json())
    adapter = LegacyKerasAdapter(str(paths["old"]), chosen(small))
    with h5py.File(paths["old"]) as file:
        kernel = file["first"]["first"]["kernel:0"][()]
        bias = file["first"]["first"]["bias:0"][()]
    np.testing.assert_allclose(adapter.run(feeds)["outputs"]["first"], feeds["x"] @ kernel + bias, atol=1e-6)
    assert [(warning["code"], warning["text"]) for warning in adapter.warnings] == [
        ("WEIGHTS_UNUSED", "no layer takes the weights of second")
    ]
    with pytest.raises(RequestError, match="no weights that fit third") as refused:
        LegacyKerasAdapter(str(paths["old"]), chosen(large))
    assert refused.value.fields["code"] == "WEIGHTS_MISMATCH"


@pytest.mark.parametrize("framework", KERAS)
def test_an_application_of_keras(framework: str, tmp_path: Path) -> None:
    """The count of classes is the file's own."""
    module, adapter_class = KERAS[framework]
    model = module.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), alpha=0.35, classes=7)
    paths, feeds, truth = saved(model, tmp_path)
    choice = f"{'keras' if framework == 'keras3' else framework}.applications:MobileNetV2"
    choice += "(alpha=0.35, input_shape=(64, 64, 3))"
    for weights in ("old", "new"):
        adapter = adapter_class(str(paths[weights]), chosen(choice))
        (found,) = adapter.run({adapter.inputs[0].tensor: next(iter(feeds.values()))})["outputs"].values()
        np.testing.assert_allclose(found, truth[0], atol=1e-6)
    with pytest.raises(RequestError) as unknown:
        adapter_class(str(paths["old"]), chosen(choice.replace("MobileNetV2", "NoSuchNet")))
    assert (unknown.value.fields["code"], "MobileNetV2" in unknown.value.fields["todo"]) == ("BAD_CHOICE", True)
    with pytest.raises(RequestError) as wrong:
        adapter_class(str(paths["old"]), chosen(choice.replace("alpha", "alfa")))
    assert wrong.value.fields["code"] == "ARCHITECTURE_FAILED"


def test_code_wants_trust_and_is_named_with_its_hash(tmp_path: Path) -> None:
    paths, feeds, truth = saved(two_dense(("first", "second")), tmp_path)
    code = tmp_path / "net.py"
    code.write_text(
        "import keras\n\ndef make():\n    x = keras.Input((3,), name='x')\n"
        "    return keras.Model(x, keras.layers.Dense(2, name='second')(keras.layers.Dense(4, name='first')(x)))\n"
    )
    with pytest.raises(RequestError) as refused:
        LegacyKerasAdapter(str(paths["old"]), chosen(f"{code}:make"))
    assert refused.value.fields["code"] == "CONTAINS_CODE"
    assert str(code) in refused.value.fields["what"]
    assert hashlib.sha256(code.read_bytes()).hexdigest() in refused.value.fields["what"]
    adapter = LegacyKerasAdapter(str(paths["old"]), chosen(f"{code}:make", trust=True))
    np.testing.assert_allclose(adapter.run(feeds)["outputs"]["second"], truth[0], atol=1e-6)
    with pytest.raises(RequestError) as absent:
        LegacyKerasAdapter(str(paths["old"]), chosen(f"{code}:build", trust=True))
    assert absent.value.fields["code"] == "BAD_CHOICE"


def test_without_an_architecture_the_ways_are_named(tmp_path: Path) -> None:
    paths, _, _ = saved(two_dense(("first", "second")), tmp_path)
    for options in (Options(), chosen(paths["old"])):
        with pytest.raises(RequestError) as refused:
            LegacyKerasAdapter(str(paths["old"]), options)
        assert refused.value.fields["code"] == "NO_ARCHITECTURE"
        assert "keras.applications:NAME" in refused.value.fields["todo"]
    (tmp_path / "b.json").write_text(json.dumps([1]))
    with pytest.raises(RequestError) as broken:
        LegacyKerasAdapter(str(paths["old"]), chosen(tmp_path / "b.json"))
    assert broken.value.fields["code"] == "LOAD_FAILED"


def test_the_real_pair_of_json_and_weights(shared_models: Path) -> None:
    folder = shared_models / "pairs/conv1d-json"
    adapter = LegacyKerasAdapter(str(folder / "KERAS_conv1d_weights.h5"), chosen(folder / "KERAS_conv1d.json"))
    x = np.random.default_rng(0).random((2, 100, 7)).astype(np.float32)
    found = adapter.run({"input_1": x}, taps=["conv1_relu"])
    with h5py.File(folder / "KERAS_conv1d_weights.h5") as file:
        kernel, bias = (file["conv1_relu/conv1_relu"][name][()].astype(np.float64) for name in ("kernel:0", "bias:0"))
    padded = np.pad(np.float64(x), ((0, 0), (19, 20), (0, 0)))
    truth = sum(padded[:, step : step + 100] @ kernel[step] for step in range(40)) + bias
    np.testing.assert_allclose(found["taps"]["conv1_relu"], np.maximum(truth, 0), atol=1e-4)
    (scores,) = found["outputs"].values()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
