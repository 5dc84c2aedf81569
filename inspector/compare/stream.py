"""Two arrays side by side in C order, a chunk at a time, so that memory-mapped arrays never come in whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inspector.domain.errors import InspectorError

CHUNK = 1 << 16  # elements; two float64 chunks and their difference stay in the processor's cache
Array = NDArray[np.generic]
Float64 = NDArray[np.float64]


def require_numbers(*arrays: Array) -> None:
    """Raises InspectorError WRONG_DTYPE for strings, objects and complex numbers."""
    for array in arrays:
        if not np.can_cast(array.dtype, np.float64, casting="same_kind"):
            raise InspectorError(
                "WRONG_DTYPE", f"values of dtype {array.dtype} cannot be compared as numbers",
                todo="Choose a tensor that holds numbers.",
            )  # fmt: skip


def require_same_shape(a: Array, b: Array) -> None:
    """Raises InspectorError WRONG_SHAPE when the shapes differ."""
    if a.shape != b.shape:
        raise InspectorError(
            "WRONG_SHAPE", f"A has shape {list(a.shape)} and B has shape {list(b.shape)}",
            todo="Compare tensors of one shape; transpose B first when its layout differs.",
        )  # fmt: skip


def chunks(a: Array, b: Array) -> Iterator[tuple[int, Float64, Float64]]:
    """Yields (flat C-order offset, chunk of A, chunk of B), the chunks 1-D float64 of one length.

    The chunks are valid until the next one is asked for. Views with strides (a transposed memory map)
    are read in their own C order without a copy of the whole. Raises WRONG_SHAPE, WRONG_DTYPE."""
    require_same_shape(a, b)
    require_numbers(a, b)
    if a.size == 0:
        return
    walk = np.nditer(
        [a, b], flags=["external_loop", "buffered"], op_flags=[["readonly"], ["readonly"]],
        op_dtypes=[np.dtype(np.float64)] * 2, order="C", casting="same_kind", buffersize=CHUNK,
    )  # fmt: skip
    start = 0
    with walk:
        # An array in float64 already is handed out whole, unbuffered: cut it here.
        for whole_a, whole_b in walk:
            for low in range(0, whole_a.size, CHUNK):
                part_a, part_b = whole_a[low : low + CHUNK], whole_b[low : low + CHUNK]
                yield start, part_a, part_b
                start += part_a.size


def dot(x: Float64, y: Float64) -> float:
    """The sum of products, pairwise. Not BLAS: its threads fight over so small a chunk, at 20 times the
    cost on two busy processors."""
    return float((x * y).sum())


def identical(a: Array, b: Array) -> bool:
    """Whether shape, dtype and every bit agree (so -0.0 is not 0.0, and a NaN is itself)."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.size == 0:
        return True
    walk = np.nditer([a, b], flags=["external_loop", "buffered"], order="C", buffersize=CHUNK)
    with walk:
        return all(
            x[low : low + CHUNK].tobytes() == y[low : low + CHUNK].tobytes()
            for x, y in walk
            for low in range(0, x.size, CHUNK)
        )
