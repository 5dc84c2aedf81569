"""`model-inspector convert` as a shell would call it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from command import run, start

pytestmark = pytest.mark.framework


def test_a_file_is_converted_and_proved(demo, tmp_path: Path) -> None:
    done = run("convert", demo.h5, tmp_path / "digits.pb")
    assert done.returncode == 0, done.stderr
    assert "LOSES_OPTIMIZER" in done.stderr
    assert "within rounding" in done.stdout or "bit for bit" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {
        "digits.pb",
        "digits.pb.txt",
        "digits.pb.report.html",
        "digits.pb.report.json",
    }


def test_beyond_the_precision_asked_for_is_status_1(demo, tmp_path: Path) -> None:
    done = run("convert", demo.h5, tmp_path / "digits.tflite", "--to", "tflite-float16", "--sqnr", "300")
    assert done.returncode == 1, done.stderr
    assert "less than 300" in done.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("a.onnx",), "UNKNOWN_FORM"),
        (("a.pb", "--to", "onnx"), "UNKNOWN_FORM"),
        (("a.tflite", "--fold"), "BAD_USAGE"),
        (("a.pb", "--batch", "none"), "BAD_USAGE"),
        (("a.pb", "--name-input", "x"), "BAD_USAGE"),
        (("none/a.pb",), "NO_FOLDER"),
    ],
)
def test_what_cannot_be_is_status_2_and_leaves_nothing(demo, words, code: str, tmp_path: Path) -> None:
    done = run("convert", demo.h5, *words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith(code)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_replaced_only_when_told(demo, tmp_path: Path) -> None:
    (tmp_path / "digits.pb").write_bytes(b"mine")
    done = run("convert", demo.h5, tmp_path / "digits.pb")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("EXISTS")
    assert (tmp_path / "digits.pb").read_bytes() == b"mine"
    assert run("convert", demo.h5, tmp_path / "digits.pb", "--overwrite").returncode == 0
    assert (tmp_path / "digits.pb").read_bytes() != b"mine"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_command_that_is_killed_midway_leaves_nothing(demo, number: int, tmp_path: Path) -> None:
    """Killed once the draft is there: while the new file is proved."""
    process = start("convert", demo.h5, tmp_path / "digits.pb")
    end = time.monotonic() + 120
    while not list(tmp_path.iterdir()) and time.monotonic() < end and process.poll() is None:
        time.sleep(0.02)
    assert list(tmp_path.iterdir()), process.communicate()
    process.send_signal(number)
    process.communicate(timeout=30)
    end = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []
