"""The members of a `.keras` archive, read in place: nothing is unpacked to the disk, and no more than is asked for."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inspector.domain.errors import InspectorError

MAX_MEMBERS = 20_000
MAX_UNPACKED = 2 << 30  # bytes of a compressed member that may be held in memory
SMALL = 64 << 20  # up to here any ratio will do
MAX_RATIO = 200  # deflate itself reaches 1032; real weights hardly 2
LOCAL_HEADER = struct.Struct("<4s22sHH")
LOCAL_MAGIC = b"PK\x03\x04"
ENCRYPTED = 1
FAILURES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    OverflowError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the archive; `size` and `packed` are bytes as the directory states them."""

    name: str
    size: int
    packed: int
    stored: bool


class MemberFile(io.RawIOBase):
    """A stored member as a file of its own: a range of the archive's bytes."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size = file, start, size
        self._place = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # HDF5 hands in its own memory
        """Fill `buffer` from the place, never from beyond the member."""
        count = max(0, min(len(buffer), self._size - self._place))
        self._file.seek(self._start + self._place)
        found = self._file.readinto(memoryview(buffer)[:count])  # type: ignore[attr-defined]
        self._place += found
        return int(found)


class Archive:
    """An open archive. Raises CORRUPT, TOO_LARGE."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        try:
            self._zip = zipfile.ZipFile(self._file)
            infos = self._zip.infolist()
        except FAILURES as error:
            self._file.close()
            raise self._corrupt(error) from error
        if len(infos) > MAX_MEMBERS:
            self._file.close()
            raise InspectorError("TOO_LARGE", f"the archive has {len(infos)} members", where=str(path))
        self._infos = {info.filename: info for info in infos}

    @property
    def members(self) -> tuple[Member, ...]:
        """All members, in the directory's order."""
        return tuple(
            Member(info.filename, info.file_size, info.compress_size, info.compress_type == zipfile.ZIP_STORED)
            for info in self._infos.values()
        )

    def text(self, name: str) -> str:
        """A member as text, of at most 64 MB. Raises CORRUPT, TOO_LARGE, NO_SUCH_ENTRY."""
        info = self._info(name)
        if info.file_size > SMALL:
            raise InspectorError("TOO_LARGE", f"{name} has {info.file_size} bytes", where=str(self._path))
        return self._unpacked(info).decode("utf-8", "replace")

    def open(self, name: str) -> io.RawIOBase | io.BytesIO:
        """A member as a file: a stored one in place, a compressed one from memory. Raises as `text`."""
        info = self._info(name)
        if info.compress_type != zipfile.ZIP_STORED:
            return io.BytesIO(self._unpacked(info))
        try:
            self._file.seek(info.header_offset)
            magic, _, name_length, extra_length = LOCAL_HEADER.unpack(self._file.read(LOCAL_HEADER.size))
        except FAILURES as error:
            raise self._corrupt(error) from error
        start = info.header_offset + LOCAL_HEADER.size + name_length + extra_length
        if magic != LOCAL_MAGIC or start + info.file_size > self._path.stat().st_size:
            raise self._corrupt(ValueError(f"{name} does not lie where the directory says"))
        return MemberFile(self._file, start, info.file_size)

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def _info(self, name: str) -> zipfile.ZipInfo:
        if name not in self._infos:
            raise InspectorError("NO_SUCH_ENTRY", f"the archive has no {name}", where=str(self._path))
        info = self._infos[name]
        if info.flag_bits & ENCRYPTED:
            what, todo = f"{name} is encrypted", "Save the archive without a password."
            raise InspectorError("ENCRYPTED", what, where=str(self._path), todo=todo)
        if info.file_size > SMALL and info.file_size > MAX_RATIO * info.compress_size:
            what = f"{name} would grow from {info.compress_size} to {info.file_size} bytes"
            raise InspectorError("TOO_LARGE", what, where=str(self._path), todo="Do not open this file.")
        return info

    def _unpacked(self, info: zipfile.ZipInfo) -> bytes:
        """No more bytes than the directory states, whatever the member holds."""
        if info.file_size > MAX_UNPACKED:
            what = f"{info.filename} has {info.file_size} bytes and is compressed, so it would have to be unpacked"
            raise InspectorError("TOO_LARGE", what, where=str(self._path), todo="Save the archive uncompressed.")
        try:
            with self._zip.open(info) as file:
                found = file.read(info.file_size)
        except FAILURES as error:
            raise self._corrupt(error) from error
        if len(found) != info.file_size:
            raise self._corrupt(ValueError(f"{info.filename} has {len(found)} of {info.file_size} bytes"))
        return found

    def _corrupt(self, error: Exception) -> InspectorError:
        what = f"the archive cannot be read: {error}"
        return InspectorError("CORRUPT", what, where=str(self._path), todo="Copy or download the file again.")


def names_in(path: Path) -> frozenset[str]:
    """The names of an archive's members; none where it is no archive."""
    try:
        archive = Archive(path)
    except (InspectorError, OSError):
        return frozenset()
    found = frozenset(member.name for member in archive.members)
    archive.close()
    return found
