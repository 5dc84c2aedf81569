"""How an array is made to fit a model's input, what is said about it, and what is refused."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import Shape, Warn
from inspector.session.shapes import channels_first, fits_samples, lays_out, permutation, text_of, turned

Array = NDArray[np.generic]
Pair = tuple[Port, Port]
Fitted = tuple[Array, tuple[Warn, ...]]


def as_samples(array: Array, pair: Pair, *, table: bool = False) -> Fitted:
    """The array as (samples, ...) for the pipelines: a missing sample or channel axis is added, and the
    rows of a `table` are laid out as either side takes a sample. What still does not fit is left as it
    is: a pipeline may make it fit."""
    wanted = [port.shape for port in pair if port.shape]
    if not wanted or any(_fits_somehow(array, shape) for shape in wanted):
        return array, ()
    rank = len(wanted[0])
    if array.ndim == rank - 1:
        for candidate, text in ((array[np.newaxis], "taken as one sample"), (array[..., np.newaxis], "")):
            if any(_fits_somehow(candidate, shape) for shape in wanted):
                return candidate, (_reshaped(pair[0], array, candidate, text or "given a channel"),)
    if table:
        for shape in wanted:
            if (laid := _laid_out(array, shape)) is not None:
                return laid, (_reshaped(pair[0], array, laid, "each row laid out"),)
    if rank == 4 and array.ndim == 3:
        one = array.shape[-1] in (1, 3, 4) or channels_first((1, *array.shape))
        picture = array[np.newaxis] if one else array[..., np.newaxis]
        text = "taken as one sample" if one else "given a channel"
        return picture, (_reshaped(pair[0], array, picture, text),)
    return array, ()


def fit(array: Array, pair: Pair, side: str, *, laid_out: bool) -> Fitted:
    """The samples as the side's port takes them, the batch aside: channels first and last are turned in
    images, or where the sides differ in that; a single channel is left off; samples are laid out anew
    where `laid_out` lets them or one side is flat. No values are copied without need.

    Raises InspectorError WRONG_SHAPE with what was expected on which side, and what came."""
    port = pair[0 if side == "A" else 1]
    wanted = port.shape
    if fits_samples(array.shape, wanted) or wanted is None:
        return array, ()
    turns = _turns(array.ndim) if array.ndim > 3 or permutation(pair[0].shape, pair[1].shape) else ()
    for axes, word in turns:
        if fits_samples(tuple(array.shape[axis] for axis in axes), wanted):
            fed = array.transpose(axes)
            return fed, (_note("INPUT_TRANSPOSED", f"input `{port.name}` of {side}", array, fed, word),)
    laid = _laid_out(array, wanted)
    single = array.ndim == len(wanted) + 1 and array.shape[-1] == 1
    if laid is not None and (laid_out or single or _sides_differ(pair)):
        where = f"input `{port.name}` of {side}"
        return laid, (_note("INPUT_RESHAPED", where, array, laid, "laid out anew"),)
    raise InspectorError(
        "WRONG_SHAPE", f"input `{port.name}` of {side} takes {text_of(wanted)}, and {list(array.shape)} came",
        where=port.name, todo="Give an array of that shape, or set a pipeline that makes it.",
    )  # fmt: skip


def to_batch(array: Array, count: int) -> Array:
    """`count` samples: the first ones, or all of them over and over."""
    if not array.ndim or array.shape[0] in (count, 0):
        return array
    if array.shape[0] > count:
        return array[:count]
    repeated: Array = np.take(array, np.arange(count) % array.shape[0], axis=0)
    return repeated


def _turns(rank: int) -> tuple[tuple[tuple[int, ...], str], ...]:
    first, last = turned(rank, to_first=True), turned(rank, to_first=False)
    return ((first, "channels brought first"), (last, "channels brought last"))


def _fits_somehow(array: Array, wanted: Shape) -> bool:
    """Whether it fits as it is, or as an image with its channels turned."""
    turns = _turns(array.ndim) if array.ndim > 3 else ()
    orders = [tuple(range(array.ndim)), *(axes for axes, _ in turns)]
    return any(fits_samples(tuple(array.shape[axis] for axis in axes), wanted) for axes in orders)


def _sides_differ(pair: Pair) -> bool:
    """Whether the same numbers are flat for one side and not for the other."""
    a, b = (port.shape for port in pair)
    return a is not None and b is not None and len(a) != len(b) and lays_out(a, b)


def _laid_out(array: Array, wanted: Shape) -> Array | None:
    """Each sample in the wanted shape, where that does not scramble it."""
    if not lays_out(array.shape, wanted):
        return None
    return array.reshape(array.shape[0], *(length or 0 for length in wanted[1:]))


def _reshaped(port: Port, came: Array, made: Array, text: str) -> Warn:
    return _note("INPUT_RESHAPED", f"input `{port.name}`", came, made, text)


def _note(code: str, where: str, came: Array, made: Array, text: str) -> Warn:
    return Warn(code, f"{where}: {list(came.shape)} fed as {list(made.shape)}, {text}")
