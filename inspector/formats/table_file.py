"""LevelDB's table format, in which TensorFlow keeps the index of a checkpoint: sorted keys with their values.

https://github.com/google/leveldb/blob/main/doc/table_format.md, tensorflow/core/lib/io/format.h
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from inspector.domain.errors import InspectorError
from inspector.formats import snappy
from inspector.formats.wire_format import WireFormatError, varint

MAGIC = bytes.fromhex("57fb808b247547db")
FOOTER = 48
TRAILER = 5  # the kind of compression, and a CRC-32C of the block
PLAIN, SNAPPY = 0, 1
LARGEST = 1 << 30


def is_table(end: bytes) -> bool:
    """Whether a file that ends in these bytes may be a table."""
    return end.endswith(MAGIC)


def entries(data: memoryview, where: str = "") -> Iterator[tuple[bytes, memoryview]]:
    """All keys with their values, in order. Raises TRUNCATED without a footer, CORRUPT in a damaged block."""
    if len(data) < FOOTER or not is_table(bytes(data[-len(MAGIC) :])):
        raise InspectorError(
            "TRUNCATED", "the index of the checkpoint has no end", where=where, todo="Copy the .index file again."
        )
    try:
        at = len(data) - FOOTER
        _, at = varint(data, at)  # the block of meta information: offset and size
        _, at = varint(data, at)
        for _, handle in _block(data, *_handle(data, at)):
            yield from _block(data, *_handle(handle, 0))
    except (WireFormatError, struct.error) as error:
        raise InspectorError(
            "CORRUPT",
            f"the index of the checkpoint is damaged: {error}",
            where=where,
            todo="Copy the .index file again.",
        ) from error


def _handle(data: memoryview, at: int) -> tuple[int, int]:
    offset, at = varint(data, at)
    return offset, varint(data, at)[0]


def _block(data: memoryview, offset: int, size: int) -> Iterator[tuple[bytes, memoryview]]:
    """Entries of one block: each key is what it shares with the one before, and its rest."""
    block = _unpacked(data, offset, size)
    if len(block) < 4:
        raise WireFormatError("block is too short", offset)
    restarts = struct.unpack_from("<I", block, len(block) - 4)[0]
    end = len(block) - 4 * (restarts + 1)
    at, key = 0, b""
    if end < 0:
        raise WireFormatError("block has no room for its restarts", offset)
    while at < end:
        shared, at = varint(block, at)
        rest, at = varint(block, at)
        length, at = varint(block, at)
        if shared > len(key) or at + rest + length > end:
            raise WireFormatError("entry is cut off", offset + at)
        key = key[:shared] + bytes(block[at : at + rest])
        yield key, block[at + rest : at + rest + length]
        at += rest + length


def _unpacked(data: memoryview, offset: int, size: int) -> memoryview:
    if size > LARGEST or offset + size + TRAILER > len(data):
        raise WireFormatError("block reaches beyond the file", offset)
    kind = data[offset + size]
    block = data[offset : offset + size]
    if kind == SNAPPY:
        return memoryview(snappy.unpacked(block, LARGEST))
    if kind != PLAIN:
        raise WireFormatError(f"block in an unknown compression {kind}", offset)
    return block
