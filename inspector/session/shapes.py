"""The shapes of a model's input on both sides: how they relate, and which shape to draw.

Layouts: channels last is (samples, rows, columns, channels), channels first (samples, channels, rows,
columns); the same with one or three axes in place of rows and columns."""

from __future__ import annotations

import math

from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import Shape, Warn

STEPS = 8  # for an unknown length of a sequence
PIXELS = 96  # for an unknown image side: the least that every Keras application accepts, a multiple of 32
CHANNELS = 3
_CHANNEL_COUNTS = (1, 3, 4)


def fits(shape: tuple[int, ...], wanted: Shape | None) -> bool:
    """Whether every known dimension of `wanted` is met; an unknown rank takes everything."""
    if wanted is None:
        return True
    return len(shape) == len(wanted) and all(w in (None, n) for n, w in zip(shape, wanted, strict=True))


def fits_samples(shape: tuple[int, ...], wanted: Shape | None) -> bool:
    """As `fits`, but any number of samples will do: the batch is made later."""
    return wanted is None or (fits(shape, (None, *wanted[1:])) if wanted else shape == ())


def turned(rank: int, *, to_first: bool) -> tuple[int, ...]:
    """The axes that bring channels last to channels first, or back."""
    if to_first:
        return (0, rank - 1, *range(1, rank - 1))
    return (0, *range(2, rank), 1)


def channels_first(shape: Shape | tuple[int, ...] | None) -> bool:
    """Whether an image shape (rank 4 or 5) is channels first: axis 1 looks like channels, the last not."""
    if shape is None or len(shape) not in (4, 5):
        return False
    return shape[1] in _CHANNEL_COUNTS and shape[-1] not in _CHANNEL_COUNTS


def _channels_last(shape: Shape) -> bool:
    return len(shape) in (4, 5) and shape[-1] in _CHANNEL_COUNTS and shape[1] not in _CHANNEL_COUNTS


def permutation(a: Shape | None, b: Shape | None) -> tuple[int, ...] | None:
    """The axes that permute A's layout into B's where only the place of the channels differs, else None."""
    if a is None or b is None or len(a) != len(b) or len(a) < 3:
        return None
    opposite = (channels_first(a) and _channels_last(b)) or (_channels_last(a) and channels_first(b))
    if _agree(a, b) and not opposite:
        return None
    for to_first in (True, False):
        axes = turned(len(a), to_first=to_first)
        if _agree(tuple(a[axis] for axis in axes), b):
            return axes
    return None


def batch_of(pair: tuple[Port, Port]) -> int | None:
    """The batch that one side fixes. Raises InspectorError WRONG_SHAPE when each fixes another."""
    fixed = [port.shape[0] for port in pair if port.shape]
    known = [size for size in fixed if size is not None]
    if len(set(known)) > 1:
        raise InspectorError(
            "WRONG_SHAPE", f"A takes batches of {known[0]} and B batches of {known[1]}",
            where=pair[0].name, todo="Save one of the models with an open batch, or with the other's.",
        )  # fmt: skip
    return known[0] if known else None


def shape_to_draw(
    pair: tuple[Port, Port], batch: int, size: tuple[int, ...] | None
) -> tuple[tuple[int, ...], tuple[Warn, ...]]:
    """A shape in A's layout (B's where A's rank is unknown) that both sides take, with the dimensions
    that neither knows chosen: `size` in order, else 8 steps, 96 pixels, 3 channels, and a warning.

    Raises InspectorError WRONG_SHAPE when no shape fits both sides, or neither knows its rank."""
    known = _merged(pair)
    chosen, defaults = list(known), _defaults(known)
    unknown = [axis for axis, length in enumerate(known) if length is None and axis > 0]
    for order, axis in enumerate(unknown):
        chosen[axis] = size[min(order, len(size) - 1)] if size else defaults[axis]
    if chosen:
        chosen[0] = chosen[0] or batch
    shape = tuple(int(length or 1) for length in chosen)
    if not unknown or size:
        return shape, ()
    text = f"{pair[0].name} leaves {text_of(known)} open: {list(shape)} was chosen"
    return shape, (Warn("INPUT_SIZE_CHOSEN", f"{text}. Set a size to have another."),)


def text_of(shape: Shape | None) -> str:
    """`[?, 224, 224, 3]`."""
    if shape is None:
        return "any shape"
    return "[" + ", ".join("?" if length is None else str(length) for length in shape) + "]"


def _agree(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and all(x is None or y is None or x == y for x, y in zip(a, b, strict=True))


def _merged(pair: tuple[Port, Port]) -> Shape:
    """Every dimension that either side knows, in A's layout."""
    a, b = (port.shape for port in pair)
    if a is None or b is None:
        found = b if a is None else a
        if found is None:
            raise InspectorError(
                "WRONG_SHAPE", f"neither side knows the shape of `{pair[0].name}`", where=pair[0].name,
                todo="Give an array in a file.",
            )  # fmt: skip
        return found
    axes = permutation(a, b)
    if axes is not None:
        b = tuple(b[axes.index(axis)] for axis in range(len(a)))
    if _agree(a, b):
        return tuple(y if x is None else x for x, y in zip(a, b, strict=True))
    if lays_out(a, b):
        return (b[0] if a[0] is None else a[0], *a[1:])
    takes = f"A's `{pair[0].name}` takes {text_of(a)} and B's `{pair[1].name}` {text_of(pair[1].shape)}"
    raise InspectorError(
        "WRONG_SHAPE", takes, where=pair[0].name,
        todo="No array fits both; set a pipeline for one side and give a file.",
    )  # fmt: skip


def lays_out(came: Shape, wanted: Shape) -> bool:
    """Whether samples of one shape can be laid out in the other without scrambling them: both are known,
    and one of them is flat, or they differ in axes of length 1 only."""
    rest_came, rest_wanted = ([n for n in shape[1:] if n is not None] for shape in (came, wanted))
    if len(rest_came) != len(came[1:]) or len(rest_wanted) != len(wanted[1:]) or not came or not wanted:
        return False
    if len(rest_came) == 1 or len(rest_wanted) == 1:
        return math.prod(rest_came) == math.prod(rest_wanted)
    return [n for n in rest_came if n != 1] == [n for n in rest_wanted if n != 1]


def _defaults(shape: Shape) -> tuple[int, ...]:
    rank = len(shape)
    if rank not in (4, 5):
        return (1, *[STEPS] * (rank - 1))
    last = not channels_first(shape)
    channel_axis = rank - 1 if last else 1
    return tuple(CHANNELS if axis == channel_axis else PIXELS for axis in range(rank))
