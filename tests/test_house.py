"""Rules of the house that neither the linter nor the type checker knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAX_FILE = 400
MAX_FUNCTION = 45
MODULES = ("inspector", "inspector.cli", "inspector.session.session", "inspector.runners.server")
FRAMEWORKS = {"tensorflow", "keras", "tf_keras"}
BROWSER = {"PySide6", "shiboken6"}  # the engine of a browser page, imported when a TensorFlow.js model is loaded
BROUGHT = {"google", "h5py"}  # protobuf and h5py come with the frameworks
OUT_OF_THE_APP = {*FRAMEWORKS, "h5py"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers"}
HOSTS = re.compile(r"https?://[a-z0-9.-]*(pypi|pythonhosted|npmjs|artifactory|nexus|registry|anaconda|debian)")
# Written in pieces, so that this file passes its own test.
LATER = re.compile("TO" + r"DO\b|FIX" + r"ME\b|Not" + "Implemented" + "Error")


def sources() -> list[Path]:
    folders = ("inspector", "tests", "packaging", "resources")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def product() -> list[Path]:
    """The code of the program itself; a test's table of samples may be long."""
    return [path for path in sources() if path.relative_to(ROOT).parts[0] != "tests"]


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the checkout that could be tracked."""
    skipped = {"build", "dist", "out", "__pycache__"}
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = [part for part in parts[:-1] if part.startswith(".") and part != ".ci"]
        if not path.is_file() or hidden or skipped & set(parts) or path.parent.suffix == ".egg-info":
            continue
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def imported_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after the statement."""
    code = f"import sys\n{statement}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("module", MODULES)
def test_command_imports_neither_framework_nor_qt(module: str) -> None:
    names = imported_by(f"import {module}")
    assert "inspector" in names
    assert names & {*OUT_OF_THE_APP, "PySide6", "shiboken6"} == set()


def test_window_imports_no_framework() -> None:
    modules = sorted((ROOT / "inspector" / "gui").rglob("*.py"))
    dotted = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules]
    names = imported_by("\n".join(f"import {name.removesuffix('.__init__')}" for name in dotted))
    assert names & OUT_OF_THE_APP == set()


def test_opening_a_file_brings_no_framework_into_the_app() -> None:
    names = imported_by(
        "from inspector.session.session import Session\n"
        "from inspector.domain.resources import resource\n"
        "session = Session()\n"
        "assert session.open('a', str(resource('demo', 'digits.h5'))).runs_in == 'tf_keras'\n"
        "assert session.open('b', str(resource('demo', 'digits.pb'))).runs_in == 'graph'\n"
        "session.close()"
    )
    assert names & {*OUT_OF_THE_APP, "PySide6"} == set()


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in product()}
    assert {str(path): length for path, length in lengths.items() if length > MAX_FILE} == {}


def test_functions_are_short() -> None:
    long = {}
    for path in product():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MAX_FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = length
    assert long == {}


def test_runners_are_python_3_7() -> None:
    for path in sorted((ROOT / "inspector" / "runners").rglob("*.py")):
        ast.parse(path.read_text(), filename=str(path), feature_version=(3, 7))


def test_runners_import_nothing_else_of_ours_and_nothing_that_another_python_lacks() -> None:
    allowed = {*sys.stdlib_module_names, "numpy", *BROUGHT, *FRAMEWORKS, *BROWSER}
    for path in sorted((ROOT / "inspector" / "runners").rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text()))
        foreign = {name for node in nodes for name in absolute_imports(node)} - allowed
        assert foreign == set(), path


def absolute_imports(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name.split(".")[0] for alias in names]
        case ast.ImportFrom(level=0, module=str(module)):
            return [module.split(".")[0]]
        case _:
            return []


def test_no_drawers_for_everything() -> None:
    parts = {part for path in sources() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & FORBIDDEN_NAMES == set()


def test_nothing_is_left_for_another_day() -> None:
    assert [str(path) for path in sources() if LATER.search(path.read_text())] == []


def test_no_download_host_and_no_machine_path_is_named() -> None:
    machine = "/wo" + "rk/"
    found = [str(path) for path, text in texts() if HOSTS.search(text) or machine in text]
    assert found == []


def test_every_file_of_the_tests_has_its_own_name() -> None:
    """There is no `__init__.py` under tests, so that two files of one name would hide each other."""
    count = Counter(path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py")
    assert [name for name, times in count.items() if times > 1] == []
