"""A recording as a side that runs: it answers for its own inputs, for slices of them, and for nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

import inspector
from inspector.domain.errors import InspectorError
from inspector.runners.options import Options
from inspector.runners.recording_adapter import RecordingAdapter
from inspector.runners.server import RequestError
from inspector.workers.runner_client import Runner

X = np.random.default_rng(0).random((6, 2, 3), np.float32)
N = np.arange(6, dtype=np.int32)


def model(inputs: dict[str, np.ndarray]) -> np.ndarray:
    return inputs["x"].sum((1, 2)) * inputs["n"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    activations = {"double": X * 2, "whole": X.sum(0)}
    out = tmp_path_factory.mktemp("recording") / "r.npz"
    return Path(inspector.record(model, {"x": X, "n": N}, out, activations=activations))


@pytest.fixture(scope="module")
def adapter(path: Path) -> RecordingAdapter:
    return RecordingAdapter(str(path), Options())


def test_it_says_what_it_is(adapter: RecordingAdapter) -> None:
    said = adapter.describe()
    assert said["framework"] == "recorded: a program of one's own"
    assert said["can"] == []
    assert [(port["tensor"], port["shape"], port["dtype"]) for port in said["inputs"]] == [
        ("x", [None, 2, 3], "float32"),
        ("n", [None], "int32"),
    ]
    assert [(port["tensor"], port["shape"]) for port in said["outputs"]] == [("output", [None])]
    assert [tap["tensor"] for tap in said["taps"]] == ["x", "n", "double", "whole", "output"]


def test_the_recorded_inputs_give_what_was_recorded(adapter: RecordingAdapter) -> None:
    found = adapter.run({"x": X, "n": N}, taps=["whole", "double", "x"])
    np.testing.assert_array_equal(found["outputs"]["output"], X.sum((1, 2)) * N)
    np.testing.assert_array_equal(found["taps"]["double"], X * 2)
    np.testing.assert_array_equal(found["taps"]["whole"], X.sum(0))
    np.testing.assert_array_equal(found["taps"]["x"], X)


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (2, 5), (5, 6)])
def test_a_slice_of_the_samples_gives_the_same_slice(adapter: RecordingAdapter, start: int, stop: int) -> None:
    part = slice(start, stop)
    found = adapter.run({"x": X[part], "n": N[part].astype(np.int64)}, taps=["double"])
    np.testing.assert_array_equal(found["outputs"]["output"], (X.sum((1, 2)) * N)[part])
    np.testing.assert_array_equal(found["taps"]["double"], X[part] * 2)


def refused(adapter: RecordingAdapter, inputs: dict[str, np.ndarray], taps: tuple[str, ...] = ()) -> dict[str, str]:
    with pytest.raises(RequestError) as raised:
        adapter.run(inputs, taps=taps)
    return raised.value.fields


@pytest.mark.parametrize(
    "inputs",
    [
        {"x": X + 1e-6, "n": N},
        {"x": X, "n": N[::-1].copy()},
        {"x": X[:2], "n": N[1:3]},  # of two places
        {"x": np.concatenate([X, X]), "n": np.concatenate([N, N])},
        {"x": X[[0, 2]], "n": N[[0, 2]]},
    ],
)
def test_other_inputs_are_refused(adapter: RecordingAdapter, inputs: dict[str, np.ndarray]) -> None:
    fields = refused(adapter, inputs)
    assert fields["code"] == "RECORDED_INPUTS"
    assert fields["what"] == "a recording answers for its own inputs only, and these are others"
    assert fields["todo"]


def test_what_belongs_to_all_samples_together_has_no_slice(adapter: RecordingAdapter) -> None:
    fields = refused(adapter, {"x": X[:2], "n": N[:2]}, ("whole",))
    assert (fields["code"], fields["where"]) == ("RECORDED_INPUTS", "whole")
    assert fields["what"] == "whole was recorded for all 6 samples together"


def test_the_template_checks_as_for_every_side(adapter: RecordingAdapter) -> None:
    assert refused(adapter, {"x": X})["code"] == "INPUT_MISSING"
    assert refused(adapter, {"x": X[:, 0], "n": N})["code"] == "WRONG_SHAPE"
    assert refused(adapter, {"x": X, "n": N}, ("dubble",))["code"] == "NO_SUCH_TENSOR"
    with pytest.raises(RequestError) as raised:
        adapter.replay({"double": X}, ["output"])
    assert raised.value.fields["code"] == "NO_REPLAY"


def test_nan_is_the_same_as_itself(tmp_path: Path) -> None:
    x = np.array([[np.nan], [1.0]], np.float32)
    adapter = RecordingAdapter(inspector.record(lambda a: a, x, tmp_path / "r.npz"), Options())
    np.testing.assert_array_equal(adapter.run({"input": x[:1]})["outputs"]["output"], x[:1])


def test_values_are_found_among_the_taps(adapter: RecordingAdapter) -> None:
    hits = adapter.scan({"x": X, "n": N}, [X * 2], 3, lambda *_: None)
    assert hits[0][0]["tensor"] == "double"


def test_a_recording_in_hdf5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "r.h5", "w") as file:
        file.attrs["inputs"] = json.dumps({"inputs": ["x"]})
        file["inputs/x"] = X
        file["activations/b"], file["activations/a"] = X + 1, X + 2
        file["predictions/a"] = X + 3
    adapter = RecordingAdapter(str(tmp_path / "r.h5"), Options())
    assert list(adapter.taps) == ["x", "b", "a"]
    found = adapter.run({"x": X[1:3]}, taps=["a", "b"])
    np.testing.assert_array_equal(found["taps"]["a"], X[1:3] + 2)
    assert adapter.framework == "recorded: a framework that the file does not state"
    np.testing.assert_array_equal(adapter.run({"x": X})["outputs"]["a"], X + 3)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"no recording"])
def test_what_cannot_be_read_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.npz").write_bytes(content)
    with pytest.raises(RequestError) as raised:
        RecordingAdapter(str(tmp_path / "r.npz"), Options())
    assert raised.value.fields["code"] == "LOAD_FAILED"


def test_in_a_process_of_its_own_it_brings_no_framework(path: Path, tmp_path: Path) -> None:
    runner = Runner("recording", spill=tmp_path / "spill")
    try:
        loaded = runner.load(path, "recording")
        assert set(runner.environment().versions) == {"numpy"}
        assert loaded.can == ()
        np.testing.assert_array_equal(runner.run({"x": X[1:], "n": N[1:]}, taps=["double"]).taps["double"], X[1:] * 2)
        with pytest.raises(InspectorError, match=r"^RECORDED_INPUTS"):
            runner.run({"x": X * 0, "n": N})
    finally:
        runner.close()


def test_hdf5_is_read_in_a_confined_process(shared_models: Path, tmp_path: Path) -> None:
    path = shared_models / "recorded" / "simple_lstm_th_keras_1_inputs_and_outputs.h5"
    with h5py.File(path) as file:
        x, predicted = file["inputs/lstm_input_1"][()], file["predictions/dense_1"][()]
    runner = Runner("recording", spill=tmp_path / "spill")
    try:
        runner.load(path, "recording")
        np.testing.assert_array_equal(runner.run({"lstm_input_1": x}).outputs["dense_1"], predicted)
    finally:
        runner.close()
