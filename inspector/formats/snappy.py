"""Snappy's format, in which an index may be packed. https://github.com/google/snappy/blob/main/format_description.txt"""

from __future__ import annotations

from inspector.formats.wire_format import WireFormatError, varint

LITERAL = 0


def unpacked(data: memoryview, limit: int) -> bytes:
    """The bytes that were packed. Raises WireFormatError when they are damaged or more than `limit`."""
    size, at = varint(data, 0)
    if size > limit:
        raise WireFormatError(f"{size} bytes packed, which is too many", 0)
    out = bytearray()
    while at < len(data) and len(out) <= size:
        at = _literal(data, at, out) if data[at] & 3 == LITERAL else _copy(data, at, out)
    if len(out) != size:
        raise WireFormatError("packed bytes are damaged", at)
    return bytes(out)


def _literal(data: memoryview, at: int, out: bytearray) -> int:
    length, start = data[at] >> 2, at + 1
    if length >= 60:
        width = length - 59
        length, start = int.from_bytes(data[start : start + width], "little"), start + width
    if start + length + 1 > len(data):
        raise WireFormatError("packed bytes are cut off", at)
    out += data[start : start + length + 1]
    return start + length + 1


def _copy(data: memoryview, at: int, out: bytearray) -> int:
    """What came before once more; it may overlap what it makes."""
    tag, width = data[at], (0, 1, 2, 4)[data[at] & 3]
    if at + 1 + width > len(data):
        raise WireFormatError("packed bytes are cut off", at)
    offset = int.from_bytes(data[at + 1 : at + 1 + width], "little")
    length = (tag >> 2) + 1
    if width == 1:
        offset, length = offset | (tag >> 5) << 8, (tag >> 2 & 7) + 4
    if not 0 < offset <= len(out):
        raise WireFormatError("packed bytes point before their beginning", at)
    repeated = bytes(out[-offset:])
    out += (repeated * (length // len(repeated) + 1))[:length]
    return at + 1 + width
