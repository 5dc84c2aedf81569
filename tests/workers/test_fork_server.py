"""Runners forked from a process that has TensorFlow: as fresh as one of their own, and gone when they should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tf_keras

from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.options import SideOptions
from inspector.workers.runner_client import Runner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runners are forked on Linux only")
LONG = 60.0


@pytest.fixture
def model(tmp_path: Path) -> Path:
    net = tf_keras.Sequential([tf_keras.Input((3,)), tf_keras.layers.Dense(2, name="head")])
    net.set_weights([np.arange(6, dtype=np.float32).reshape(3, 2), np.array([1.0, 2.0], np.float32)])
    net.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_that_two_runners_come_of_one_server_and_compute(model: Path, tmp_path: Path) -> None:
    x = np.array([[1.0, -2.0, 0.5]], np.float32)
    runners = [Runner(name, spill=tmp_path / name) for name in "AB"]
    try:
        for runner in runners:
            loaded = runner.load(model, "tf_keras")
            (given,) = runner.run({loaded.inputs[0].tensor: x}).outputs.values()
            np.testing.assert_allclose(given, [[1 * 0 - 2 * 2 + 0.5 * 4 + 1, 1 * 1 - 2 * 3 + 0.5 * 5 + 2]], rtol=1e-6)
        assert parent_of(runners[0].pid) == parent_of(runners[1].pid) != os.getpid()
    finally:
        for runner in runners:
            runner.close()
    assert not any(runner.alive for runner in runners)


def test_that_a_killed_runner_is_told_by_its_signal(model: Path, tmp_path: Path) -> None:
    runner = Runner("killed", spill=tmp_path / "spill")
    try:
        runner.load(model, "tf_keras")
        os.kill(runner.pid, signal.SIGSEGV)
        with pytest.raises(InspectorError, match=r"^WORKER_CRASHED: .*SIGSEGV"):
            runner.run({"x": np.zeros((1, 3), np.float32)})
        assert not runner.alive
    finally:
        runner.close()


def test_that_one_killed_before_it_is_born_never_answers(tmp_path: Path) -> None:
    runner = Runner("unborn", spill=tmp_path / "spill")
    started = runner.start("tf_keras")
    runner.kill()
    with pytest.raises(Cancelled):
        started.result(timeout=LONG)
    assert not runner.alive


def test_that_forked_runners_draw_other_random_numbers(tmp_path: Path) -> None:
    """Two sides that drew the same would hide that a layer draws at all."""
    net = tf_keras.Sequential([tf_keras.Input((400,)), tf_keras.layers.Dropout(0.5, name="drop")])
    net.save(tmp_path / "model.keras")
    kept = []
    for name in "AB":
        runner = Runner(name, spill=tmp_path / name, options=SideOptions(training=True))
        try:
            loaded = runner.load(tmp_path / "model.keras", "tf_keras")
            (given,) = runner.run({loaded.inputs[0].tensor: np.ones((1, 400), np.float32)}).outputs.values()
            kept.append(np.flatnonzero(given))
        finally:
            runner.close()
    assert 100 < len(kept[0]) < 300
    assert not np.array_equal(*kept)


def test_that_the_server_ends_with_its_app() -> None:
    """Also while it still imports: the app is killed before that can be done."""
    code = (
        "import time; from inspector.workers import fork_server as f; f.hold(); f.start('tf_keras'); "
        "print(f._SERVERS._servers[True]._process.pid, flush=True); time.sleep(60)"
    )
    app = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert app.stdout is not None
    server = int(app.stdout.readline())
    app.kill()
    app.wait()
    app.stdout.close()
    deadline = time.monotonic() + LONG
    while Path(f"/proc/{server}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{server}").exists()
