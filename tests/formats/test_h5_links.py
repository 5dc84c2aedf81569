"""HDF5 files that point outside, in circles or nowhere: shown, never followed."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry
from inspector.formats import keras_h5

IN_OPEN = 0x20


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Another HDF5 file, with a dataset that would be worth stealing."""
    path = tmp_path / "outside.h5"
    with h5py.File(path, "w") as file:
        file["secret"] = np.arange(4.0)
    return path


@pytest.fixture
def was_opened(outside: Path) -> Iterator[Callable[[], bool]]:
    """Tells whether anything opened the other file since the start of the test, as the kernel saw it."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs inotify")
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    libc.inotify_add_watch(watch, os.fsencode(outside), IN_OPEN)

    def opened() -> bool:
        try:
            return bool(os.read(watch, 4096))
        except BlockingIOError:
            return False

    yield opened
    os.close(watch)


def children(opened: keras_h5.OpenedKeras, section: str = "section:Weights") -> dict[str, Entry]:
    return {entry.name: entry for entry in opened.children(section, 0, 100)}


def refused(opened: keras_h5.OpenedKeras, path: str) -> str:
    with pytest.raises(InspectorError) as caught:
        opened.values(path)
    return caught.value.code


def test_what_lies_outside_is_shown_and_never_opened(
    tmp_path: Path, outside: Path, was_opened: Callable[[], bool]
) -> None:
    (tmp_path / "raw.bin").write_bytes(bytes(16))
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["external"] = h5py.ExternalLink(str(outside), "/secret")
        file["halfway"] = h5py.SoftLink("/external/deeper")
        file.create_dataset("stored", shape=(4,), dtype="f4", external=[(str(tmp_path / "raw.bin"), 0, 16)])
        layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
        layout[:] = h5py.VirtualSource(str(outside), "secret", shape=(4,))
        file.create_virtual_dataset("virtual", layout)
    opened = keras_h5.open(path)
    found = children(opened)
    assert found["external"].kind == "link"
    assert f"{outside}:/secret" in found["external"].note
    assert str(outside) in found["virtual"].note
    assert "raw.bin" in found["stored"].note
    assert [found[name].value_id for name in ("external", "stored", "virtual")] == ["", "", ""]
    assert len(list(opened.entries())) == 4
    for name in ("external", "halfway", "stored", "virtual"):
        opened.details(f"h5:/{name}")
        assert refused(opened, f"/{name}") == "NOT_OPENED"
    opened.close()
    assert not was_opened()


def test_the_watch_itself_sees_an_open(outside: Path, was_opened: Callable[[], bool]) -> None:
    outside.open("rb").close()
    assert was_opened()


def test_circles_are_walked_once(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("group")
        group["again"] = group
        group["top"] = file["/"]
        group["twin"] = file.create_group("other")
        file["other/value"] = np.arange(3.0)
        file["soft"] = h5py.SoftLink("/soft2")
        file["soft2"] = h5py.SoftLink("/soft")
        file["good"] = h5py.SoftLink("other/value")
        file["nowhere"] = h5py.SoftLink("/group/missing")
    opened = keras_h5.open(path)
    inside = {entry.name: entry for entry in opened.children("h5:/group", 0, 10)}
    assert (inside["again"].kind, inside["again"].note) == ("link", "the same group as /group")
    assert (inside["top"].kind, inside["top"].note) == ("link", "the same group as /")
    assert inside["twin"].kind == "group"
    found = children(opened)
    assert found["soft"].note.startswith("broken link to /soft2: soft links lead in a circle")
    assert found["nowhere"].note == "broken link to /group/missing: there is no missing"
    assert found["good"].note == "link to other/value"
    values = [entry.id for entry, _ in opened.entries() if entry.kind == "dataset"]
    assert len(values) == 1  # one object with two names is walked once
    assert opened.values("/good").tolist() == [0.0, 1.0, 2.0]
    assert refused(opened, "/soft") == "NOT_OPENED"
    opened.close()


def test_deep_nesting_needs_no_recursion(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("g")
        for _ in range(1200):
            group = group.create_group("g")
        group["end"] = 1.0
    opened = keras_h5.open(path)
    entries = list(opened.entries())
    assert len(entries) == 1202
    assert len(entries[-1][1]) == 1202
    opened.close()


def test_names_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple((2,))
        h5py.h5d.create(file.id, b"bad\xff", h5py.h5t.NATIVE_FLOAT, space)
        file["<script>alert(1)"] = 1.0
    opened = keras_h5.open(path)
    found = children(opened)
    assert set(found) == {"bad\\xff", "<script>alert(1)"}
    assert opened.values(found["bad\\xff"].value_id).tolist() == [0.0, 0.0]
    opened.close()
