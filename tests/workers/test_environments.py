"""What an interpreter says of itself, and what is said of one that is none."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.workers.environments import inspect_python
from inspector.workers.runner_client import Runner


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_our_own_interpreter_states_what_is_installed() -> None:
    found = inspect_python(sys.executable)
    assert found.path == sys.executable
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert found.versions["tensorflow"] == version("tensorflow")
    assert found.versions["keras"] == version("keras")
    assert found.versions["tf_keras"] == version("tf-keras")
    assert found.versions["numpy"] == version("numpy")


def test_a_name_on_the_path_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "python-of-mine").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InspectorError, match=r"^NOT_A_PYTHON: there is no such interpreter"):
        inspect_python("python-of-yours")
    script(tmp_path / "python-of-mine-too", f'exec {sys.executable} "$@"')
    assert inspect_python("python-of-mine-too").path == str(tmp_path / "python-of-mine-too")


def test_what_start_up_prints_does_not_matter(tmp_path: Path) -> None:
    talking = script(tmp_path / "python", f'echo welcome; {sys.executable} "$@"; echo bye')
    assert inspect_python(talking).versions["numpy"] == version("numpy")


def test_a_tensorflow_folder_in_the_working_folder_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("")
    monkeypatch.chdir(tmp_path)
    bare = script(tmp_path / "python", f'exec {sys.executable} -S "$@"')
    with pytest.raises(
        InspectorError, match=r"^FRAMEWORK_MISSING: this Python 3\.\d+\.\d+ has no tensorflow"
    ) as raised:
        inspect_python(bare)
    assert raised.value.where == bare
    assert f"{bare} -m pip install tensorflow" in raised.value.todo


@pytest.mark.parametrize("reported", ["2.7.18", "3.6.15"])
def test_an_old_interpreter_is_told_its_version(tmp_path: Path, reported: str) -> None:
    answer = f'environment:{{"python": "{reported}", "versions": {{}}}}'
    old = script(tmp_path / "python", f"echo '{answer}'")
    with pytest.raises(InspectorError, match=rf"^PYTHON_TOO_OLD: this is Python {reported}, and a side needs 3\.7"):
        inspect_python(old)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("echo hello", "it did not answer as Python does"),
        ("echo out of order >&2; exit 3", "it did not answer as Python does: out of order"),
        ("echo 'environment:[1, 2]'", "it did not answer as Python does"),
        ("exec sleep 60", r"it gave no answer within 0\.5 s"),
    ],
)
def test_another_program_is_no_python(tmp_path: Path, body: str, what: str) -> None:
    other = script(tmp_path / "program", body)
    with pytest.raises(InspectorError, match=f"^NOT_A_PYTHON: {what}"):
        inspect_python(other, seconds=0.5)


def test_what_cannot_be_executed_is_no_python(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    with pytest.raises(InspectorError, match=r"^NOT_A_PYTHON: this file cannot be executed"):
        inspect_python(str(plain))
    plain.chmod(0o755)
    with pytest.raises(InspectorError, match=r"^NOT_A_PYTHON: it cannot be started: Exec format error"):
        inspect_python(str(plain))
    with pytest.raises(InspectorError, match=r"^NOT_A_PYTHON: there is no such interpreter"):
        inspect_python(str(tmp_path / "nothing"))


def test_the_folder_of_a_virtual_environment_says_which_file_to_choose(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    with pytest.raises(InspectorError, match=r"^NOT_A_PYTHON: this is a folder") as raised:
        inspect_python(str(tmp_path))
    assert raised.value.todo == f"Choose the interpreter in it: {tmp_path / 'bin' / 'python'}"


def test_a_shell_that_is_taken_for_a_python_runs_no_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script(tmp_path / "import", f"touch {tmp_path}/was-run")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(InspectorError, match=r"^NOT_A_PYTHON"):
        inspect_python("/bin/sh")
    assert not (tmp_path / "was-run").exists()


def test_a_runner_in_what_is_no_python_says_so(tmp_path: Path) -> None:
    with pytest.raises(InspectorError, match=r"^NOT_A_PYTHON: there is no such interpreter"):
        Runner("side a", spill=tmp_path / "a", options=SideOptions(python=str(tmp_path / "nothing"))).start()
    other = script(tmp_path / "program", "echo hello")
    runner = Runner("side b", spill=tmp_path / "b", options=SideOptions(python=other))
    try:
        with pytest.raises(InspectorError, match=r"^NOT_A_PYTHON: it did not answer as Python does"):
            runner.start("graph").result(timeout=60)
    finally:
        runner.close()
