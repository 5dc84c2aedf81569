"""Files that appear whole or not at all: a full disk, no permission, a process that is killed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inspector.domain.errors import InspectorError
from inspector.session import drafts
from inspector.session.drafts import Draft

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What a runner wrote: a folder with a file in a folder."""
    folder = tmp_path / "spill" / "made"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"x" * 100)
    (folder / "variables" / "index").write_bytes(b"y" * 10)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_everything_is_moved_at_once(source: Path, place: Path) -> None:
    out = place / "model"
    with Draft(out, [place / "model.txt"]) as draft:
        draft.take(source)
        draft.path("model.txt").write_text("text")
        assert [name for name in names(place) if not name.startswith(".")] == []
        moved = draft.commit()
    assert moved == (out, place / "model.txt")
    assert names(place) == ["model", "model.txt"]
    assert (out / "variables" / "index").read_bytes() == b"y" * 10


def test_what_is_not_committed_leaves_nothing(source: Path, place: Path) -> None:
    def interrupted() -> None:
        with Draft(place / "model") as draft:
            draft.take(source)
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert names(place) == []


@pytest.mark.parametrize("taken", ["model", "model.txt"])
def test_what_is_there_is_never_replaced(taken: str, place: Path) -> None:
    (place / taken).write_text("mine")
    with pytest.raises(InspectorError) as caught:
        Draft(place / "model", [place / "model.txt"])
    assert caught.value.code == "EXISTS"
    assert (place / taken).read_text() == "mine"
    assert names(place) == [taken]


def test_what_came_meanwhile_is_not_replaced_either(source: Path, place: Path) -> None:
    with Draft(place / "model", [place / "model.txt"]) as draft:
        draft.take(source)
        draft.path("model.txt").write_text("text")
        (place / "model.txt").write_text("mine")
        with pytest.raises(InspectorError) as caught:
            draft.commit()
    assert caught.value.code == "EXISTS"
    assert names(place) == ["model.txt"]
    assert (place / "model.txt").read_text() == "mine"


def test_overwriting_replaces_files_and_folders_and_takes_old_reports_away(source: Path, place: Path) -> None:
    (place / "model").mkdir()
    (place / "model" / "old").write_text("old")
    (place / "model.report.html").write_text("old")
    with Draft(place / "model", [place / "model.report.html"], overwrite=True) as draft:
        draft.take(source)
        draft.commit()
    assert names(place) == ["model"]
    assert names(place / "model") == ["saved_model.pb", "variables"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DISK_FULL"),
        (errno.EDQUOT, "DISK_FULL"),
        (errno.EACCES, "NO_PERMISSION"),
        (errno.EIO, "CANNOT_WRITE"),
    ],
)
def test_what_the_system_refuses_is_told_and_leaves_nothing(
    number: int, code: str, source: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(drafts.os, "fsync", refuse)
    with pytest.raises(InspectorError) as caught, Draft(place / "model") as draft:
        draft.take(source)
    assert caught.value.code == code
    assert caught.value.where == str(place / "model")
    assert names(place) == []


def test_a_disk_that_is_really_full(source: Path, place: Path) -> None:
    """/dev/full refuses every byte with ENOSPC."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")

    def filling() -> None:
        with drafts.telling(place), Path("/dev/full").open("wb") as file:
            file.write(b"x")
            file.flush()

    with pytest.raises(InspectorError) as caught:
        filling()
    assert caught.value.code == "DISK_FULL"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InspectorError) as caught:
        Draft(tmp_path / "none" / "model")
    assert caught.value.code == "NO_FOLDER"


def test_a_folder_that_may_not_be_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts.os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(InspectorError) as caught:
        Draft(place / "model")
    assert caught.value.code == "NO_PERMISSION"


KILLED = """
import sys, time
from pathlib import Path
from inspector.session.drafts import Draft
draft = Draft(Path(sys.argv[1]))
draft.take(Path(sys.argv[2]))
print("written", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_killed_leaves_nothing(number: int, source: Path, place: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(place / "model"), str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        assert names(place) != []
        process.send_signal(number)
        process.wait()
    end = time.monotonic() + 10
    while names(place) and time.monotonic() < end:
        time.sleep(0.05)
    assert names(place) == []
