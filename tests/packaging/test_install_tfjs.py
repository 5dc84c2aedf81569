"""TensorFlow.js at set-up: versions that name no host, only what a page loads is kept, a failure stops nothing."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from inspector.runners.tfjs_library import LIBRARY, PACKAGES, VERSION


@pytest.fixture
def script(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with a folder of its own to install into."""
    spec = importlib.util.spec_from_file_location("install_tfjs", root / "packaging" / "install_tfjs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "default_folder", lambda: str(tmp_path / "installed"))
    return module


def npm_that_makes(files: list[str]):
    def run(command: list[str], folder: Path, **more: str) -> None:
        for path in files:
            (folder / "node_modules" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "node_modules" / path).write_text(path)

    return run


def test_the_lock_names_no_host_and_has_a_digest_of_every_package(root: Path) -> None:
    text = (root / "packaging" / "tfjs" / "package-lock.json").read_text()
    assert re.search(r"https?:|resolved", text) is None
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert {name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")} == set()
    assert {packages[f"node_modules/{name}"]["version"] for name in PACKAGES} == {VERSION}


def test_package_and_program_state_one_version(root: Path) -> None:
    stated = json.loads((root / "packaging" / "tfjs" / "package.json").read_text())
    assert stated["dependencies"] == dict.fromkeys(PACKAGES, VERSION)


def test_only_what_a_page_loads_is_kept(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "_run", npm_that_makes([*LIBRARY.values(), "@tensorflow/tfjs/dist/tf.js.map"]))
    script.main()
    kept = {str(path.relative_to(tmp_path / "installed")) for path in (tmp_path / "installed").rglob("*.*")}
    assert kept - {"node_modules/@tensorflow"} == {
        "package-lock.json",
        *(f"node_modules/{p}" for p in LIBRARY.values()),
    }


def test_a_second_time_fetches_nothing(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "_run", npm_that_makes(list(LIBRARY.values())))
    script.main()
    monkeypatch.setattr(script, "_run", lambda *_: pytest.fail("fetched again"))
    script.main()


def test_a_failure_is_one_line(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(command: list[str], folder: Path, **more: str) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="a line\nno registry answers\n")

    monkeypatch.setattr(script, "_run", fail)
    script.main()
    said = capsys.readouterr().out
    assert said == "setup: TensorFlow.js is not installed, so its models cannot run: no registry answers\n"
