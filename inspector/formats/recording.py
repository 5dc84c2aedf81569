"""Recordings: what a model gave elsewhere, its inputs, outputs and activations, as a side of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from inspector.domain.computation import Computation
from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, ModelFile
from inspector.formats import recording_archive
from inspector.formats.opened import NO_CHOICES, Choices
from inspector.formats.recording_content import Recorded, computation_of
from inspector.formats.recording_tree import RecordingTree

NAME, TITLE = "recording", "recording"
HDF5 = b"\x89HDF\r\n\x1a\n"
REASON = "it gives back what was recorded, for the recorded inputs"


class Source(Protocol):
    """The file that a recording lies in; `raw` is its tree as it lies, None where that says nothing more."""

    recorded: Recorded
    raw: Any

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]: ...

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]: ...

    def close(self) -> None: ...


def recognise(head: bytes, path: Path) -> bool:
    """By the manifest that `inspector.record` writes first, or by the groups of an HDF5 file."""
    if recording_archive.is_recording(head):
        return True
    if not head.startswith(HDF5):
        return False
    from inspector.formats import recording_hdf5  # noqa: PLC0415 - h5py, where there is an HDF5 file only

    return recording_hdf5.is_recording(path)


def open(path: Path, choices: Choices = NO_CHOICES) -> OpenedRecording:
    """Open a recording. Raises CORRUPT, TOO_LARGE, NEWER."""
    with path.open("rb") as file:
        is_archive = file.read(len(HDF5)) != HDF5
    if is_archive:
        return OpenedRecording(path, recording_archive.RecordingArchive(path))
    from inspector.formats.recording_hdf5 import RecordingHDF5  # noqa: PLC0415 - as above

    return OpenedRecording(path, RecordingHDF5(path))


class OpenedRecording:
    """Implements formats.opened.Opened."""

    def __init__(self, path: Path, source: Source) -> None:
        self._source = source
        recorded = source.recorded
        self._tree = RecordingTree(recorded, source.raw)
        found = path.stat()
        counts = (("Samples", str(recorded.samples or "?")), ("Layers", str(len(recorded.layers))))
        runs = bool(recorded.inputs and recorded.outputs)
        self._file = ModelFile(
            path=str(path),
            format=NAME,
            title=TITLE,
            size=found.st_size,
            runs_in=NAME if runs else "",
            reason=REASON if runs else "it holds no inputs or no outputs",
            facts=(*recorded.facts, *counts),
            warnings=recorded.warnings,
            inode=found.st_ino,
            modified_ns=found.st_mtime_ns,
        )

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
        return self._source.value_shape(value_id)

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        return self._source.values(value_id, start, stop)

    def computation(self) -> Computation:
        """Raises NO_MODEL where nothing was recorded."""
        found = computation_of(self._source.recorded)
        if not found.layers:
            raise InspectorError("NO_MODEL", "the recording is empty", where=self._file.path)
        return found

    def close(self) -> None:
        self._source.close()
