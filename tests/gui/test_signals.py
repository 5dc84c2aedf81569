"""The window as a process: a signal ends it at once while it is idle, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from child_processes import descendants

pytestmark = [pytest.mark.framework, pytest.mark.window]
PATIENCE = 120.0  # seconds until the window stands; the machine may be busy
AT_ONCE = 20.0


def started(tmp_path: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The program with folders of its own."""
    environment = {
        **os.environ, "TMPDIR": str(tmp_path / "tmp"), "MODEL_INSPECTOR_STATE": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }  # fmt: skip
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-c", "from inspector.cli import main; main()", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until_idle(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Until the readers and runners are there, and the window has had time to come to rest."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not (any(folder.iterdir()) and len(descendants(process.pid)) >= 3):
        assert process.poll() is None
        time.sleep(0.2)
    time.sleep(3.0)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_idle_window_and_leaves_nothing(name: str, demo, tmp_path: Path) -> None:
    process = started(tmp_path, str(demo.h5))
    try:
        wait_until_idle(process, tmp_path / "tmp")
        number = getattr(signal, name)
        process.send_signal(number)
        assert process.wait(AT_ONCE) == 128 + number
    finally:
        process.kill()
        process.wait()
    left = [path.name for path in (tmp_path / "tmp").iterdir() if path.name.startswith("model-inspector")]
    assert left == []
    deadline = time.monotonic() + AT_ONCE
    while children_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert children_of(tmp_path) == []


@pytest.mark.parametrize(("name", "delay"), [("SIGTERM", 1.0), ("SIGINT", 2.5), ("SIGTERM", 4.0), ("SIGINT", 6.0)])
def test_a_signal_while_it_starts_ends_it_as_well(name: str, delay: float, demo, tmp_path: Path) -> None:
    """Whatever it is at: imports, making the window, opening, matching. Before the window heeds signals there is
    nothing to clean up, and the signal itself ends it."""
    process = started(tmp_path, str(demo.h5), str(demo.pb))
    number = getattr(signal, name)
    try:
        time.sleep(delay)
        process.send_signal(number)
        assert process.wait(AT_ONCE) in (128 + number, -number)
    finally:
        process.kill()
        process.wait()
    assert [path.name for path in (tmp_path / "tmp").iterdir() if path.name.startswith("model-inspector")] == []


def children_of(tmp_path: Path) -> list[str]:
    """The processes that were started with the test's folders, but for those that have ended."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={tmp_path}".encode() in environment.read_bytes():
                found.append(environment.with_name("cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
