"""Set-up: every requirement is pinned, the pins are what is installed, the desktop's files are well-formed."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest

DEBIAN = {"libegl1", "libgl1", "libxcb-cursor0", "libnss3", "libasound2", "xvfb"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    lines = (root / "packaging" / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs), "every line is name==version"
    return {canonical(name): number for name, number in pairs}


def test_every_requirement_is_pinned(root: Path, pins: dict[str, str]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {canonical(re.match(r"[\w.-]+", line)[0]) for line in wanted}
    assert names - set(pins) == set()


def test_pins_are_what_is_installed(pins: dict[str, str]) -> None:
    assert {name: version(name) for name in pins} == pins


def system_packages(root: Path, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("bash") or "bash", str(root / "packaging" / "system_packages.sh"), *arguments]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)


def fake(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_system_packages_are_listed(root: Path) -> None:
    listed = system_packages(root, "--list", path=os.environ["PATH"]).stdout.split()
    assert set(listed) >= DEBIAN
    assert len(listed) == len(set(listed))


def test_whoever_is_not_root_is_told_the_command(root: Path, tmp_path: Path) -> None:
    fake(tmp_path, "id", "echo 1000")
    fake(tmp_path, "dpkg-query", 'case "$4" in libnss3) exit 1;; *) printf installed;; esac')
    fake(tmp_path, "apt-cache", "exit 0")
    fake(tmp_path, "apt-get", "echo must not run; exit 1")
    done = system_packages(root, path=f"{tmp_path}:{os.environ['PATH']}")
    assert "sudo apt-get update && sudo apt-get install --yes --no-install-recommends libnss3" in done.stderr
    assert "libegl1" not in done.stderr
    assert done.stdout == ""


def test_root_installs_what_is_missing_and_nothing_else(root: Path, tmp_path: Path) -> None:
    fake(tmp_path, "id", "echo 0")
    fake(tmp_path, "dpkg-query", 'case "$4" in libnss3|libasound2*) exit 1;; *) printf installed;; esac')
    fake(tmp_path, "apt-cache", '[ "$2" != libasound2 ]')
    fake(tmp_path, "apt-get", 'echo "apt-get $*"')
    done = system_packages(root, path=f"{tmp_path}:{os.environ['PATH']}")
    assert done.stdout.splitlines() == [
        "apt-get update --quiet",
        "apt-get install --yes --quiet --no-install-recommends libnss3 libasound2t64",
    ]


def test_nothing_is_asked_for_where_everything_is_there(root: Path, tmp_path: Path) -> None:
    fake(tmp_path, "dpkg-query", "printf installed")
    fake(tmp_path, "apt-get", "echo must not run; exit 1")
    done = system_packages(root, path=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.stdout, done.stderr) == ("", "")


def test_checks_are_all_run_and_one_failure_fails_all(root: Path, tmp_path: Path) -> None:
    for name in ("ruff", "mypy", "lint-imports"):
        fake(tmp_path, name, f'echo "ran {name} $1"; [ "{name}" != mypy ]')
    command = ["bash", str(root / "packaging" / "check.sh"), str(tmp_path), "echo", "1 passed"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("ran")] == [
        "ran ruff check", "ran ruff format", "ran mypy ", "ran lint-imports --no-cache",
    ]  # fmt: skip
    assert "== failed: mypy" in lines
    assert lines[-1] == "1 passed"


def test_desktop_entry_and_file_types_agree(root: Path) -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(root / "packaging" / "model-inspector.desktop")
    declared = set(filter(None, entry["Desktop Entry"]["MimeType"].split(";")))
    tree = parse(root / "packaging" / "model-inspector.xml")
    namespace = "{http://www.freedesktop.org/standards/shared-mime-info}"
    assert declared == {kind.get("type") for kind in tree.iter(f"{namespace}mime-type")}
    assert (root / "resources" / "icons" / f"{entry['Desktop Entry']['Icon']}.svg").is_file()
