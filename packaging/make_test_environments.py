"""Make the other environments of the tests: virtual environments with a TensorFlow of another time.

`make_test_environments.py [NAME ...]` prints the interpreter of each (all of packaging/environments/NAME.txt when
none is named). They are kept in the user's cache folder and made once; pip asks the index that it is set to.
Exit status 1 when one could not be made, with the reason on standard error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from platformdirs import user_cache_dir

LISTS = Path(__file__).resolve().parent / "environments"
KEPT = Path(user_cache_dir("model-inspector")) / "environments"
PIP = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--retries", "1")
SECONDS = 1200
STAMP = "requirements.txt"


class CannotMakeError(Exception):
    """Why an environment is not there, in one line."""


def interpreter_of(name: str) -> Path:
    """The interpreter of an environment, which is made where it is not there yet. Raises CannotMakeError."""
    folder, wanted = KEPT / name, (LISTS / f"{name}.txt").read_text()
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / STAMP
    if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
        _make(folder, wanted, name)
    return python


def _make(folder: Path, wanted: str, name: str) -> None:
    """Under another name first, so that an environment that is there is whole."""
    base = _interpreter(wanted)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder.parent))
    try:
        _run(base, "-m", "venv", str(draft))
        inside = draft / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        (draft / STAMP).write_text(wanted)
        _run(str(inside), *PIP, "--requirement", str(draft / STAMP))
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    except OSError as error:
        raise CannotMakeError(f"{folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _interpreter(wanted: str) -> str:
    """The first of the stated Pythons that this machine has."""
    stated = next(line.split()[2:] for line in wanted.splitlines() if line.startswith("# python:"))
    for version in stated:
        for candidate in _candidates(version):
            if _version(candidate) == version:
                return candidate
    raise CannotMakeError(f"this machine has no Python {' or '.join(stated)}")


def _candidates(version: str) -> Iterator[str]:
    """On PATH, and where pyenv keeps its own."""
    found = shutil.which(f"python{version}")
    if found:
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))


def _version(python: str) -> str:
    """What an interpreter says it is; nothing where it does not start (a shim of a version that is not chosen)."""
    ask = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise CannotMakeError(f"it was not done within {SECONDS} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()[-1:]
        raise CannotMakeError(lines[-1].strip()[:500] if lines else f"exit status {done.returncode}")


def main(names: Sequence[str]) -> int:
    """Make them all; the exit status."""
    failed = 0
    for name in names or sorted(path.stem for path in LISTS.glob("*.txt")):
        try:
            print(interpreter_of(name))
        except CannotMakeError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
