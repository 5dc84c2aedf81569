"""Tensors of a TensorFlow Lite interpreter: their names, and real numbers to and from what they keep."""

from collections import Counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

WHOLE = (np.int8, np.uint8, np.int16)


class Tensor(NamedTuple):
    """One tensor of the interpreter, at the index `place`. `scales`, `zeros`: empty when it is not quantized;
    `axis`: theirs."""

    place: int
    name: str
    shape: List[Optional[int]]
    dtype: Any
    scales: np.ndarray
    zeros: np.ndarray
    axis: int

    @property
    def is_quantized(self) -> bool:
        return bool(len(self.scales)) and self.dtype in WHOLE

    @property
    def stored(self) -> str:
        """The dtype in which it is kept, `string` for text."""
        return "string" if self.dtype in (np.bytes_, np.str_, np.object_) else str(np.dtype(self.dtype).name)


def tensors_of(details: Sequence[Dict[str, Any]]) -> List[Tensor]:
    """From the interpreter's details of all tensors."""
    names = unique_names([detail["name"] for detail in details], [detail["index"] for detail in details])
    return [_tensor(detail, name) for detail, name in zip(details, names)]


def unique_names(names: Sequence[str], indices: Sequence[int]) -> List[str]:
    """Names that stand twice get the tensor's index, as the reader calls them (formats/tflite_model.py)."""
    known = [name or "tensor {}".format(index) for name, index in zip(names, indices)]
    counts = Counter(known)
    return ["{}#{}".format(name, index) if counts[name] > 1 else name for name, index in zip(known, indices)]


def quantized(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Real numbers as the tensor keeps them: `round(x / scale) + zero`, halves away from zero, cut to the
    dtype's range (tensorflow/lite/kernels/internal/reference/quantize.h); NaN is kept as zero."""
    if not tensor.is_quantized:
        return array
    low, high = limits(tensor.dtype)
    steps = array.astype(np.float32) / tensor.scales.astype(np.float32)[0]
    rounded = np.sign(steps) * np.floor(np.abs(steps) + np.float32(0.5))
    cut = np.clip(np.nan_to_num(rounded, nan=0.0) + tensor.zeros[0], low, high)
    return np.asarray(cut).astype(tensor.dtype)


def dequantized(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """`(stored - zero) * scale` in float32; one scale for all, or one for each index of the axis."""
    shape = [1] * array.ndim
    if len(tensor.scales) > 1:
        shape[tensor.axis] = -1
    zeros = tensor.zeros.astype(np.int64).reshape(shape)
    scales = tensor.scales.astype(np.float32).reshape(shape)
    return np.asarray((array.astype(np.int64) - zeros).astype(np.float32) * scales)


def clipped_share(stored: np.ndarray, tensor: Tensor) -> float:
    """The share of values at an end of the dtype's range, but for an end that stands for zero: what a ReLU cuts
    off is meant. There is at least one value."""
    ends = [end for end in limits(tensor.dtype) if end not in tensor.zeros]
    return float(np.isin(stored, ends).mean())


def limits(dtype: Any) -> Sequence[int]:
    """The smallest and the largest value."""
    found = np.iinfo(dtype)
    return int(found.min), int(found.max)


def _tensor(detail: Dict[str, Any], name: str) -> Tensor:
    stated = detail.get("shape_signature", detail["shape"])
    shape = [None if size < 0 else int(size) for size in (stated if len(stated) else detail["shape"])]
    kept = detail["quantization_parameters"]
    scales, zeros = np.asarray(kept["scales"]), np.asarray(kept["zero_points"])
    return Tensor(detail["index"], name, shape, detail["dtype"], scales, zeros, int(kept["quantized_dimension"]))
