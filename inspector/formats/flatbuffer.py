"""A flatbuffer read where it lies: tables, vectors and strings by field number, every offset checked.

The layout is that of FlatBuffers' "Internals" page: a table begins with the distance back to its vtable, which
holds its own size, the table's size, and for each field the field's offset in the table (0: absent).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError

LONGEST = 1 << 20  # bytes of a name


def corrupt(what: str) -> InspectorError:
    """The error for bytes that are no flatbuffer of the expected kind."""
    return InspectorError("CORRUPT", f"the file is damaged: {what}", todo="Export it again.")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a buffer. Methods give a field's value, or its default when the table leaves it out."""

    data: memoryview
    start: int

    def number(self, field: int, kind: str, default: float = 0) -> Any:
        """A number; `kind` is struct's letter for it (b, B, H, i, I, q, Q, f, d, ?)."""
        place = self._place(field)
        return default if place is None else self._unpack(place, kind)

    def text(self, field: int) -> str:
        """A string; bytes that are no UTF-8 are escaped."""
        place = self._place(field)
        if place is None:
            return ""
        start, count = self._vector(place, 1)
        if count > LONGEST:
            raise corrupt(f"a name of {count} bytes")
        return bytes(self.data[start : start + count]).decode("utf-8", "backslashreplace")

    def table(self, field: int) -> Table | None:
        """A table, None when there is none."""
        place = self._place(field)
        return None if place is None else self._at(place)

    def tables(self, field: int) -> Iterator[Table]:
        """The tables of a vector."""
        place = self._place(field)
        if place is not None:
            start, count = self._vector(place, 4)
            for index in range(count):
                yield self._at(start + 4 * index)

    def numbers(self, field: int, dtype: str) -> NDArray[Any]:
        """A vector of numbers, as a view of the buffer; empty when there is none."""
        place = self._place(field)
        if place is None:
            return np.empty(0, dtype)
        start, count = self._vector(place, np.dtype(dtype).itemsize)
        return np.frombuffer(self.data, dtype, count, start)

    def span(self, field: int) -> tuple[int, int]:
        """Where a vector of bytes lies: its start and length; (0, 0) when there is none."""
        place = self._place(field)
        return (0, 0) if place is None else self._vector(place, 1)

    def _at(self, place: int) -> Table:
        return Table(self.data, self._inside(place + self._unpack(place, "I"), 4))

    def _vector(self, place: int, size: int) -> tuple[int, int]:
        head = self._inside(place + self._unpack(place, "I"), 4)
        count = self._unpack(head, "I")
        return self._inside(head + 4, count * size), count

    def _place(self, field: int) -> int | None:
        vtable = self.start - self._unpack(self.start, "i")
        if 4 + 2 * field + 2 > self._unpack(vtable, "H"):
            return None
        offset = self._unpack(vtable + 4 + 2 * field, "H")
        return self.start + offset if offset else None

    def _unpack(self, place: int, kind: str) -> Any:
        return struct.unpack_from("<" + kind, self.data, self._inside(place, struct.calcsize("<" + kind)))[0]

    def _inside(self, place: int, size: int) -> int:
        if place < 0 or place + size > len(self.data):
            raise corrupt(f"it points to byte {place + size} of {len(self.data)}")
        return place


def root(data: memoryview) -> Table:
    """The table that the buffer's first offset names. Raises CORRUPT."""
    if len(data) < 8:
        raise corrupt(f"{len(data)} bytes are no flatbuffer")
    start = struct.unpack_from("<I", data, 0)[0]
    if start + 4 > len(data):
        raise corrupt(f"it points to byte {start + 4} of {len(data)}")
    return Table(data, start)
