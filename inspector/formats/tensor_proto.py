"""TensorProto: dtype, shape and values, from their bytes. tensorflow/core/framework/tensor.proto, types.proto"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.domain.files import Shape
from inspector.formats.wire_format import BYTES, VARINT, fields, signed, varint

DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    11: "qint8",
    12: "quint8",
    13: "qint32",
    14: "bfloat16",
    15: "qint16",
    16: "quint16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    20: "resource",
    21: "variant",
    22: "uint32",
    23: "uint64",
    24: "float8_e5m2",
    25: "float8_e4m3fn",
    29: "int4",
    30: "uint4",
}
_NUMPY = {
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "qint8": np.int8,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "quint8": np.uint8,
    "qint32": np.int32,
    "int4": ml_dtypes.int4,
    "uint4": ml_dtypes.uint4,
    "qint16": np.int16,
    "quint16": np.uint16,
}
_FLOATS = {5: "<f4", 6: "<f8", 9: "<f4", 12: "<f8"}  # float_val, double_val, scomplex_val, dcomplex_val
STRING_VAL = 8
_FLOAT8 = 18  # float8_val, one byte each
_VARINTS = (7, 10, 11, 13, 16, 17)  # int_val, int64_val, bool_val, half_val, uint32_val, uint64_val
LARGEST = 4 << 30  # bytes
BLOWN_UP = 1000


@dataclass(frozen=True, slots=True)
class TensorRange:
    """Where a tensor's value lies: `content` is the byte range of raw values, or None."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int
    content: tuple[int, int] | None


def dtype_name(number: int) -> str:
    """`float32` for 1; reference types (100 and more) as the type they refer to."""
    return DTYPES.get(number - 100 if number > 100 else number, f"dtype {number}")


def shape_of(data: memoryview, start: int, stop: int) -> Shape | None:
    """TensorShapeProto; None for an unknown rank, None in it for an unknown size."""
    sizes: list[int | None] = []
    for number, kind, begin, end in fields(data, start, stop):
        if number == 3 and kind == VARINT and begin:
            return None
        if number == 2 and kind == BYTES:
            size = 0
            for inner, inner_kind, value, _ in fields(data, begin, end):
                if inner == 1 and inner_kind == VARINT:
                    size = signed(value)
            sizes.append(None if size < 0 else size)
    return tuple(sizes)


def locate(data: memoryview, start: int, stop: int) -> TensorRange:
    """Read the header of a TensorProto and skip its values."""
    dtype = "float32"
    shape: tuple[int, ...] = ()
    content: tuple[int, int] | None = None
    for number, kind, begin, end in fields(data, start, stop):
        if number == 1 and kind == VARINT:
            dtype = dtype_name(begin)
        elif number == 2 and kind == BYTES:
            shape = tuple(size or 0 for size in shape_of(data, begin, end) or ())
        elif number == 4 and kind == BYTES and end > begin:
            content = (begin, end)
    return TensorRange(dtype, shape, start, stop, content)


def element_type(dtype: str) -> np.dtype[Any]:
    """The numpy dtype of the stored numbers. Raises NOT_NUMERIC."""
    try:
        found: np.dtype[Any] = np.dtype(_NUMPY.get(dtype, dtype))
    except TypeError as error:
        raise InspectorError("NOT_NUMERIC", f"values of dtype {dtype} have no numeric view") from error
    return found


def decode(data: memoryview, tensor: TensorRange, start: int, stop: int | None) -> NDArray[Any]:
    """Elements `start` to `stop`, flat. Raises NOT_NUMERIC, TOO_LARGE, CORRUPT."""
    if tensor.dtype in ("string", "resource", "variant"):
        raise InspectorError("NOT_NUMERIC", f"values of dtype {tensor.dtype} have no numeric view")
    kind = element_type(tensor.dtype)
    count = int(np.prod(tensor.shape, dtype=object)) if tensor.shape else 1
    end = count if stop is None else min(stop, count)
    _check_size(count * kind.itemsize, tensor.stop - tensor.start)
    if tensor.content is not None:
        return _raw(data, tensor.content, kind, count)[start:end]
    stored = _listed(data, tensor, kind)
    return _spread(stored, start, max(start, end), kind)


def strings(data: memoryview, tensor: TensorRange) -> list[bytes]:
    """The texts of a string tensor; one stands for all where fewer are stored than the shape says.

    Raises NOT_NUMERIC for another dtype, TOO_LARGE, WireFormatError."""
    if tensor.dtype != "string":
        raise InspectorError("NOT_NUMERIC", f"values of dtype {tensor.dtype} are no texts")
    stored = [
        bytes(data[begin:end])
        for number, kind, begin, end in fields(data, tensor.start, tensor.stop)
        if number == STRING_VAL and kind == BYTES
    ]
    count = int(np.prod(tensor.shape, dtype=object)) if tensor.shape else 1
    _check_size(count, tensor.stop - tensor.start)
    return stored + stored[-1:] * (count - len(stored))


def _check_size(declared: int, stored: int) -> None:
    """Refuse what a few stored bytes would blow up to, whatever part of it is asked for."""
    if declared > LARGEST and declared > BLOWN_UP * stored:
        raise InspectorError(
            "TOO_LARGE",
            f"{declared} bytes of values declared, {stored} bytes stored",
            todo="The shape is probably damaged; export the graph again.",
        )


def _raw(data: memoryview, content: tuple[int, int], kind: np.dtype[Any], count: int) -> NDArray[Any]:
    if content[1] - content[0] != count * kind.itemsize:
        raise InspectorError(
            "CORRUPT",
            f"{content[1] - content[0]} bytes stored, {count * kind.itemsize} declared",
            todo="The file is damaged or cut.",
        )
    return np.frombuffer(data, kind, count, content[0])


def _spread(stored: NDArray[Any], start: int, end: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """Values that are stored short repeat their last one to the end; none at all are zeros."""
    if not stored.size:
        return np.zeros(end - start, kind)
    index = np.minimum(np.arange(start, end), stored.size - 1)
    return stored[index]


def _listed(data: memoryview, tensor: TensorRange, kind: np.dtype[Any]) -> NDArray[Any]:
    parts: list[NDArray[Any]] = []
    for number, wire, begin, end in fields(data, tensor.start, tensor.stop):
        if number in _FLOATS:
            numbers = np.frombuffer(data, _FLOATS[number], (end - begin) // int(_FLOATS[number][-1]), begin)
            parts.append(numbers.view(kind) if kind.kind == "c" else numbers)
        elif number == _FLOAT8 and wire == BYTES and kind.itemsize == 1:
            parts.append(np.frombuffer(data, kind, end - begin, begin))
        elif number in _VARINTS:
            parts.append(_varints(data, begin, end, wire, tensor.dtype, kind))
    return np.concatenate(parts).astype(kind, copy=False) if parts else np.zeros(0, kind)


def _varints(data: memoryview, begin: int, end: int, wire: int, dtype: str, kind: np.dtype[Any]) -> NDArray[Any]:
    numbers = [begin] if wire == VARINT else []
    at = begin
    while wire != VARINT and at < end:
        value, at = varint(data, at)
        numbers.append(value)
    if dtype in ("float16", "bfloat16", "float8_e5m2", "float8_e4m3fn"):
        bits = np.uint16 if kind.itemsize == 2 else np.uint8
        return np.array(numbers, np.uint64).astype(bits).view(kind)
    if kind.kind == "u":
        return np.array(numbers, np.uint64).astype(kind)
    return np.array([signed(value) for value in numbers], np.int64).astype(kind)
