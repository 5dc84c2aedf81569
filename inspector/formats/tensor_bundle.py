"""TensorFlow's checkpoint of the second kind: an index of tensors, and shards in which their bytes lie.

tensorflow/core/util/tensor_bundle/tensor_bundle.h, tensorflow/core/protobuf/tensor_bundle.proto
"""

from __future__ import annotations

import math
import mmap
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.formats import table_file
from inspector.formats.slices import Slice, key_of_slice, slice_of_text, slices_of
from inspector.formats.tensor_proto import dtype_name, element_type, shape_of
from inspector.formats.wire_format import BYTES, VARINT, WireFormatError, fields, signed, varint

LARGEST_INDEX = 1 << 30
TEXTS = 4  # bytes of the checksum between the lengths and the texts of a string tensor


@dataclass(frozen=True, slots=True)
class Stored:
    """One tensor of the index. `slices`: the parts in which it is stored, none when it lies in one piece."""

    key: str
    dtype: str
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    slices: tuple[Slice, ...] = ()


@dataclass(slots=True)
class _Shards:
    """Mapped when they are first read."""

    paths: tuple[Path, ...]
    mapped: dict[int, memoryview] = field(default_factory=dict)

    def bytes_of(self, stored: Stored) -> memoryview:
        if not 0 <= stored.shard < len(self.paths):
            raise InspectorError("CORRUPT", f"{stored.key} lies in a shard that is not named", where=stored.key)
        path = self.paths[stored.shard]
        if stored.shard not in self.mapped:
            self.mapped[stored.shard] = _mapped(path, stored.key)
        data = self.mapped[stored.shard]
        if stored.offset < 0 or stored.offset + stored.size > len(data):
            raise InspectorError(
                "TRUNCATED",
                f"{path.name} is cut off: {stored.offset + stored.size} bytes expected, {len(data)} are there",
                where=stored.key,
                todo="Copy the file again.",
            )
        return data[stored.offset : stored.offset + stored.size]


class TensorBundle:
    """The tensors of a checkpoint by key. Raises TRUNCATED and CORRUPT when the index cannot be read."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.index = prefix.with_name(prefix.name + ".index")
        self._entries: dict[bytes, memoryview] = {}
        data = _mapped(self.index, self.index.name)
        header = memoryview(b"")
        for key, value in table_file.entries(data, str(self.index)):
            if key:
                self._entries[key] = value
            else:
                header = value
        count, self.big_endian = _header(header, str(self.index))
        names = (f"{prefix.name}.data-{number:05d}-of-{count:05d}" for number in range(count))
        self._shards = _Shards(tuple(prefix.with_name(name) for name in names))

    @property
    def shards(self) -> tuple[Path, ...]:
        """The data files that belong to it, those that are missing too."""
        return self._shards.paths

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """In words, the shards that are missing or shorter than the index says."""
        ends = dict.fromkeys(range(len(self.shards)), 0)
        for key, value in self._entries.items():
            stored = self._decoded(value, key.decode("utf-8", "backslashreplace"))
            if not stored.slices and stored.shard in ends:
                ends[stored.shard] = max(ends[stored.shard], stored.offset + stored.size)
        found = []
        for path, end in zip(self.shards, ends.values(), strict=True):
            size = path.stat().st_size if path.is_file() else None
            if size is None:
                found.append(f"{path.name} is missing: the variables in it have no values")
            elif size < end:
                found.append(f"{path.name} is cut off: {end} bytes expected, {size} are there")
        return tuple(found)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Keys of whole tensors in order; those of slices begin with a zero byte."""
        return tuple(key.decode("utf-8", "backslashreplace") for key in self._entries if not key.startswith(b"\0"))

    def __contains__(self, key: str) -> bool:
        return key.encode() in self._entries

    def stored(self, key: str) -> Stored:
        """Where a tensor lies. Raises NO_SUCH_VALUE, CORRUPT."""
        return self._stored(key.encode(), key)

    def shape(self, key: str, part: str = "") -> tuple[tuple[int, ...], str]:
        """Shape and dtype of a tensor, or of the part of it that a restore names (`4 8 0,2:-`)."""
        stored = self.stored(key)
        return (slice_of_text(part).shape_in(stored.shape) if part else stored.shape), stored.dtype

    def values(self, key: str, start: int = 0, stop: int | None = None, part: str = "") -> NDArray[Any]:
        """Elements `start` to `stop` in C order. Raises NO_VALUES without the shard, NOT_NUMERIC, TRUNCATED."""
        stored = self.stored(key)
        if not stored.slices and not part:
            return self._flat(stored)[start:stop]
        whole = self._joined(stored) if stored.slices else self._flat(stored).reshape(stored.shape)
        chosen = whole[slice_of_text(part).index()] if part else whole
        return chosen.reshape(-1)[start:stop]

    def text(self, key: str) -> bytes:
        """The one text of a string tensor without dimensions."""
        data = self._shards.bytes_of(self.stored(key))
        try:
            length, at = varint(data, 0)
        except WireFormatError as error:
            raise InspectorError("CORRUPT", f"the text is damaged: {error}", where=key) from error
        return bytes(data[at + TEXTS : at + TEXTS + length])

    def _stored(self, raw: bytes, key: str) -> Stored:
        if raw not in self._entries:
            raise InspectorError(
                "NO_SUCH_VALUE", f"the checkpoint has no tensor {key}", where=str(self.index), todo="Look at its keys."
            )
        return self._decoded(self._entries[raw], key)

    @staticmethod
    def _decoded(value: memoryview, key: str) -> Stored:
        try:
            return _entry(value, key)
        except WireFormatError as error:
            raise InspectorError("CORRUPT", f"its entry in the index is damaged: {error}", where=key) from error

    def _flat(self, stored: Stored) -> NDArray[Any]:
        kind = element_type(stored.dtype) if stored.dtype not in ("string", "resource", "variant") else None
        if kind is None:
            raise InspectorError("NOT_NUMERIC", f"values of dtype {stored.dtype} have no numeric view")
        data = self._shards.bytes_of(stored)
        if len(data) != math.prod(stored.shape) * kind.itemsize:
            what = f"{len(data)} bytes stored, {math.prod(stored.shape) * kind.itemsize} declared"
            raise InspectorError("CORRUPT", what, where=stored.key, todo="The file is damaged or cut.")
        return np.frombuffer(data, kind.newbyteorder(">") if self.big_endian else kind)

    def _joined(self, stored: Stored) -> NDArray[Any]:
        """A partitioned variable, put together from its slices."""
        whole = np.zeros(stored.shape, element_type(stored.dtype))
        for part in stored.slices:
            piece = self._stored(key_of_slice(stored.key, part), stored.key)
            whole[part.index()] = self._flat(piece).reshape(part.shape_in(stored.shape))
        return whole


def _mapped(path: Path, key: str) -> memoryview:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("no plain file")
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise InspectorError(
            "NO_VALUES",
            f"the values are not there: {path.name} cannot be read ({getattr(error, 'strerror', None) or error})",
            where=key,
            todo=f"Put {path.name} beside the other files of the model.",
        ) from error


def _header(data: memoryview, where: str) -> tuple[int, bool]:
    """How many shards there are, and whether they are big-endian."""
    count, big = 1, False
    try:
        for number, kind, value, _ in fields(data, 0, len(data)):
            count = value if (number, kind) == (1, VARINT) else count
            big = bool(value) if (number, kind) == (2, VARINT) else big
    except WireFormatError as error:
        raise InspectorError("CORRUPT", f"the header of the checkpoint is damaged: {error}", where=where) from error
    if not 0 < count < 1 << 17:
        raise InspectorError("CORRUPT", f"the checkpoint says that it has {count} shards", where=where)
    return count, big


def _entry(data: memoryview, key: str) -> Stored:
    dtype, numbers = "float32", {3: 0, 4: 0, 5: 0}
    shape: tuple[int, ...] = ()
    slices: list[Slice] = []
    for number, kind, begin, end in fields(data, 0, len(data)):
        if number == 1 and kind == VARINT:
            dtype = dtype_name(begin)
        elif number == 2 and kind == BYTES:
            shape = tuple(size or 0 for size in shape_of(data, begin, end) or ())
        elif number in numbers and kind == VARINT:
            numbers[number] = signed(begin)
        elif number == 7 and kind == BYTES:
            slices.append(slices_of(data, begin, end))
    return Stored(key, dtype, shape, numbers[3], numbers[4], numbers[5], tuple(slices))


def prefixes(folder: Path) -> Iterator[Path]:
    """The prefixes of the checkpoints that lie in a folder, by name; of some only the graph may be there."""
    names = {path.name.removesuffix(end) for end in (".index", ".meta") for path in folder.glob(f"*{end}")}
    yield from (folder / name for name in sorted(names))


def parts_of(bundle: TensorBundle) -> Sequence[str]:
    """The files of a bundle that are there, as absolute paths."""
    return [str(path.resolve()) for path in (bundle.index, *bundle.shards) if path.is_file()]
