"""TensorFlow.js models run by TensorFlow.js in a browser's engine: every backend against TensorFlow's own numbers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tfjs_writer import write_graph, write_layers

from inspector import formats
from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.runners.server import RequestError
from inspector.runners.tfjs_adapter import _array
from inspector.runners.tfjs_library import library_files
from inspector.workers.runner_client import Loaded, Runner

TESTS = Path(__file__).resolve().parents[1]
BACKENDS = ("webgl", "wasm", "cpu")
CLOSE = 2e-6  # of the largest value: float32's rounding over these few layers
GONE_SECONDS = 5.0


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    try:
        library_files()
    except RequestError as error:
        pytest.skip(f"TensorFlow.js is not installed: {error.fields['todo']}")
    pytest.importorskip("PySide6.QtWebEngineCore", exc_type=ImportError)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layers model and a graph model, and what TensorFlow computes in them."""
    folder = tmp_path_factory.mktemp("truth")
    command = [sys.executable, str(TESTS / "tfjs_truth.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def loaded(folder: Path, spill: Path, backend: str = "cpu", **options: object) -> tuple[Runner, Loaded]:
    runner = Runner("B", spill=spill, options=SideOptions(choices={"backend": backend}, **options))
    try:
        file = formats.open_file(str(folder)).file
        return runner, runner.load(folder, "tfjs", parts=file.parts)
    except BaseException:
        runner.close()
        raise


def one_dense(folder: Path) -> Path:
    layer = {"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [None, 3]}}
    arrays = {"d/kernel": np.arange(6, dtype=np.float32).reshape(3, 2), "d/bias": np.ones(2, np.float32)}
    return write_layers(folder, {"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}}, arrays)


@pytest.mark.framework
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["layers", "graph", "fused", "loop"])
def test_every_tensor_is_tensorflows(truth: Path, tmp_path: Path, kind: str, backend: str) -> None:
    folder = truth / kind
    fed, expected = dict(np.load(folder / "input.npz")), dict(np.load(folder / "truth.npz"))
    runner, said = loaded(folder, tmp_path, backend)
    try:
        plain, tapped = runner.run(fed), runner.run(fed, taps=list(expected))
    finally:
        runner.close()
    assert f"TensorFlow.js 4.22.0 on {backend}" in said.framework
    assert said.precision == "float32"
    for name, array in expected.items():
        assert tapped.taps[name].shape == array.shape
        assert np.abs(tapped.taps[name] - array).max() <= CLOSE * np.abs(array).max(), name
    for name, array in plain.outputs.items():
        np.testing.assert_array_equal(array, tapped.outputs[name])
        assert np.abs(array - expected[name]).max() <= CLOSE * np.abs(expected[name]).max()


@pytest.mark.framework
def test_every_tensor_that_is_told_can_be_kept_also_around_a_loop(truth: Path, tmp_path: Path) -> None:
    """What is computed step by step within has no one value, and a list of tensors is none."""
    folder = truth / "loop"
    nodes = {node["name"]: node for node in json.loads((folder / "model.json").read_text())["modelTopology"]["node"]}
    entered = [name for name, node in nodes.items() if node["op"] == "Enter"]
    fed = dict(np.load(folder / "input.npz"))
    runner, said = loaded(folder, tmp_path)
    try:
        names = [tap.tensor for tap in said.taps]
        kept = runner.run(fed, taps=names).taps
    finally:
        runner.close()
    assert entered
    assert not {f"{name}:0" for name in entered} & set(names)
    assert set(kept) == set(names) >= set(fed)


@pytest.mark.framework
@pytest.mark.parametrize("kind", ["layers", "graph", "fused", "loop"])
def test_reader_and_runner_name_tensors_alike(truth: Path, tmp_path: Path, kind: str) -> None:
    runner, said = loaded(truth / kind, tmp_path)
    runner.close()
    computation = formats.open_file(str(truth / kind)).computation()
    named = {tensor for layer in computation.layers for tensor in (*layer.outputs, *layer.aliases)}
    assert named - {tap.tensor for tap in said.taps} == set()
    for stated, found in ((computation.inputs, said.inputs), (computation.outputs, said.outputs)):
        assert [(port.name, port.tensor) for port in stated] == [(port.name, port.tensor) for port in found]
    assert [(port.shape, port.dtype) for port in computation.inputs] == [(p.shape, p.dtype) for p in said.inputs]


@pytest.mark.framework
def test_two_names_of_one_tensor_can_both_be_tapped(truth: Path, tmp_path: Path) -> None:
    fed, expected = (dict(np.load(truth / "layers" / name)) for name in ("input.npz", "truth.npz"))
    runner, _ = loaded(truth / "layers", tmp_path)
    try:
        found = runner.run(fed, taps=["inner", "inner/inner_bn"]).taps
    finally:
        runner.close()
    np.testing.assert_array_equal(found["inner"], found["inner/inner_bn"])
    np.testing.assert_allclose(found["inner"], expected["inner/inner_bn"], atol=1e-5)


def test_quantized_weights_compute_what_the_reader_shows(tmp_path: Path) -> None:
    folder, rng = tmp_path / "m", np.random.default_rng(2)
    layer = {"class_name": "Dense", "config": {"name": "d", "units": 4, "batch_input_shape": [None, 6]}}
    arrays = {"d/kernel": rng.normal(size=(6, 4)).astype("f4"), "d/bias": rng.normal(size=4).astype("f4")}
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}}
    write_layers(folder, config, arrays, quantize="uint8", shard=9)
    model = formats.open_file(str(folder))
    kernel, bias = model.values("d/kernel").reshape(6, 4).astype("f8"), model.values("d/bias").astype("f8")
    x = rng.normal(size=(5, 6)).astype("f4")
    runner, said = loaded(folder, tmp_path / "spill", "wasm", batch=2)
    assert said.precision == "uint8"
    try:
        found = runner.run({"d_input": x}).outputs["d"]
    finally:
        runner.close()
    np.testing.assert_allclose(found, x.astype("f8") @ kernel + bias, atol=1e-6)


def test_integers_texts_and_truth_values(tmp_path: Path) -> None:
    """A graph of int32, bool and several outputs of one node; int64 is given as int32."""
    kinds = {"T": {"type": "DT_INT32"}}
    shape = {"shape": {"dim": [{"size": "-1"}, {"size": "4"}]}}
    nodes = [
        {"name": "n", "op": "Placeholder", "attr": {"dtype": {"type": "DT_INT32"}, "shape": shape}},
        {"name": "two", "op": "Const", "attr": {"dtype": {"type": "DT_INT32"}}},
        {"name": "axis", "op": "Const", "attr": {"dtype": {"type": "DT_INT32"}}},
        {"name": "twice", "op": "Mul", "input": ["n", "two"], "attr": kinds},
        {"name": "split", "op": "Split", "input": ["axis", "twice"], "attr": {**kinds, "num_split": {"i": "2"}}},
        {"name": "less", "op": "Less", "input": ["split", "split:1"], "attr": kinds},
    ]
    arrays = {"two": np.int32(2), "axis": np.int32(1)}
    folder = write_graph(tmp_path / "m", {"node": nodes, "versions": {}}, arrays)
    x = np.array([[1, 2, 3, -4], [9, 8, 7, 6]])
    runner, said = loaded(folder, tmp_path / "spill")
    try:
        found = runner.run({"n:0": x}, taps=["split:1", "twice:0"])
    finally:
        runner.close()
    assert [(port.tensor, port.shape, port.dtype) for port in said.inputs] == [("n:0", (None, 4), "int32")]
    np.testing.assert_array_equal(found.taps["twice:0"], x * 2)
    np.testing.assert_array_equal(found.taps["split:1"], x[:, 2:] * 2)
    assert found.outputs["less:0"].dtype == np.bool_
    np.testing.assert_array_equal(found.outputs["less:0"], x[:, :2] < x[:, 2:])


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = one_dense(tmp_path_factory.mktemp("dense") / "m")
    runner, said = loaded(folder, tmp_path_factory.mktemp("spill"), float64=True)
    assert [warn.code for warn in said.warnings] == ["OPTION_IGNORED"]
    assert said.can == ()
    yield runner
    runner.close()


@pytest.mark.parametrize(
    ("fed", "how", "code"),
    [
        ({"d_input": np.zeros((1, 4), "f4")}, {}, "WRONG_SHAPE"),
        ({"d_input": np.zeros((1, 3), "c8")}, {}, "WRONG_DTYPE"),
        ({}, {}, "INPUT_MISSING"),
        ({"d_input": np.zeros((1, 3), "f4")}, {"taps": ["e"]}, "NO_SUCH_TENSOR"),
        ({"d_input": np.zeros((1, 3), "f4")}, {"outputs": ["d_input"]}, "NO_SUCH_TENSOR"),
    ],
)
def test_refusals(dense: Runner, fed: dict[str, np.ndarray], how: dict[str, list[str]], code: str) -> None:
    with pytest.raises(InspectorError) as caught:
        dense.run(fed, **how)
    assert caught.value.code == code


def test_an_inputs_tap_is_what_was_fed(dense: Runner) -> None:
    x = np.array([[1, 2, 3]], "f4")
    found = dense.run({"d_input": x}, taps=["d_input", "d"])
    np.testing.assert_array_equal(found.taps["d_input"], x)
    assert found.taps["d"].tolist() == [[17, 23]]
    with pytest.raises(InspectorError, match="NO_REPLAY"):
        dense.replay({"d": x}, ["d"])


def test_what_tensorflow_js_says_of_a_bad_model_is_said(tmp_path: Path) -> None:
    folder = one_dense(tmp_path / "m")
    stated = json.loads((folder / "model.json").read_text())
    stated["modelTopology"]["model_config"]["config"]["layers"][0]["class_name"] = "Strange"
    (folder / "model.json").write_text(json.dumps(stated))
    with pytest.raises(InspectorError, match=r"LOAD_FAILED: .*Strange"):
        loaded(folder, tmp_path / "spill")


def test_a_backend_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTWEBENGINE_CHROMIUM_FLAGS", "--disable-gpu --disable-3d-apis --disable-dev-shm-usage")
    with pytest.raises(InspectorError, match=r"BACKEND_MISSING: the page has no backend webgl"):
        loaded(one_dense(tmp_path / "m"), tmp_path / "spill", "webgl")


def test_without_tensorflow_js_the_command_that_installs_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_INSPECTOR_TFJS", str(tmp_path / "none"))
    monkeypatch.setattr("inspector.runners.tfjs_library.default_folder", lambda: str(tmp_path / "nor here"))
    with pytest.raises(RequestError) as caught:
        library_files()
    assert caught.value.fields["code"] == "FRAMEWORK_MISSING"
    assert caught.value.fields["todo"] == (
        f"npm install --prefix {tmp_path / 'none'} @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0"
    )


def test_a_library_elsewhere_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(library_files()["/lib/tf.min.js"]).parents[4]
    shutil.copytree(source, tmp_path / "tfjs")
    monkeypatch.setenv("MODEL_INSPECTOR_TFJS", str(tmp_path / "tfjs"))
    assert Path(library_files()["/lib/tf.min.js"]).is_relative_to(tmp_path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks through /proc")
@pytest.mark.parametrize("end", ["close", "kill"])
def test_no_process_of_the_browser_outlives_its_runner(tmp_path: Path, end: str) -> None:
    runner, _ = loaded(one_dense(tmp_path / "m"), tmp_path / "spill")
    engines = engines_below(runner.pid)
    assert engines
    getattr(runner, end)()
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}/cmdline").exists() for pid in engines):
        time.sleep(0.05)
    assert [pid for pid in engines if Path(f"/proc/{pid}/cmdline").exists()] == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks through /proc")
def test_a_browser_that_dies_is_said(tmp_path: Path) -> None:
    runner, _ = loaded(one_dense(tmp_path / "m"), tmp_path / "spill")
    try:
        for pid in engines_below(runner.pid):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(InspectorError, match=r"BROWSER_FAILED: the browser's process ended"):
            runner.run({"d_input": np.zeros((1, 3), "f4")})
    finally:
        runner.close()


def engines_below(parent: int) -> list[int]:
    """The engine's processes, by process id, of all that descend from a process."""
    found = []
    for children in Path("/proc").glob(f"{parent}/task/*/children"):
        for pid in map(int, children.read_text().split()):
            if b"QtWebEngineProcess" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
            found += engines_below(pid)
    return found


def test_real_models_run(shared_models: Path, tmp_path: Path) -> None:
    """The quantized MobileNetV2 on a grey image, and a missing shard, which is refused by its name.

    The numbers are legacy Keras 2.21's, with the weights dequantized."""
    folder = shared_models / "singles" / "tfjs"
    expected = [[0.83754534, 0.02359621, 0.12879561, 0.00853212, 0.00153074]]
    runner, _ = loaded(folder / "nsfw_mobilenet_v2", tmp_path / "spill", "wasm")
    try:
        found = runner.run({"input_1": np.full((1, 224, 224, 3), 0.5, np.float32)}).outputs["dense_3"]
    finally:
        runner.close()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(InspectorError, match=r"MISSING_SHARD: the shard group1-shard1of2 is not there"):
        loaded(folder / "nsfw_missing_shard", tmp_path / "missing")


@pytest.fixture(autouse=True)
def no_flags_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    if "QTWEBENGINE_CHROMIUM_FLAGS" in os.environ:
        monkeypatch.delenv("QTWEBENGINE_CHROMIUM_FLAGS")


def test_a_tensor_that_does_not_fill_the_shape_it_states_holds_no_numbers() -> None:
    """TensorFlow.js's own kernels hand such masks out where one is broadcast to the batch."""
    found = _array({"dtype": "bool", "shape": [4, 9, 1], "blob": 0}, {0: np.ones(9, np.uint8)})
    assert found.shape == (4, 9, 1)
    assert np.isnan(found).all()
    whole = _array({"dtype": "bool", "shape": [9, 1], "blob": 0}, {0: np.ones(9, np.uint8)})
    assert whole.dtype == np.bool_
    assert whole.all()
