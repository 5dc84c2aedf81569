"""The wheel: whole, and at work from a folder that is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PARTS = ("inspector", "resources", "docs/causes", "pyproject.toml", "setup.py", "LICENSE", "README.md")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def copied_tree(root: Path, to: Path) -> Path:
    """Only what a wheel is made from, away from the checkout, so that no build folder stays there."""
    to.mkdir()
    for name in PARTS:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        elif source.exists():
            shutil.copy(source, to / name)
    return to


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    tree = copied_tree(root, folder / "tree")
    command = [*PIP, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", str(folder)]
    subprocess.run([*command, str(tree)], check=True, capture_output=True, timeout=200)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    command = [*PIP, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    return target


def run_elsewhere(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the wheel before anything else, in a folder that has nothing of ours."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def tracked(root: Path, folder: str) -> set[str]:
    files = (path for path in (root / folder).rglob("*") if path.is_file())
    return {
        str(path.relative_to(root))
        for path in files
        if path.suffix != ".pyc" and not any(part.startswith((".", "__pycache__")) for part in path.parts)
    }


def test_wheel_carries_all_modules_and_resources(wheel: Path, root: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    modules = {name for name in tracked(root, "inspector") if name.endswith((".py", ".typed"))}
    resources = {f"inspector/{name}" for name in tracked(root, "resources")}
    resources |= {f"inspector/resources/causes/{page.name}" for page in (root / "docs" / "causes").glob("*.md")}
    assert modules - names == set()
    assert resources - names == set()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]


def test_runner_is_a_folder_of_plain_files(installed: Path) -> None:
    """Another interpreter executes the folder, so that it has to lie there as files."""
    assert (installed / "inspector" / "runners" / "__init__.py").is_file()


def test_resources_are_found_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    code = (
        "from inspector.domain.resources import resource\n"
        "print(resource('demo', 'digits.h5')); print(resource('icons', 'model-inspector.svg'))\n"
        "print(resource('causes', 'README.md'))"
    )
    done = run_elsewhere(installed, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    demo, icon, causes = map(Path, done.stdout.split())
    assert demo.is_relative_to(installed)
    assert demo.read_bytes()[:8] == b"\x89HDF\r\n\x1a\n"
    assert icon.is_relative_to(installed)
    assert causes.is_relative_to(installed)


def test_command_starts_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    code = "import sys; from inspector.cli import main; sys.argv[0] = 'model-inspector'; main()"
    done = run_elsewhere(installed, tmp_path, "-c", code, "--help")
    assert done.returncode == 0, done.stderr
    for word in ("tree", "find", "map", "compare", "demo"):
        assert word in done.stdout


def test_tree_of_the_demo_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    """The reader process, too, has to come from the wheel."""
    code = (
        "import sys; from inspector.cli import main; from inspector.domain.resources import resource\n"
        "sys.argv[:] = ['model-inspector', 'tree', str(resource('demo', 'digits.h5'))]; main()"
    )
    done = run_elsewhere(installed, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "depthwise2" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_missing_resource_is_named(installed: Path, tmp_path: Path) -> None:
    code = "from inspector.domain.resources import resource; resource('icons', 'none.svg')"
    done = run_elsewhere(installed, tmp_path, "-c", code)
    assert done.returncode == 1
    assert "icons/none.svg is missing from" in done.stderr
