"""What a dataset holds, told without reading it; and its elements by range, read as little as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.formats.h5_safety import CUT, FAILURES, UnsafeError, corrupt, outside

HUGE_BYTES = 4 << 30
HUGE_RATIO = 1000
# HDF5 has no bfloat16: Keras 3 has h5py store it as two opaque bytes, nameless.
_BFLOAT16_TAGS = (b"", b"NUMPY:|V2")


@dataclass(frozen=True, slots=True)
class Stored:
    """A dataset. `shape` is None for a null space. `problem` says why there are no numbers to read.
    `declared` and `held` are bytes: what the shape asks for, and what lies in the file."""

    shape: tuple[int, ...] | None
    dtype: str
    problem: str = ""
    declared: int = 0
    held: int = 0
    address: str = ""

    @property
    def numeric(self) -> bool:
        return not self.problem and self.shape is not None


def describe(dataset: Any) -> Stored:
    """Shape, dtype and size of a low-level dataset; nothing outside the file is touched."""
    name = "unknown"
    try:
        away = outside(dataset)
        name, size, problem = type_name(dataset.get_type())
        if away:
            return Stored(None, name, away)
        space = dataset.get_space()
        empty = space.get_simple_extent_type() == h5py.h5s.NULL
        shape = None if empty else tuple(int(extent) for extent in space.get_simple_extent_dims())
        held = int(dataset.get_storage_size())
    except FAILURES as error:
        return Stored(None, name, f"cannot be read: {error}")
    declared = size * int(np.prod(shape, dtype=object)) if shape is not None else 0
    if not problem and declared > HUGE_BYTES and declared > HUGE_RATIO * held:
        problem = f"the shape asks for {declared} bytes, the file holds {held}"
    return Stored(shape, name, problem, declared, held)


def type_name(kind: Any) -> tuple[str, int, str]:
    """A type's name, bytes per element, and why it is not numeric (empty when it is)."""
    size = int(kind.get_size())
    if isinstance(kind, h5py.h5t.TypeOpaqueID) and size == 2 and kind.get_tag() in _BFLOAT16_TAGS:
        return "bfloat16", size, ""
    for cls, words in _NOT_NUMERIC:
        if isinstance(kind, cls):
            return words, size, f"not numeric: {words}"
    try:
        dtype = kind.dtype
    except (TypeError, ValueError) as error:
        return "unknown", size, f"not numeric: {error}"
    if dtype.kind not in "biuf":
        return str(dtype), size, f"not numeric: {dtype}"
    return str(dtype.newbyteorder("=")), size, ""


_NOT_NUMERIC: tuple[tuple[Any, str], ...] = (
    (h5py.h5t.TypeStringID, "string"),
    (h5py.h5t.TypeVlenID, "variable length"),
    (h5py.h5t.TypeReferenceID, "reference"),
    (h5py.h5t.TypeBitfieldID, "bitfield"),
    (h5py.h5t.TypeCompoundID, "compound"),
    (h5py.h5t.TypeArrayID, "array"),
    (h5py.h5t.TypeOpaqueID, "opaque"),
    (h5py.h5t.TypeTimeID, "time"),
)


def read(dataset: Any, path: str, start: int, stop: int | None) -> NDArray[Any]:
    """Elements `start` to `stop` in C order, one-dimensional, native byte order; bfloat16 as float32.
    Raises NOT_NUMERIC, TOO_LARGE, NOT_OPENED (values outside the file), UNREADABLE."""
    stored = checked(dataset, path)
    shape = stored.shape or ()
    count = int(np.prod(shape, dtype=object))
    stop = count if stop is None else max(0, min(stop, count))
    start = max(0, min(start, stop))
    try:
        found = _flat(h5py.Dataset(dataset), shape, start, stop)
    except MemoryError as error:
        raise InspectorError("OUT_OF_MEMORY", f"{stored.declared} bytes do not fit into memory", where=path) from error
    except FAILURES as error:
        if CUT.search(str(error)):
            raise corrupt(error, path) from error
        raise InspectorError(
            "UNREADABLE",
            f"HDF5 says: {error}",
            where=path,
            todo="The file is damaged, or its compression is not installed here.",
        ) from error
    if stored.dtype == "bfloat16":
        found = (found.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.ascontiguousarray(found, found.dtype.newbyteorder("="))


def checked(dataset: Any, path: str) -> Stored:
    """The description of a dataset whose values may be read. Raises as `read`."""
    stored = describe(dataset)
    if stored.numeric:
        return stored
    away = outside(dataset)
    if away:
        raise UnsafeError(f"the values lie outside the file: {away}", path)
    if stored.shape is None:
        raise InspectorError("NO_VALUES", stored.problem or "the dataset holds nothing", where=path)
    code = "TOO_LARGE" if stored.problem.startswith("the shape") else "NOT_NUMERIC"
    raise InspectorError(code, stored.problem, where=path)


def _flat(dataset: Any, shape: tuple[int, ...], start: int, stop: int) -> NDArray[Any]:
    """Narrow axis by axis while the range lies in one row, then read the rows that it touches."""
    index: tuple[Any, ...] = ()
    for axis, extent in enumerate(shape):
        row = int(np.prod(shape[axis + 1 :], dtype=object))
        if start >= stop or not row:
            return np.empty(0, dataset.dtype)
        first, last = start // row, (stop - 1) // row
        if first != last or axis == len(shape) - 1:
            block = dataset[(*index, slice(first, min(last + 1, extent)))]
            return np.asarray(block).reshape(-1)[start - first * row : stop - first * row]
        index, start, stop = (*index, first), start - first * row, stop - first * row
    return np.asarray(dataset[()]).reshape(-1)[start:stop]
