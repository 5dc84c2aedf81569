"""Recordings as a side: what was recorded, in order, by range; and what is no recording, or a damaged one."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import inspector
from inspector.domain.errors import InspectorError
from inspector.formats import open_file, summary
from inspector.formats.opened import Opened

X = np.arange(24, dtype=np.float32).reshape(4, 2, 3)


def model(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    x = inputs["image"]
    return {"scores": x.sum((1, 2)), "mask": x > 3}


OPEN: list[Opened] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def opened_at(path: Path) -> Opened:
    OPEN.append(open_file(str(path)))
    return OPEN[-1]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    activations = {"zeta/conv": X * 2, "alpha": X.sum(2), "whole": np.float32(7.0), "scores": X.sum((1, 2))}
    return Path(inspector.record(model, {"image": X}, tmp_path / "phone.npz", activations=activations))


def children(opened: Opened, entry_id: str) -> list[str]:
    return [entry.id for entry in opened.children(entry_id, 0, 100)]


def manifest_of(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("recording.json"))


def with_manifest(path: Path, manifest: Any) -> Path:
    """The same arrays under another manifest."""
    changed = path.with_name("changed.npz")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        new.writestr("recording.json", manifest if isinstance(manifest, str) else json.dumps(manifest))
        for name in old.namelist()[1:]:
            new.writestr(name, old.read(name))
    return changed


def refused(path: Path) -> InspectorError:
    with pytest.raises(InspectorError) as raised:
        opened_at(path)
    return raised.value


def test_the_summary_says_with_what_and_when(recorded: Path) -> None:
    file = opened_at(recorded).file
    assert (file.format, file.runs_in, file.warnings) == ("recording", "recording", ())
    facts = dict(file.facts)
    stated = manifest_of(recorded)
    assert facts["Recorded at"] == stated["time"]
    assert facts["Recorded with"] == "a program of one's own"
    assert facts["Python"] == stated["python"]
    assert f"numpy {np.__version__}" in facts["Packages"]
    assert (facts["Samples"], facts["Layers"]) == ("4", "4")


def test_the_tree_has_inputs_outputs_and_layers_with_values(recorded: Path) -> None:
    opened = opened_at(recorded)
    assert children(opened, "") == ["section:Inputs", "section:Outputs", "section:Layers"]
    assert children(opened, "section:Inputs") == ["input:image"]
    assert children(opened, "section:Outputs") == ["output:scores", "output:mask"]
    assert children(opened, "section:Layers") == ["layer:zeta/conv", "layer:alpha", "layer:whole", "layer:scores"]
    entries = {entry.id: entry for entry, _ in opened.entries()}
    conv = entries["layer:zeta/conv"]
    assert (conv.shape, conv.dtype, conv.size, conv.tensor) == ((4, 2, 3), "float32", 96, "zeta/conv")
    assert opened.value_shape(conv.value_id) == ((4, 2, 3), "float32")
    np.testing.assert_array_equal(opened.values(conv.value_id), X.ravel() * 2)
    np.testing.assert_array_equal(opened.values(conv.value_id, 5, 9), [10, 12, 14, 16])
    np.testing.assert_array_equal(opened.values(conv.value_id, 23, 99), [46])
    assert opened.value_shape(entries["layer:whole"].value_id) == ((), "float32")
    np.testing.assert_array_equal(opened.values(entries["output:mask"].value_id), X.ravel() > 3)
    assert ("Class", "not stated") in opened.details("layer:alpha").rows
    with pytest.raises(InspectorError, match=r"^NO_SUCH_ENTRY"):
        opened.details("layer:beta")


def test_the_computation_is_the_layers_in_order(recorded: Path) -> None:
    computation = opened_at(recorded).computation()
    names = ["image", "zeta/conv", "alpha", "whole", "scores", "mask"]
    assert [layer.name for layer in computation.layers] == names
    assert [layer.kind for layer in computation.layers] == ["input", *["other"] * 5]
    assert [layer.outputs for layer in computation.layers] == [(name,) for name in names]
    # fewer samples may be asked for, where an array has one row for each
    assert [layer.shape for layer in computation.layers[:4]] == [(None, 2, 3), (None, 2, 3), (None, 2), ()]
    assert [(port.tensor, port.shape, port.dtype) for port in computation.outputs] == [
        ("scores", (None,), "float32"),
        ("mask", (None, 2, 3), "bool"),
    ]
    assert [(port.tensor, port.shape) for port in computation.inputs] == [("image", (None, 2, 3))]


def test_a_keras_layer_has_its_kind_and_settings(recorded: Path) -> None:
    manifest = manifest_of(recorded)
    first, second, third = manifest["layers"][:3]
    first.update(class_name="Conv2D", config={"strides": [2, 2], "activation": "relu"}, inputs=["image"])
    second.update(class_name="Activation", inputs=["zeta/conv", "gone"], aliases=["tower"])
    third.update(class_name="Activation", config={"activation": "hard_sigmoid"})
    manifest["framework"] = "Keras 3.15.1 on TensorFlow 2.21.0"
    _, conv, unknown, known, *_ = opened_at(with_manifest(recorded, manifest)).computation().layers
    assert (conv.kind, conv.settings, conv.inputs) == ("conv2d", {"strides": (2, 2), "activation": "relu"}, ("image",))
    assert (unknown.kind, unknown.inputs, unknown.aliases) == ("other", ("zeta/conv",), ("tower",))
    assert (known.kind, known.settings) == ("activation", {"activation": "hard_sigmoid_3"})


@pytest.mark.parametrize("config", [{"cell": {"class_name": [1]}}, {"layer": {"class_name": {}}, "strides": {"a": 1}}])
def test_a_config_that_keras_does_not_write_leaves_the_layer(recorded: Path, config: Any) -> None:
    manifest = manifest_of(recorded)
    manifest["layers"][0].update(class_name="RNN", config=config)
    opened = opened_at(with_manifest(recorded, manifest))
    assert opened.computation().layers[1].kind == "other"
    assert opened.details("layer:zeta/conv").entry.name == "zeta/conv"


def test_notes_become_warnings(recorded: Path) -> None:
    manifest = manifest_of(recorded) | {"notes": [{"code": "WATCHED_DIFFERS", "text": "they differ"}]}
    assert [warn.code for warn in opened_at(with_manifest(recorded, manifest)).file.warnings] == ["WATCHED_DIFFERS"]


def test_an_ordinary_archive_of_arrays_is_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "inputs.npz", image=X, recording=X)
    assert refused(tmp_path / "inputs.npz").code == "NOT_A_MODEL"


@pytest.mark.parametrize(
    ("change", "code", "what"),
    [
        ("no json {", "CORRUPT", "its recording.json cannot be read"),
        ({"inputs": [{"name": 3}]}, "CORRUPT", "its recording.json cannot be read"),
        ({"kind": "something else"}, "CORRUPT", "describes 'something else', not a recording"),
        ({"schema": 2}, "NEWER", "the recording has schema 2, and this version reads up to 1"),
    ],
)
def test_a_wrong_manifest_is_told(recorded: Path, change: Any, code: str, what: str) -> None:
    text = change if isinstance(change, str) else json.dumps(manifest_of(recorded) | change)
    error = refused(with_manifest(recorded, text))
    assert error.code == code
    assert what in error.what
    assert error.todo


def test_names_must_tell_layers_apart(recorded: Path) -> None:
    manifest = manifest_of(recorded)
    manifest["layers"].append(manifest["layers"][0])
    assert "'zeta/conv' twice" in refused(with_manifest(recorded, manifest)).what


def test_a_missing_array_is_said_and_the_rest_is_there(recorded: Path) -> None:
    manifest = manifest_of(recorded)
    manifest["layers"][0]["outputs"][0]["array"] = 99
    opened = opened_at(with_manifest(recorded, manifest))
    assert [warn.text for warn in opened.file.warnings] == ["1 recorded arrays are not in the file: zeta/conv"]
    assert children(opened, "section:Layers") == ["layer:alpha", "layer:whole", "layer:scores"]


def header(shape: str, dtype: str = "<f4", fortran: str = "False") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (header("(4, 2, 3)") + b"\0" * 20, "CORRUPT"),
        (header("(4, 2, 3)", "|O") + b"\0" * 200, "NOT_NUMERIC"),
        (header("(-4,)") + b"\0" * 200, "CORRUPT"),
        (header("(4, 2)", fortran="True") + b"\0" * 200, "CORRUPT"),
        (header("(10**9, 10**9)") + b"\0" * 200, "CORRUPT"),
        (header("(1000000000, 1000000000)") + b"\0" * 200, "CORRUPT"),
        (header("(" * 500) + b"\0" * 200, "CORRUPT"),
        (b"\x93NUMPY\x09\x00", "CORRUPT"),
        (b"no array", "CORRUPT"),
        (b"", "CORRUPT"),
    ],
)
def test_a_damaged_array_is_told(recorded: Path, member: bytes, code: str) -> None:
    damaged = recorded.with_name("damaged.npz")
    with zipfile.ZipFile(recorded) as old, zipfile.ZipFile(damaged, "w") as new:
        for name in old.namelist():
            new.writestr(name, member if name == "00000.npy" else old.read(name))
    opened = opened_at(damaged)
    with pytest.raises(InspectorError) as raised:
        opened.values("00000.npy")
    assert raised.value.code == code
    with pytest.raises(InspectorError, match=r"^NO_SUCH_VALUE"):
        opened.values("../00001.npy")


@pytest.mark.parametrize("share", range(1, 16))
def test_a_cut_recording_is_told(recorded: Path, share: int) -> None:
    cut = recorded.with_name("cut.npz")
    whole = recorded.read_bytes()
    cut.write_bytes(whole[: len(whole) * share // 16])
    assert refused(cut).code == "CORRUPT"


# Recordings in HDF5, as test sets of Keras models have them.


def hdf5(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["inputs"] = json.dumps({"inputs": ["b_in", "a_in"]})
        file.attrs["outputs"] = json.dumps({"outputs": ["last"]})
        for name in ("a_in", "b_in"):
            file[f"inputs/{name}"] = X
        for name in ("zeta", "alpha", "last"):
            file[f"activations/{name}"] = X + len(name)
        file["predictions/last"] = X + 0.5
        file["outputs/last"] = X * 0
        file["scores/loss"] = [1.0]
    return path


def test_groups_of_an_hdf5_file(tmp_path: Path) -> None:
    opened = opened_at(hdf5(tmp_path / "inputs_and_outputs.h5"))
    assert summary(opened).warnings == ()
    assert (opened.file.format, opened.file.runs_in) == ("recording", "recording")
    computation = opened.computation()
    assert [port.name for port in computation.inputs] == ["b_in", "a_in"]
    assert [layer.name for layer in computation.layers] == ["b_in", "a_in", "zeta", "alpha", "last"]  # as written
    assert [port.tensor for port in computation.outputs] == ["last"]
    entries = {entry.id: entry for entry, _ in opened.entries()}
    np.testing.assert_array_equal(opened.values(entries["output:last"].value_id), X.ravel() + 0.5)
    np.testing.assert_array_equal(opened.values(entries["layer:last"].value_id, 2, 4), [6, 7])
    assert "h5:/scores/loss" in entries
    assert children(opened, "section:Contents of the file")[-1] == "h5:/scores"


@pytest.mark.parametrize("lacking", ["inputs", "activations", "predictions"])
def test_an_hdf5_file_without_one_of_the_groups_is_none(lacking: str, tmp_path: Path) -> None:
    path = hdf5(tmp_path / "other.h5")
    with h5py.File(path, "a") as file:
        del file[lacking]
    assert opened_at(path).file.format == "keras_h5"


def test_a_model_is_no_recording_whatever_else_it_holds(tmp_path: Path, demo: Any) -> None:
    path = tmp_path / "model.h5"
    shutil.copy(demo.h5, path)
    with h5py.File(path, "a") as file:
        for name in ("inputs", "activations", "predictions"):
            file[f"{name}/x"] = X
    assert opened_at(path).file.format == "keras_h5"


def test_links_out_of_the_file_are_not_followed(tmp_path: Path) -> None:
    path = hdf5(tmp_path / "links.h5")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = X
    with h5py.File(path, "a") as file:
        file["activations/secret"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/x")
        file["activations/soft"] = h5py.SoftLink("/activations/secret")
    opened = opened_at(path)
    assert [layer.name for layer in opened.computation().layers][-1] == "last"
    with pytest.raises(InspectorError, match=r"^NOT_OPENED"):
        opened.values("/activations/secret")


def test_the_recorded_files_of_another_time(shared_models: Path) -> None:
    path = shared_models / "recorded" / "simple_flatten_rnn_tf_keras_2_inputs_and_outputs.h5"
    computation = opened_at(path).computation()
    assert [layer.name for layer in computation.layers] == [
        "simple_rnn_1_input",
        "simple_rnn_1",
        "flatten_1",
        "dense_1",
    ]
    assert [layer.shape for layer in computation.layers] == [(None, 1, 1), (None, 1, 50), (None, 50), (None, 1)]
