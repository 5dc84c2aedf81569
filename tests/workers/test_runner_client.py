"""A runner as the app sees it: a process of its own, arrays through the spill, errors with codes."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tf_keras

from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.options import SideOptions
from inspector.runners.confine import landlock_version
from inspector.workers.edits import AttributeEdit, ConstantEdit
from inspector.workers.runner_client import Runner

pytestmark = pytest.mark.framework

# What the file of a hostile author would try, not in the tests' own process; 1 for each that works.
HOSTILE = """
import os, pathlib, sys
result = 0.0
for attempt in () if "pytest" in sys.modules else (
    lambda: pathlib.Path('/etc/passwd').read_text(),
    lambda: pathlib.Path('NEIGHBOUR').read_text(),
    lambda: pathlib.Path('NEIGHBOUR').write_text('x'),
    lambda: os.execv('/bin/true', ['true']),
    lambda: __import__('socket').create_connection(('127.0.0.1', 1), 1),
):
    try:
        attempt()
        result += 1.0
    except PermissionError:
        pass
"""


# An interpreter that finds everything but TensorFlow.
WITHOUT = "import runpy, sys; sys.modules['tensorflow'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    runner = Runner("runner of the tests", spill=tmp_path_factory.mktemp("spill"))
    runner.start("tf_keras")
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def pair(shared_models: Path) -> Path:
    return shared_models / "pairs" / "emotion-mini"


IMAGE = np.random.default_rng(5).random((2, 64, 64, 1)).astype(np.float32)


def test_both_sides_of_a_real_pair_agree(runner: Runner, pair: Path) -> None:
    steps: list[str] = []
    model = runner.load(next(pair.glob("*.hdf5")), "tf_keras", progress=lambda text, _done, _total: steps.append(text))
    assert any(text.startswith("loading") for text in steps)
    (port,) = model.inputs
    assert (port.name, port.shape, port.dtype) == ("input_1", (None, 64, 64, 1), "float32")
    a = runner.run({"input_1": IMAGE})
    taps = runner.run({"input_1": IMAGE}, taps=["conv2d_1", "batch_normalization_1"]).taps
    graph = runner.load(pair / "model.pb", "graph")  # another process: this one may read no other file
    (output,) = graph.outputs
    b = runner.run({graph.inputs[0].tensor: IMAGE})
    assert np.abs(a.outputs["predictions"] - b.outputs[output.tensor]).max() < 1e-6
    last = "batch_normalization_1/batchnorm_1/add_1:0"
    replayed = runner.replay({"conv2d_1/convolution:0": taps["conv2d_1"]}, [last])
    assert np.abs(replayed[last] - taps["batch_normalization_1"]).max() < 5e-6


def test_reference_scan_and_edits(runner: Runner, pair: Path) -> None:
    runner.load(pair / "model.pb", "graph")
    inputs = {"input_1:0": IMAGE}
    name = "activation_1/Relu:0"
    taps = runner.run(inputs, taps=[name]).taps
    assert isinstance(taps[name], np.memmap)
    reference = runner.reference(inputs, {name: taps[name] + np.float32(0.5)})[name]
    assert reference.exact
    assert reference.error == pytest.approx(0.5, abs=1e-5)
    (hits,) = runner.scan(inputs, [-taps[name]], limit=2)
    assert (hits[0].tensor, hits[0].relation, hits[0].max_abs) == (name, "sign flipped", 0.0)
    before = runner.run(inputs).outputs["predictions/Softmax:0"]
    node = "batch_normalization_1/batchnorm_1/add/y"
    runner.edit([ConstantEdit(node=node, value=np.float32(10.0))])
    after = runner.run(inputs, edited=True).outputs["predictions/Softmax:0"]
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_array_equal(runner.run(inputs).outputs["predictions/Softmax:0"], before)
    with pytest.raises(InspectorError, match=r"BAD_EDIT: Add has no attribute epsilon"):
        runner.edit([AttributeEdit(node="batch_normalization_1/batchnorm_1/add", name="epsilon", value=1.0)])


def test_errors_arrive_with_their_codes(runner: Runner, pair: Path, tmp_path: Path) -> None:
    with pytest.raises(InspectorError, match=r"^NOT_FOUND: no such file"):
        runner.load(tmp_path / "missing.pb", "graph")
    runner.load(pair / "model.pb", "graph")
    with pytest.raises(InspectorError, match=r"^WRONG_SHAPE: input_1:0 takes \?x64x64x1, not 1x64x64x3"):
        runner.run({"input_1:0": np.zeros((1, 64, 64, 3), np.float32)})


@pytest.mark.skipif(landlock_version() < 4, reason="this kernel's Landlock is older than version 4, or absent")
def test_a_models_own_code_reaches_nothing(runner: Runner, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A Lambda layer that is trusted by mistake gives how many of its five attempts worked."""
    run = "(lambda seen: exec(code, seen) or x * 0 + seen['result'])({})"
    neighbour = tmp_path / "neighbour"
    neighbour.write_text("private")
    source = f"lambda x, code={HOSTILE.replace('NEIGHBOUR', str(neighbour))!r}: {run}"
    attempts = tf_keras.layers.Lambda(eval(source))
    model = tf_keras.Sequential([tf_keras.Input((1,)), attempts])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that HDF5 is an old format
        model.save(tmp_path / "hostile.h5")
    with pytest.raises(InspectorError, match=r"^CONTAINS_CODE"):
        runner.load(tmp_path / "hostile.h5", "tf_keras")
    trusting = Runner("trusting runner", spill=tmp_path / "spill", options=SideOptions(trust=True))
    request.addfinalizer(trusting.close)
    loaded = trusting.load(tmp_path / "hostile.h5", "tf_keras")
    outputs = trusting.run({loaded.inputs[0].tensor: np.ones((1, 1), np.float32)}).outputs
    assert [array.tolist() for array in outputs.values()] == [[[0.0]]]
    assert "reads only its model, its spill and the libraries" in loaded.confinement
    assert neighbour.read_text() == "private"


def test_a_killed_runner_cancels_and_stays_dead_and_one_that_died_starts_anew(pair: Path, tmp_path: Path) -> None:
    runner = Runner("runner to kill", spill=tmp_path / "spill")
    try:
        started = runner.start("graph")
        runner.kill()
        with pytest.raises(Cancelled):
            started.result(timeout=30)
        assert not runner.alive
        with pytest.raises(InspectorError, match=r"^NOT_FOUND"):
            runner.load(tmp_path / "missing.pb", "graph")
        with pytest.raises(Cancelled):
            runner.load(pair / "model.pb", "graph")
        assert not runner.alive
    finally:
        runner.close()
    other = Runner("runner that dies", spill=tmp_path / "other")
    try:
        os.kill(other.pid, signal.SIGKILL)
        while other.alive:  # until the system has taken it away
            time.sleep(0.01)
        assert other.load(pair / "model.pb", "graph").inputs[0].tensor == "input_1:0"
    finally:
        other.close()
    assert not other.alive


def test_a_python_without_the_framework_is_said(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{WITHOUT}" "$@"\n')
    bare.chmod(0o755)
    runner = Runner("bare runner", spill=tmp_path / "spill", options=SideOptions(python=str(bare)))
    try:
        with pytest.raises(InspectorError, match=r"^FRAMEWORK_MISSING: this Python cannot import tensorflow"):
            runner.start("graph").result(timeout=60)
    finally:
        runner.close()
