"""What a file is, told by its first bytes and never by its name alone; what is no model is named."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from inspector.domain.errors import InspectorError

HEAD = 8192
_KINDS: tuple[tuple[bytes, int, str], ...] = (
    (b"version https://git-lfs", 0, "a Git LFS pointer: the file itself was not fetched (git lfs pull)"),
    (b"TFL3", 4, "a TensorFlow Lite model"),
    (b"PK\x03\x04", 0, "a zip archive (a .keras file, a PyTorch checkpoint or a download still packed)"),
    (b"\x1f\x8b", 0, "a gzip archive"),
    (b"\x80\x02", 0, "a Python pickle, which is never opened"),
    (b"\x80\x03", 0, "a Python pickle, which is never opened"),
    (b"\x80\x04", 0, "a Python pickle, which is never opened"),
    (b"\x80\x05", 0, "a Python pickle, which is never opened"),
    (b"<!DOCTYPE", 0, "a web page: the download gave HTML in place of the file"),
    (b"<html", 0, "a web page: the download gave HTML in place of the file"),
    (b"\x89PNG", 0, "a PNG image"),
    (b"\xff\xd8\xff", 0, "a JPEG image"),
    (b"\x93NUMPY", 0, "a numpy array"),
    (b"%PDF", 0, "a PDF"),
)
EXTENSIONS = {"graphdef": (".pb",), "keras_h5": (".h5", ".hdf5", ".keras", ".hdf", ".he5")}


def checked(text: str) -> Path:
    """The path of a plain file with something in it. Raises NOT_FOUND, NO_PERMISSION, LINK_LOOP, NOT_A_FILE, EMPTY."""
    path = Path(text)
    try:
        found = path.stat()
    except OSError as error:
        raise _os_error(error, text) from error
    if stat.S_ISDIR(found.st_mode):
        raise InspectorError("NOT_A_FILE", f"a folder{_folder(path)}", where=text, todo="Open a .h5 or .pb file.")
    if not stat.S_ISREG(found.st_mode):
        raise InspectorError("NOT_A_FILE", "a pipe, socket or device, which is not opened", where=text,
                             todo="Open a plain file.")
    if found.st_size == 0:
        raise InspectorError("EMPTY", "the file has no bytes", where=text, todo="Copy or export it again.")
    if not os.access(path, os.R_OK):
        raise _os_error(PermissionError(errno.EACCES, ""), text)
    return path


def refuse(path: Path, head: bytes) -> InspectorError:
    """The error for a file that no format recognises, saying what it really is."""
    return InspectorError("NOT_A_MODEL", f"this is {name_of(head)}", where=str(path),
                          todo="Open a Keras .h5 file or a TensorFlow frozen graph (.pb).")


def name_of(head: bytes) -> str:
    """What the bytes look like, in words."""
    for start, offset, name in _KINDS:
        if head[offset:offset + len(start)].lower() == start.lower():
            return name
    if head[:1] == b"\x08" and b"ir_version" not in head[:64] and (b"onnx" in head or b"pytorch" in head):
        return "an ONNX model"
    if head[:2] in (b"\x08\x01", b"\x08\x00") and b"serve" in head:
        return "a TensorFlow SavedModel's saved_model.pb, whose weights lie in its folder"
    stripped = head.lstrip()
    if stripped.startswith((b"node {", b"node{", b"versions {", b"library {")):
        return "a graph written as text (.pbtxt)"
    if stripped.startswith((b"{", b"[")):
        return "JSON text"
    try:
        head[:1024].decode("utf-8")
    except UnicodeDecodeError as error:
        return "text, not a model" if error.start > 1000 else "no model in any format that is known here"
    return "text, not a model"


def _os_error(error: OSError, text: str) -> InspectorError:
    if error.errno == errno.ELOOP:
        return InspectorError("LINK_LOOP", "symbolic links that lead in a circle", where=text, todo="Mend the link.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return InspectorError("NO_PERMISSION", "this file may not be read", where=text, todo="Change its permissions.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return InspectorError("NOT_FOUND", "there is no such file", where=text, todo="Check the path.")
    return InspectorError("UNREADABLE", error.strerror or str(error), where=text, todo="Check the path.")


def _folder(path: Path) -> str:
    if (path / "saved_model.pb").exists():
        return " with a SavedModel, which this version does not open yet"
    return " without a saved_model.pb"


def read_head(path: Path, size: int) -> bytes:
    """The first bytes of a checked path. Raises NO_PERMISSION, NOT_FOUND, UNREADABLE."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise _os_error(error, str(path)) from error
