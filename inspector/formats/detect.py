"""What a file is, told by its first bytes and never by its name alone; what is no model is named."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from inspector.domain.errors import InspectorError
from inspector.formats.foreign import name_of

HEAD = 8192
EXTENSIONS = {
    "graphdef": (".pb",),
    "saved_model": (".pb", ".pbtxt"),
    "text_graph": (".pbtxt", ".pb"),
    "checkpoint": (".meta", ".index", ".pbtxt"),
    "tflite": (".tflite", ".lite"),
    "tfjs": (".json",),
    "keras_zip": (".keras",),
    "recording": (".npz", ".h5", ".hdf5"),
    "keras_h5": (".h5", ".hdf5", ".hdf", ".he5"),
}


def checked(text: str) -> Path:
    """The path of a folder, or of a plain file with something in it; of a checkpoint's prefix that of its graph or
    its index.

    Raises NOT_FOUND, NO_PERMISSION, LINK_LOOP, NOT_A_FILE, EMPTY."""
    path = _of_prefix(Path(text))
    try:
        found = path.stat()
    except OSError as error:
        raise _os_error(error, text) from error
    except ValueError as error:  # a NUL in it
        raise InspectorError(
            "NOT_FOUND", f"no such path can be: {error}", where=repr(text)[:200], todo="Check the path."
        ) from error
    if stat.S_ISDIR(found.st_mode):
        return path
    if not stat.S_ISREG(found.st_mode):
        raise InspectorError(
            "NOT_A_FILE", "a pipe, socket or device, which is not opened", where=text, todo="Open a plain file."
        )
    if found.st_size == 0:
        raise InspectorError("EMPTY", "the file has no bytes", where=text, todo="Copy or export it again.")
    if not os.access(path, os.R_OK):
        raise _os_error(PermissionError(errno.EACCES, ""), text)
    return path


def _of_prefix(path: Path) -> Path:
    """What all files of a checkpoint begin with is the name that TensorFlow takes; its .meta or .index is a file."""
    with contextlib.suppress(OSError, ValueError):
        if not path.exists() and path.name:
            beside = [path.with_name(path.name + ending) for ending in (".meta", ".index")]
            return next((file for file in beside if file.is_file()), path)
    return path


def refuse(path: Path, head: bytes) -> InspectorError:
    """The error for a file or folder that no format recognises, saying what it really is."""
    if path.is_dir():
        return InspectorError(
            "NOT_A_FILE",
            "a folder without a saved_model.pb, a model.json or a checkpoint",
            where=str(path),
            todo="Open a model file, or the folder of a SavedModel, of a TensorFlow.js model or of a checkpoint.",
        )
    return InspectorError(
        "NOT_A_MODEL",
        f"this is {name_of(head, path)}",
        where=str(path),
        todo="Open a Keras, TensorFlow, TensorFlow Lite or TensorFlow.js model.",
    )


def _os_error(error: OSError, text: str) -> InspectorError:
    if error.errno == errno.ELOOP:
        return InspectorError("LINK_LOOP", "symbolic links that lead in a circle", where=text, todo="Mend the link.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return InspectorError("NO_PERMISSION", "this file may not be read", where=text, todo="Change its permissions.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return InspectorError("NOT_FOUND", "there is no such file", where=text, todo="Check the path.")
    return InspectorError("UNREADABLE", error.strerror or str(error), where=text, todo="Check the path.")


def read_head(path: Path, size: int) -> bytes:
    """The first bytes of a checked path. Raises NO_PERMISSION, NOT_FOUND, UNREADABLE."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise _os_error(error, str(path)) from error
