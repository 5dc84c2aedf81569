"""What every test may ask for, and what no test may leave behind."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from child_processes import descendants

from inspector.workers import fork_server

if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# No test reads or writes the session file of the person who runs it.
STATE = os.environ["MODEL_INSPECTOR_STATE"] = tempfile.mkdtemp(prefix="model-inspector-tests-")
atexit.register(shutil.rmtree, STATE, ignore_errors=True)
# A cause that raises is a warning to a person; here it ends the comparison, and with it the test.
os.environ["MODEL_INSPECTOR_STRICT"] = "1"
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever starts the tests in the background of a shell; children would inherit it, and Ctrl+C ends nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(os, "geteuid") and os.geteuid() == 0:
    # Chromium's sandbox refuses to start as root, as in most containers.
    os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT.parent / "shared" / "models"
GRACE_SECONDS = 5.0  # a closed child may take a moment to be gone


@dataclass(frozen=True, slots=True)
class Demo:
    """The paths of the demo pair: the model, a faithful graph, a faulty one, and digit images."""

    h5: Path
    pb: Path
    faulty: Path
    images: tuple[Path, ...]


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For several workers: a file stays on one, since its tests share what it made; all windows on one, since a
    display gives the keyboard to one window at a time; all environments on one, which makes them."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder in ("gui", "environments") else str(item.path)))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The folder of real model files beside the checkout; the test is skipped where there is none."""
    if not MODELS.is_dir():
        pytest.skip(f"no real model files at {MODELS}")
    return MODELS


@pytest.fixture(scope="session")
def demo() -> Demo:
    """The demo pair of resources/demo."""
    folder = ROOT / "resources" / "demo"
    images = tuple(sorted((folder / "digits").glob("*.png")))
    return Demo(folder / "digits.h5", folder / "digits.pb", folder / "digits_faulty.pb", images)


@pytest.fixture(scope="session")
def lite_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small nets as .h5 and as TensorFlow Lite models of every kind, just made by the converter."""
    folder = tmp_path_factory.mktemp("lite")
    maker = ROOT / "tests" / "formats" / "lite_nets.py"
    subprocess.run([sys.executable, str(maker), str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def no_leaked_processes() -> Iterator[None]:
    """Fails the run when a process that a test started outlives the tests. Sessions share what has TensorFlow."""
    with fork_server.held():
        yield
    deadline = time.monotonic() + GRACE_SECONDS
    left = descendants(os.getpid())
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = descendants(os.getpid())
    assert not left, f"the tests left processes behind: {left}"
