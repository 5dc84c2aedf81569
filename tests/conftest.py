"""What every test may ask for, and what no test may leave behind."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# No test reads or writes the session file of the person who runs it.
os.environ["MODEL_INSPECTOR_STATE"] = tempfile.mkdtemp(prefix="model-inspector-tests-")
if hasattr(os, "geteuid") and os.geteuid() == 0:
    # Chromium's sandbox refuses to start as root, as in most containers.
    os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT.parent / "shared" / "models"
GRACE_SECONDS = 5.0  # a closed child may take a moment to be gone
# Belong to a library in the tests' own process, and end with it.
LIBRARIES_OWN = ("QtWebEngineProcess", "multiprocessing.resource_tracker", "loky")


@dataclass(frozen=True, slots=True)
class Demo:
    """The paths of the demo pair: the model, a faithful graph, a faulty one, and digit images."""

    h5: Path
    pb: Path
    faulty: Path
    images: tuple[Path, ...]


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


@pytest.fixture(scope="session", autouse=True)
def no_leaked_processes() -> Iterator[None]:
    """Fails the run when a process that a test started outlives the tests."""
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    left = descendants(os.getpid())
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = descendants(os.getpid())
    assert not left, f"the tests left processes behind: {left}"


def descendants(parent: int) -> list[str]:
    """Command lines of all living descendants of a process (Linux; elsewhere none are found)."""
    found = []
    for children in Path("/proc").glob(f"{parent}/task/*/children"):
        for pid in children.read_text().split():
            line = _command_line(int(pid))
            found += ([line] if line else []) + descendants(int(pid))
    return found


def _command_line(pid: int) -> str:
    """The command line, or nothing for one that has ended, waits to be reaped, or is a library's own."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    if any(name.encode() in raw for name in LIBRARIES_OWN):
        return ""
    return raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()
