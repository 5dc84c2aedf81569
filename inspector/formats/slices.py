"""Slices of a partitioned variable: as a message, as the text of a restore, and as the key of a checkpoint.

tensorflow/core/framework/tensor_slice.h, tensorflow/core/lib/strings/ordered_code.h
"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.domain.errors import InspectorError
from inspector.formats.wire_format import BYTES, VARINT, fields, signed

WHOLE = -1


@dataclass(frozen=True, slots=True)
class Slice:
    """Per dimension where it starts and how long it is; length WHOLE for all of it."""

    extents: tuple[tuple[int, int], ...]

    def index(self) -> tuple[slice, ...]:
        """As numpy takes it."""
        return tuple(slice(None) if size == WHOLE else slice(start, start + size) for start, size in self.extents)

    def shape_in(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the part of an array of this shape."""
        return tuple(whole if size == WHOLE else size for whole, (_, size) in zip(shape, self.extents, strict=False))


def slices_of(data: memoryview, start: int, stop: int) -> Slice:
    """A TensorSliceProto; an extent without a length is the whole dimension."""
    extents = []
    for number, kind, begin, end in fields(data, start, stop):
        if number == 1 and kind == BYTES:
            stated = {n: signed(value) for n, k, value, _ in fields(data, begin, end) if k == VARINT}
            extents.append((stated.get(1, 0), stated.get(2, WHOLE)))
    return Slice(tuple(extents))


def slice_of_text(text: str) -> Slice:
    """`10 5 0,4:-`: the shape of the whole, then `start,length` for each dimension, `-` for all of it.

    Raises CORRUPT."""
    words = text.rsplit(maxsplit=1)[-1].split(":") if text.split() else []
    try:
        extents = [(0, WHOLE) if word == "-" else tuple(int(number) for number in word.split(",")) for word in words]
        return Slice(tuple((start, size) for start, size in extents))
    except ValueError as error:
        raise InspectorError("CORRUPT", f"no slice of a variable: {text[:200]!r}") from error


def key_of_slice(name: str, part: Slice) -> bytes:
    """The key under which a slice is stored: numbers and texts, coded so that they sort."""
    key = b"\0" + name.encode().replace(b"\0", b"\0\xff").replace(b"\xff", b"\xff\0") + b"\0\x01"
    key += _number(len(part.extents))
    for start, size in part.extents:
        key += _signed(start) + _signed(size)
    return key


def _number(value: int) -> bytes:
    content = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(content)]) + content


def _signed(value: int) -> bytes:
    """As many leading ones as there are bytes, a zero, and the number; all bits the other way for negative ones."""
    magnitude = ~value if value < 0 else value
    length = next(n for n in range(1, 11) if magnitude < 1 << (7 * n - 1))
    ones = ((1 << length) - 1) << (8 * length - length)
    code = ones | magnitude
    if value < 0:
        code ^= (1 << (8 * length)) - 1
    return code.to_bytes(length, "big")
