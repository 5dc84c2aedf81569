"""The environments with a TensorFlow of another time, made once and kept in the user's cache folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKE = ROOT / "packaging" / "make_test_environments.py"
SCRIPT = Path(__file__).parent / "old_net.py"
RECORDER = ROOT / "inspector" / "recorder.py"


@dataclass(frozen=True, slots=True)
class Net:
    """A `.h5` that another TensorFlow saved, what it gives there (`truth` by name, with `input`), and its recording."""

    path: Path
    truth: dict[str, np.ndarray]
    recording: Path


@cache
def _made(name: str) -> tuple[str, str]:
    done = subprocess.run([sys.executable, str(MAKE), name], capture_output=True, text=True, check=False)
    return done.stdout.strip(), done.stderr.strip()


@pytest.fixture(scope="session")
def environment() -> Callable[[str], str]:
    """The interpreter of an environment by its name; the test is skipped, saying why, where it cannot be made."""

    def interpreter(name: str) -> str:
        python, reason = _made(name)
        if not python:
            pytest.skip(f"no environment {reason}")
        return python

    return interpreter


@pytest.fixture(scope="session")
def net_of(environment: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Net]:
    """The net that an environment makes, once."""

    @cache
    def made(name: str) -> Net:
        folder = tmp_path_factory.mktemp("net")
        # TF2_BEHAVIOR: a TensorFlow that a test has imported here sets it for all its children.
        quiet = {k: v for k, v in os.environ.items() if k != "TF2_BEHAVIOR"} | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [environment(name), str(SCRIPT), str(RECORDER), str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return Net(folder / "small.h5", dict(np.load(folder / "truth.npz")), folder / "recorded.npz")

    return made


@pytest.fixture(scope="session")
def old_net(net_of: Callable[[str], Net]) -> Net:
    """TensorFlow 1.15's."""
    return net_of("tensorflow-1.15")
