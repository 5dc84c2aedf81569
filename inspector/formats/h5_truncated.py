"""A cut HDF5 file opened all the same: it says its full size, and reading what is not there fails."""

from __future__ import annotations

import io
import os
from pathlib import Path

import h5py


class CutFile(io.RawIOBase):
    """The bytes of a file whose end is missing. HDF5 refuses a file that is shorter than its header says;
    here it is as long as that, and each read that reaches into what is missing raises OSError, so that
    nothing is ever made up."""

    def __init__(self, path: Path, stated_size: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._held = os.fstat(self._file.fileno()).st_size
        self._stated = stated_size
        self._place = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._stated}[whence]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # HDF5 hands in its own memory
        """Fill `buffer` from the place. Raises OSError beyond what the file holds."""
        if self._place + len(buffer) > self._held:
            raise OSError(f"the file ends at byte {self._held}")
        self._file.seek(self._place)
        count = self._file.readinto(buffer)
        self._place += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def open_cut(path: Path, stated_size: int) -> h5py.File | None:
    """The file as far as it goes, None when not even the root group can be read."""
    cut = CutFile(path, stated_size)
    try:
        file = h5py.File(cut, "r")
        len(file)
        return file
    except (OSError, RuntimeError, ValueError, KeyError):
        cut.close()
        return None
