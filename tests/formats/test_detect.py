"""What is no model is refused by its right name, before anything is opened that could hang."""

from __future__ import annotations

import os
import pickle
import socket
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from graph_bytes import dtype, node, number, part, saved

from inspector.domain.errors import InspectorError
from inspector.formats import open_file, summary


def refusal(path: Path | str) -> InspectorError:
    with pytest.raises(InspectorError) as caught:
        open_file(str(path))
    return caught.value


def archive(path: Path, *names: str) -> bytes:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<!doctype html><html>login</html>", "a web page"),
        (b"\n <HTML><body>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "a Git LFS pointer"),
        (pickle.dumps({"a": 1}, 2), "a Python pickle, which is never opened"),
        (pickle.dumps({"a": 1}, 5), "a Python pickle, which is never opened"),
        (number(1, 7) + part(2, b"pytorch") + part(3, b"2.1"), "an ONNX model"),
        (b'{"class_name": "Sequential", "config": []}', "a Keras architecture as JSON"),
        (b'{"a": 1}', "JSON text"),
        (b"[" * 100_000, "JSON text"),
        (b"layer weights\n1 2 3\n", "text, not a model"),
        (bytes(range(256)) * 8, "no model in any format that is known here"),
        (b"\n", "no model in any format that is known here"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    ],
)
def test_foreign_files_are_called_what_they_are(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / "model.pb"
    path.write_bytes(content)
    error = refusal(path)
    assert (error.code, error.where) == ("NOT_A_MODEL", str(path))
    assert error.what.startswith(f"this is {name}")
    assert error.todo


@pytest.mark.parametrize(
    ("members", "name"),
    [
        (("archive/data.pkl", "archive/data/0"), "a PyTorch file"),
        (("config.json",), "a Keras 3 archive (.keras) without model.weights.h5"),
        (("a.npy", "b.npy"), "numpy arrays (.npz)"),
        (("../../etc/passwd", "b"), "a zip archive of 2 files"),
    ],
)
def test_archives_are_told_by_their_members(tmp_path: Path, members: tuple[str, ...], name: str) -> None:
    archive(tmp_path / "m.keras", *members)
    assert refusal(tmp_path / "m.keras").what == f"this is {name}" + (
        " (a zip archive with a pickle in it)" if "PyTorch" in name else ""
    )


def test_half_an_archive(tmp_path: Path) -> None:
    (tmp_path / "m.zip").write_bytes(archive(tmp_path / "whole.zip", "a" * 100)[:40])
    assert refusal(tmp_path / "m.zip").what == "this is a damaged zip archive"


def test_a_pb_that_is_hdf5_opens_and_says_both(tmp_path: Path) -> None:
    path = tmp_path / "model.pb"
    with h5py.File(path, "w") as file:
        file["kernel"] = np.ones(3)
    [warning] = [item for item in summary(open_file(str(path))).warnings if item.code == "WRONG_EXTENSION"]
    assert "the name ends in .pb, the content is a" in warning.text
    assert "HDF5" in warning.text or "Keras" in warning.text


def test_an_h5_that_is_a_graph_opens_and_says_both(tmp_path: Path) -> None:
    file = summary(open_file(saved(tmp_path, node("x", "Placeholder", rest=dtype()), name="model.h5")))
    assert file.format == "graphdef"
    assert [warning.code for warning in file.warnings] == ["WRONG_EXTENSION"]


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.pb").code == "NOT_FOUND"
    assert refusal(tmp_path / "none" / "deeper.pb").code == "NOT_FOUND"
    (tmp_path / "empty.pb").touch()
    assert refusal(tmp_path / "empty.pb").code == "EMPTY"
    assert refusal(tmp_path).code == "NOT_A_FILE"
    assert "without a saved_model.pb" in refusal(tmp_path).what


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.pb").symlink_to(tmp_path / "b.pb")
    (tmp_path / "b.pb").symlink_to(tmp_path / "a.pb")
    assert refusal(tmp_path / "a.pb").code == "LINK_LOOP"


def test_what_would_hang_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pb")
    assert refusal(tmp_path / "pipe.pb").code == "NOT_A_FILE"
    assert refusal("/dev/zero").code == "NOT_A_FILE"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.pb"))
        assert refusal(tmp_path / "socket.pb").code == "NOT_A_FILE"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.pb"
    path.write_bytes(b"x")
    path.chmod(0)
    assert refusal(path).code == "NO_PERMISSION"


@pytest.mark.parametrize("name", ["a\0b.pb", "x" * 5000 + ".pb"])
def test_a_path_that_cannot_be(name: str) -> None:
    assert refusal(name).code in ("NOT_FOUND", "UNREADABLE")
