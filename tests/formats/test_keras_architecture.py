"""An architecture that is named for a file with weights only: where its computation comes from, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import keras_files
import numpy as np
import pytest

from inspector.domain.errors import InspectorError
from inspector.formats import open_file

CONFIG = keras_files.sequential(
    keras_files.input_layer("x", 3), keras_files.layer("Dense", "d", units=2), keras_files.layer("Dense", "e", units=1)
)
ARRAYS: keras_files.Arrays = {
    "d": [("d/kernel:0", np.ones((3, 2), np.float32)), ("d/bias:0", np.zeros(2, np.float32))],
    "e": [("e/kernel:0", np.ones((2, 1), np.float32)), ("e/bias:0", np.zeros(1, np.float32))],
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        keras_files.write_weights(file, ARRAYS)
        file.attrs["keras_version"], file.attrs["backend"] = "2.2.4", "tensorflow"
    return path


def as_json(path: Path, **more: str) -> Path:
    path.write_text(json.dumps({**CONFIG, **more}))
    return path


def test_of_a_json_and_of_another_h5(weights: Path, tmp_path: Path) -> None:
    named = [
        as_json(tmp_path / "a.json", keras_version="2.1.3"),
        keras_files.write_keras(tmp_path / "a.h5", CONFIG, {}),
    ]
    for path in named:
        opened = open_file(str(weights), {"architecture": str(path)})
        found = opened.computation()
        assert [(layer.name, layer.inputs, len(layer.weights)) for layer in found.layers] == [
            ("x", (), 0),
            ("d", ("x",), 2),
            ("e", ("d",), 2),
        ]
        assert (opened.file.runs_in, opened.file.parts) == ("tf_keras", (str(path.resolve()),))
        assert opened.file.choices[0].chosen == str(path)
        assert path.name in opened.file.reason
        opened.close()


@pytest.mark.parametrize(
    ("choice", "framework"),
    [
        ("keras.applications:MobileNetV2", "keras3"),
        ("tf_keras.applications:MobileNetV2(alpha=0.5)", "tf_keras"),
        ("graph", ""),
        ("", ""),
    ],
)
def test_what_only_a_run_can_tell_leaves_the_weights(weights: Path, choice: str, framework: str) -> None:
    opened = open_file(str(weights), {"architecture": choice})
    assert opened.file.runs_in == framework
    assert [layer.inputs for layer in opened.computation().layers] == [(), ()]
    opened.close()


def test_code_runs_in_the_keras_of_the_weights(weights: Path, tmp_path: Path) -> None:
    code = tmp_path / "net.py"
    code.write_text("raise SystemExit('the reader runs no code')")
    opened = open_file(str(weights), {"architecture": f"{code}:make"})
    assert (opened.file.runs_in, opened.file.parts) == ("tf_keras", (str(code.resolve()),))
    opened.close()


def test_what_is_no_architecture(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "other.json").write_text("{}")
    for name, code in (
        ("missing.json", "BAD_CHOICE"),
        ("list.json", "BAD_CONFIG"),
        ("other.json", "BAD_CHOICE"),
        ("w.h5", "BAD_CHOICE"),
    ):
        with pytest.raises(InspectorError) as refused:
            open_file(str(weights), {"architecture": str(tmp_path / name)})
        assert refused.value.code == code, name


def test_a_full_model_needs_none(tmp_path: Path) -> None:
    opened = open_file(str(keras_files.write_keras(tmp_path / "m.h5", CONFIG, ARRAYS)), {"architecture": "nowhere"})
    assert (opened.file.choices, opened.file.runs_in) == ((), "tf_keras")
    opened.close()


def test_real_weights_beside_their_json(shared_models: Path) -> None:
    folder = shared_models / "pairs/conv1d-json"
    choices = {"architecture": str(folder / "KERAS_conv1d.json")}
    opened = open_file(str(folder / "KERAS_conv1d_weights.h5"), choices)
    found = opened.computation()
    assert found.inputs[0].shape == (None, 100, 7)
    assert [layer.shape for layer in found.layers if layer.kind == "conv1d"] == [(None, 100, 32)] * 3
    assert all(len(layer.weights) == 2 for layer in found.layers if layer.kind in ("conv1d", "dense"))
    opened.close()
