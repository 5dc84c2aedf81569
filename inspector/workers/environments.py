"""What another Python interpreter has, asked of it in a short process that imports no framework."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.domain.errors import InspectorError

SECONDS = 20.0
OLDEST = (3, 7)
_MARK = "environment:"
# Python 2 must be able to read it too: it is what tells how old an interpreter is.
# Its first line is no shell's: a shell that is taken for a Python stops there, and runs no command.
_SCRIPT = """(lambda: 0)()
import json, sys
sys.path[:] = [entry for entry in sys.path if entry]  # what lies in the working folder is not installed
names = {
    "tensorflow": ["tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos",
                   "tensorflow-rocm", "tensorflow-aarch64", "intel-tensorflow", "tf-nightly", "tf-nightly-cpu"],
    "keras": ["keras", "keras-nightly"],
    "tf_keras": ["tf-keras", "tf-keras-nightly"],
    "tensorflow_hub": ["tensorflow-hub"],
    "numpy": ["numpy"],
}

def metadata():
    try:
        from importlib.metadata import version
        return version
    except ImportError:
        pass
    try:
        from pkg_resources import get_distribution
        return lambda name: get_distribution(name).version
    except ImportError:
        return {}.__getitem__

def version_of(module, distributions, version):
    from importlib.util import find_spec
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    for name in distributions:
        try:
            return version(name) or "?"
        except Exception:
            continue
    return "?"

versions = {}
if sys.version_info[:2] >= (3, 7):
    found = [(module, version_of(module, names[module], metadata())) for module in names]
    versions = dict(pair for pair in found if pair[1])
python = ".".join(map(str, sys.version_info[:3]))
sys.stdout.write("environment:" + json.dumps({"python": python, "versions": versions}) + "\\n")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An interpreter at `path` (absolute), its version as `3.7.16`, and the versions of `tensorflow`, `keras`,
    `tf_keras`, `tensorflow_hub` and `numpy` that it has; `?` where a package states none."""

    path: str
    python: str
    versions: dict[str, str]


def inspect_python(path: str, *, seconds: float = SECONDS) -> Environment:
    """Ask an interpreter (a path, or a name on PATH) what it has. Nothing of TensorFlow is imported.

    Raises InspectorError: NOT_A_PYTHON (no such file, a folder, another program, no answer within `seconds`),
    PYTHON_TOO_OLD (before 3.7), FRAMEWORK_MISSING (it has no TensorFlow)."""
    program = _program(path)
    found = _answer(program, seconds)
    environment = Environment(path=program, python=found["python"], versions=found["versions"])
    if tuple(map(int, environment.python.split(".")[:2])) < OLDEST:
        raise InspectorError(
            "PYTHON_TOO_OLD",
            f"this is Python {environment.python}, and a side needs 3.7 or later",
            where=program,
            todo="Choose a newer Python: TensorFlow 1.15 runs on 3.7.",
        )
    if "tensorflow" not in environment.versions:
        raise InspectorError(
            "FRAMEWORK_MISSING",
            f"this Python {environment.python} has no tensorflow",
            where=program,
            todo=f"Install it there ({program} -m pip install tensorflow), or choose another Python.",
        )
    return environment


def _program(path: str) -> str:
    given = Path(path).expanduser()
    if given.is_dir():
        inside = [given / "bin" / "python", given / "Scripts" / "python.exe"]
        there = next((str(program) for program in inside if program.is_file()), "")
        todo = f"Choose the interpreter in it: {there}" if there else "Choose a Python interpreter."
        raise InspectorError("NOT_A_PYTHON", "this is a folder, not an interpreter", where=path, todo=todo)
    found = shutil.which(str(given))
    if found is None:
        what = "this file cannot be executed" if given.exists() else "there is no such interpreter"
        raise _refused(what, path)
    return str(Path(found).absolute())  # not resolved: a virtual environment's interpreter is a link


def _answer(program: str, seconds: float) -> dict[str, Any]:
    """What the script printed, whatever else the interpreter's start-up printed."""
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter that the person named
            [program, "-c", _SCRIPT], stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _refused(f"it gave no answer within {seconds:g} s", program) from error
    except OSError as error:
        raise _refused(f"it cannot be started: {error.strerror or error}", program) from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    stated = next((line[len(_MARK) :] for line in reversed(lines) if line.startswith(_MARK)), "")
    found = _parsed(stated)
    if found is None:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        what = "it did not answer as Python does" + (f": {said[-1][:200]}" if said else "")
        raise _refused(what, program)
    return found


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    whole = isinstance(found, dict) and isinstance(found.get("python"), str) and isinstance(found.get("versions"), dict)
    return found if whole else None


def _refused(what: str, where: str) -> InspectorError:
    return InspectorError("NOT_A_PYTHON", what, where=where, todo="Choose a Python interpreter, as /usr/bin/python3.")
