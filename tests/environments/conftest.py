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
MADE = Path(__file__).parent / "made.py"


@dataclass(frozen=True, slots=True)
class OldNet:
    """A `.h5` that TensorFlow 1.15 saved, and what it gives there: `truth` by name, with `input`."""

    path: Path
    truth: dict[str, np.ndarray]


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
def old_net(environment: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> OldNet:
    folder = tmp_path_factory.mktemp("old-net")
    model, truth = folder / "small.h5", folder / "truth.npz"
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [environment("tensorflow-1.15"), str(MADE), str(model), str(truth)]
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return OldNet(model, dict(np.load(truth)))
