"""An array in the dtype that a model's input takes, refused where its numbers would change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.session.strings import is_text

Array = NDArray[np.generic]
# numpy files have no bfloat16: the runner makes it from float32, which holds all of its values.
_STAND_INS = {"": "float32", "bfloat16": "float32"}


def dtype_of(port: Port) -> np.dtype[np.generic]:
    """The numpy dtype to feed, bytes for text. Raises InspectorError WRONG_DTYPE for resources and the like."""
    try:
        found: np.dtype[np.generic] = np.dtype(_STAND_INS.get(port.dtype, port.dtype))
    except TypeError:
        found = np.dtype(object)
    if port.dtype == "string":
        return np.dtype(np.bytes_)
    if found.kind not in "biuf":
        raise InspectorError(
            "WRONG_DTYPE", f"input `{port.name}` takes {port.dtype}, not numbers", where=port.name,
            todo="Models with such inputs can be browsed and matched, not run.",
        )  # fmt: skip
    return found


def takes_whole_numbers(port: Port) -> bool:
    """Whether the input holds ids or other whole numbers (an embedding may take its ids as floats)."""
    return port.limit is not None or dtype_of(port).kind in "biu"


def cast(array: Array, port: Port, side: str) -> tuple[Array, tuple[Warn, ...]]:
    """The array in the port's dtype; floats may lose precision, whole numbers stay what they are.

    Warns of ids outside the vocabulary and of floats that overflow. Raises InspectorError WRONG_DTYPE
    when whole numbers are wanted and others came."""
    wanted = dtype_of(port)
    if wanted.kind == "S":
        return (array if is_text(array) else array.astype(str).astype(np.bytes_)), ()
    fed = array
    if array.dtype != wanted:
        if wanted.kind in "biu":
            _require_whole(array, wanted, port, side)
        with np.errstate(over="ignore"):
            fed = array.astype(wanted)
    return fed, (*_beyond_limit(fed, port, side), *_overflow(array, fed, port, side))


def _require_whole(array: Array, wanted: np.dtype[np.generic], port: Port, side: str) -> None:
    if not array.size:
        return
    ends = np.iinfo("uint8" if wanted.kind == "b" else wanted.name)
    low, high = int(ends.min), 1 if wanted.kind == "b" else int(ends.max)
    if array.dtype.kind == "f" and not (np.isfinite(array) & (np.trunc(array) == array)).all():
        why = "fractions"
    elif array.min() < low or array.max() > high:
        why = f"numbers outside {low}..{high}"
    else:
        return
    raise InspectorError(
        "WRONG_DTYPE", f"input `{port.name}` of {side} takes {wanted}, and {why} came ({array.dtype})",
        where=port.name, todo=f"Give {wanted}, or end the pipeline with `{wanted}`.",
    )  # fmt: skip


def _beyond_limit(fed: Array, port: Port, side: str) -> tuple[Warn, ...]:
    if port.limit is None or not fed.size:
        return ()
    if fed.min() >= 0 and fed.max() < port.limit:
        return ()
    text = f"input `{port.name}` of {side} holds ids outside 0..{port.limit - 1}"
    return (Warn("INPUT_OUT_OF_RANGE", f"{text}: what is looked up for them is undefined"),)


def _overflow(came: Array, fed: Array, port: Port, side: str) -> tuple[Warn, ...]:
    if came.dtype.kind != "f" or fed.dtype.kind != "f" or fed.dtype.itemsize >= came.dtype.itemsize:
        return ()
    lost = int(np.isinf(fed).sum()) - int(np.isinf(came).sum())
    if not lost:
        return ()
    text = f"input `{port.name}` of {side}: {lost} numbers are too large for {fed.dtype} and became infinite"
    return (Warn("INPUT_OUT_OF_RANGE", text),)
