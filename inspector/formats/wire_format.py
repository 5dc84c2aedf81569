"""The protocol buffer wire format: fields of a message as byte ranges, nothing copied, nothing decoded early.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LARGEST_VARINT = 10


class WireFormatError(ValueError):
    """The bytes are no message; `offset` is where that was seen. `expected` is where a field that is cut
    off would have to end, 0 when nothing is known of that."""

    def __init__(self, what: str, offset: int, expected: int = 0) -> None:
        super().__init__(f"{what} at byte {offset}")
        self.offset = offset
        self.expected = expected


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """An unsigned varint and the offset behind it."""
    value = shift = 0
    for count in range(LARGEST_VARINT):
        if at + count >= len(data):
            raise WireFormatError("number is cut off", at, at + count + 1)
        byte = data[at + count]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at + count + 1
        shift += 7
    raise WireFormatError("number is too long", at)


def fields(data: memoryview, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Each field as (number, wire type, start, stop) of its content; a varint's content is (value, value).

    Raises WireFormatError where the bytes stop being a message."""
    at = start
    while at < stop:
        begin = at
        key = data[at] if at < len(data) else 0x80
        # Nearly all keys and lengths are one byte: no call for those, 200,000 nodes have millions of them.
        key, at = (key, at + 1) if key < 0x80 else varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = varint(data, at)
            if at > stop:
                raise WireFormatError("number is cut off", begin, at)
            yield number, kind, value, value
            continue
        if kind == BYTES:
            size = data[at] if at < len(data) else 0x80
            size, at = (size, at + 1) if size < 0x80 else varint(data, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise WireFormatError(f"unknown wire type {kind}", begin)
        if number == 0 or at + size > stop:
            raise (
                WireFormatError("field is cut off", begin, at + size)
                if number
                else WireFormatError("field number 0", begin)
            )
        yield number, kind, at, at + size
        at += size


def signed(value: int) -> int:
    """A varint as int64."""
    return value - (1 << 64) if value >= 1 << 63 else value


def text(data: memoryview, start: int, stop: int) -> str:
    """UTF-8; bytes that are none become visible escapes."""
    return bytes(data[start:stop]).decode("utf-8", "backslashreplace")


def float32(data: memoryview, start: int) -> float:
    return float(struct.unpack_from("<f", data, start)[0])
