"""Values of a TensorFlow Lite file's constants: as stored, as real numbers, and in Keras's layout."""

from __future__ import annotations

import math
from typing import Any, Literal

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError
from inspector.formats.tflite_model import Tensor

Array = NDArray[Any]
Layout = Literal["as_is", "conv", "depthwise", "dense", "transposed"]
STORED = {"bfloat16": ml_dtypes.bfloat16, "bool": np.bool_}
PACKED = {"int4": (4, True), "uint4": (4, False), "int2": (2, True)}  # bits, signed
NO_NUMBERS = ("string", "resource", "variant")
RANKS: dict[Layout, tuple[int, ...]] = {
    "as_is": tuple(range(17)),
    "conv": (4,),
    "depthwise": (4,),
    "dense": (2,),
    "transposed": (4,),
}
WHOLE = 1 << 26  # elements that are turned into another layout at once


def fits(tensor: Tensor, layout: Layout) -> bool:
    """Whether the tensor has as many axes as the layout tells of."""
    return len(tensor.shape) in RANKS[layout]


def keras_shape(tensor: Tensor, layout: Layout) -> tuple[int, ...]:
    """The shape in Keras's layout: kernels HWIO, HWIM for depthwise, HWOI transposed, IO dense; TensorFlow
    Lite keeps OHWI, 1HW(IM), OHWI and OI."""
    shape = tensor.shape
    match layout:
        case "conv":
            return (*shape[1:], shape[0])
        case "dense":
            return shape[::-1]
        case "transposed":
            return (*shape[1:-1], shape[0], shape[-1])
        case "depthwise":
            return shape[1:]
    return shape


def values(data: memoryview, tensor: Tensor, start: int = 0, stop: int | None = None, *, real: bool = True) -> Array:
    """Elements `start` to `stop`, flat, in the file's layout: dequantized to float32 where `real` and the
    tensor is quantized, else as stored (bfloat16 as float32). Raises NO_VALUES, NOT_NUMERIC, CORRUPT."""
    count = math.prod(tensor.shape)
    stop = count if stop is None else max(start, min(stop, count))
    stored = _stored(data, tensor, start, stop)
    if tensor.dtype == "bfloat16":
        stored = stored.astype(np.float32)
    return _dequantized(stored, tensor, start) if real and tensor.quantization is not None else stored


def in_keras_layout(data: memoryview, tensor: Tensor, layout: Layout, start: int = 0, stop: int | None = None) -> Array:
    """As `values`, in Keras's layout; float16 as float32. Raises TOO_LARGE for arrays beyond 64 million."""
    if math.prod(tensor.shape) > WHOLE and layout != "as_is":
        raise InspectorError("TOO_LARGE", "the kernel is too large to be turned at once", where=tensor.name)
    if layout == "as_is":
        return _single(values(data, tensor, start, stop))
    whole = _single(values(data, tensor)).reshape(tensor.shape)
    match layout:
        case "conv":
            whole = np.moveaxis(whole, 0, -1)
        case "dense":
            whole = whole.T
        case "transposed":
            whole = np.moveaxis(whole, 0, -2)
    return whole.ravel()[start:stop]


def _single(array: Array) -> Array:
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _stored(data: memoryview, tensor: Tensor, start: int, stop: int) -> Array:
    if tensor.dtype in NO_NUMBERS or tensor.dtype.startswith("dtype"):
        raise InspectorError("NOT_NUMERIC", f"a {tensor.dtype} has no numbers", where=tensor.name)
    if not tensor.is_constant:
        raise InspectorError("NO_VALUES", "it is computed in a run, not stored", where=tensor.name)
    if tensor.is_sparse:
        raise InspectorError("NOT_NUMERIC", "its values are packed as a sparse tensor", where=tensor.name)
    if tensor.dtype in PACKED:
        return _unpacked(data, tensor, start, stop)
    dtype = np.dtype(STORED.get(tensor.dtype, tensor.dtype))
    if math.prod(tensor.shape) * dtype.itemsize > tensor.size:
        raise _short(tensor)
    begin = tensor.start + start * dtype.itemsize
    return np.frombuffer(data[begin : tensor.start + stop * dtype.itemsize], dtype)


def _unpacked(data: memoryview, tensor: Tensor, start: int, stop: int) -> Array:
    """Several values in a byte, the lowest bits first."""
    bits, signed = PACKED[tensor.dtype]
    each = 8 // bits
    if -(-math.prod(tensor.shape) // each) > tensor.size:
        raise _short(tensor)
    packed = np.frombuffer(data[tensor.start + start // each : tensor.start + -(-stop // each)], np.uint8)
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    values = ((packed[:, None] >> shifts) & ((1 << bits) - 1)).ravel()[start % each : start % each + stop - start]
    found = values.astype(np.int8)
    return np.where(found >= 1 << (bits - 1), found - (1 << bits), found).astype(np.int8) if signed else values


def _short(tensor: Tensor) -> InspectorError:
    what = f"{list(tensor.shape)} of {tensor.dtype} do not fit in {tensor.size} bytes"
    return InspectorError("CORRUPT", f"its values are cut off: {what}", where=tensor.name, todo="Export it again.")


def _dequantized(stored: Array, tensor: Tensor, start: int) -> Array:
    """`(stored - zero_point) * scale` in float32, as TensorFlow Lite's DEQUANTIZE computes it."""
    quantization = tensor.quantization
    assert quantization is not None  # noqa: S101 - asked before
    scales = np.asarray(quantization.scales, np.float32)
    zeros = np.asarray(quantization.zero_points, np.int64)
    if len(scales) > 1:
        behind = math.prod(tensor.shape[quantization.axis + 1 :])
        channel = np.arange(start, start + stored.size) // max(1, behind) % len(scales)
        scales, zeros = scales[channel], zeros[channel]
    with np.errstate(over="ignore", invalid="ignore"):  # of a damaged file's scales
        return ((stored.astype(np.int64) - zeros).astype(np.float32) * scales).astype(np.float32)
