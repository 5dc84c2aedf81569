"""Keras models and weights in HDF5 (`.h5`, `.hdf5`), written by Keras 1, 2 or 3; other HDF5 files as they lie."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py

from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.formats import h5_safety
from inspector.formats.h5_safety import FAILURES
from inspector.formats.h5_truncated import open_cut
from inspector.formats.keras_opened import OpenedKeras, Shell
from inspector.formats.keras_vars import keras_of
from inspector.formats.opened import NO_CHOICES, Choices

NAME, TITLE = "keras_h5", "Keras HDF5 model"
SIGNATURE = b"\x89HDF\r\n\x1a\n"
HEADER = 96  # bytes of the smallest HDF5 file
_EOF = re.compile(r"truncated file: eof = (\d+), sblock->base_addr = \d+, stored_eof = (\d+)")


def recognise(head: bytes, path: Path) -> bool:
    """HDF5's signature at the start, or after a user block of 512, 1024, 2048, ... bytes."""
    if head.startswith(SIGNATURE):
        return True
    place = 512
    while place + len(SIGNATURE) <= len(head):
        if head.startswith(SIGNATURE, place):
            return True
        place *= 2
    return False


def open(path: Path, choices: Choices = NO_CHOICES) -> OpenedKeras:
    """Open and read the config. A file whose end is missing opens as far as it goes, with a warning. Raises
    TRUNCATED where nothing of it can be read, CORRUPT."""
    try:
        return _opened(path, h5py.File(path, "r", locking=False), choices)
    except FAILURES as error:
        cut = _EOF.search(str(error))
        whole = int(cut.group(2)) if cut else 0
        file = open_cut(path, whole) if whole else None
        if file is None:
            raise _refusal(path, error, whole) from error
    return _opened(path, file, choices, Warn("TRUNCATED", f"{_missing(path, whole)}; what is left is shown"))


def _opened(path: Path, file: Any, choices: Choices, warning: Warn | None = None) -> OpenedKeras:
    """`warning`: what was wrong on opening."""
    broken = "its end is missing, so it cannot run" if warning else ""
    shell = Shell(NAME, TITLE, file.close, (warning,) if warning else (), broken)
    try:
        root = h5_safety.root_of(file)
        return OpenedKeras(path, root, keras_of(root), shell, choices)
    except InspectorError:
        file.close()
        raise


def _missing(path: Path, whole: int) -> str:
    return f"the file has {path.stat().st_size} bytes of {whole}"


def _refusal(path: Path, error: Exception, whole: int) -> InspectorError:
    todo = "Copy or download it again."
    if whole:
        return InspectorError("TRUNCATED", _missing(path, whole), where=str(path), todo=todo)
    size = path.stat().st_size
    if size < HEADER:
        return InspectorError(
            "TRUNCATED", f"the file has {size} bytes, less than an HDF5 header", where=str(path), todo=todo
        )
    return InspectorError("CORRUPT", f"HDF5 says: {error}", where=str(path), todo=todo)
