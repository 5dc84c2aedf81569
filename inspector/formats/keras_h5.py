"""Keras models and weights in HDF5 (`.h5`, `.hdf5`), written by Keras 1, 2 or 3; other HDF5 files as they lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, ModelFile, Warn
from inspector.formats import h5_safety, h5_values
from inspector.formats.h5_safety import FAILURES
from inspector.formats.h5_truncated import open_cut
from inspector.formats.keras_config import model_spec
from inspector.formats.keras_facts import facts, runs_in, warnings
from inspector.formats.keras_file import read_keras
from inspector.formats.keras_model import Laid, lay_out
from inspector.formats.keras_tree import KerasTree
from inspector.formats.keras_weights import WeightIndex
from inspector.formats.keras_weights_only import lay_out_weights
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
        return OpenedKeras(path, h5py.File(path, "r", locking=False))
    except FAILURES as error:
        cut = _EOF.search(str(error))
        whole = int(cut.group(2)) if cut else 0
        file = open_cut(path, whole) if whole else None
        if file is None:
            raise _refusal(path, error, whole) from error
    return OpenedKeras(path, file, Warn("TRUNCATED", f"{_missing(path, whole)}; what is left is shown"))


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


class OpenedKeras:
    """Implements formats.opened.Opened. `warning`: what was wrong on opening."""

    def __init__(self, path: Path, file: Any, warning: Warn | None = None) -> None:
        self._handle = file
        self._root = h5_safety.root_of(file)
        self.keras = read_keras(self._root)
        self._problem: InspectorError | None = None
        self._missing: list[str] = []
        self._laid = self._lay_out()
        self._tree = KerasTree(self._root, self.keras, self._laid.items if self._laid else [])
        framework, reason = ("", "its end is missing, so it cannot run") if warning else runs_in(self.keras)
        found = path.stat()
        self._file = ModelFile(
            path=str(path),
            format=NAME,
            title=TITLE,
            size=found.st_size,
            runs_in=framework,
            reason=reason,
            facts=facts(self.keras, self._laid),
            warnings=((warning,) if warning else ()) + self._warnings(),
            inode=found.st_ino,
            modified_ns=found.st_mtime_ns,
        )

    def _lay_out(self) -> Laid | None:
        try:
            index = WeightIndex(self._root, self.keras.weights_path)
            self._missing = index.missing
            if self.keras.config is None:
                return lay_out_weights(index)
            model = model_spec(self.keras.config)
            return lay_out(model, index.of_model(model), self.keras.major)
        except InspectorError as error:
            self._problem = error
            return None

    def _warnings(self) -> tuple[Warn, ...]:
        found = list(warnings(self.keras, self._laid))
        if self._problem is not None:
            found.append(Warn(self._problem.code, f"the layers cannot be shown: {self._problem.what}"))
        if self._missing:
            names = ", ".join(self._missing[:3])
            found.append(Warn("MISSING_WEIGHTS", f"{len(self._missing)} arrays are named but cannot be read: {names}"))
        return tuple(found)

    @property
    def file(self) -> ModelFile:
        return self._file

    def children(self, entry_id: str, start: int, stop: int) -> list[Entry]:
        return self._tree.children(entry_id, start, stop)

    def entries(self) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        return self._tree.entries()

    def details(self, entry_id: str) -> Details:
        return self._tree.details(entry_id)

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        """Raises as `values`."""
        stored = h5_values.checked(self._dataset(value_id), value_id)
        return stored.shape or (), stored.dtype

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Raises NO_SUCH_VALUE, NOT_NUMERIC, NO_VALUES, TOO_LARGE, NOT_OPENED, UNREADABLE."""
        return h5_values.read(self._dataset(value_id), value_id, start, stop)

    def computation(self) -> Computation:
        """Raises what stood in the way of reading the config, or NO_MODEL."""
        problem = self._problem or self.keras.problem
        if problem is not None:
            raise problem
        if self._laid is None or not self._laid.computation.layers:
            raise InspectorError("NO_MODEL", "the file holds no Keras model", where=self._file.path)
        return self._laid.computation

    def close(self) -> None:
        self._handle.close()

    def _dataset(self, value_id: str) -> Any:
        target = h5_safety.resolve(self._root, value_id)
        if not isinstance(target, h5py.h5d.DatasetID):
            raise InspectorError("NO_SUCH_VALUE", "this is no dataset", where=value_id)
        return target
