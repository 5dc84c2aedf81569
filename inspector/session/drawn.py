"""Numbers that are made, not loaded: random, zeros and ones in the shape of a model's input."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import Warn
from inspector.session.dtypes import dtype_of, takes_whole_numbers
from inspector.session.settings import Settings
from inspector.session.shapes import shape_to_draw
from inspector.session.specs import Spec
from inspector.session.strings import Drawn, draw_text

Array = NDArray[np.generic]
Pair = tuple[Port, Port]
Float64 = NDArray[np.float64]


def uniform(shape: tuple[int, ...], low: float, high: float, *, seed: int, stream: int) -> Float64:
    """Uniform numbers in [low, high), float64, the same for a seed on every machine and in every numpy.

    Made from the raw bits of PCG64, which numpy promises to keep, not from a Generator's methods, which
    may change. Each input of a model draws from its own `stream`. Filled in C order, so that the first
    samples of a larger batch are those of a smaller one."""
    bits = np.random.PCG64(np.random.SeedSequence([seed, stream])).random_raw(math.prod(shape))
    unit = (bits.reshape(shape) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return low + (high - low) * unit


def integers(shape: tuple[int, ...], low: int, high: int, *, seed: int, stream: int) -> NDArray[np.int64]:
    """Whole numbers from low to high, both included, drawn as `uniform` draws."""
    unit = uniform(shape, 0.0, 1.0, seed=seed, stream=stream)
    return low + np.floor(unit * (high - low + 1)).astype(np.int64)


def draw(spec: Spec, pair: Pair, settings: Settings, batch: int, stream: int) -> tuple[Array, tuple[Warn, ...]]:
    """Zeros, ones or random numbers in a shape (A's layout) that both sides take.

    Floats come as float32 (float64 where both sides take that), uniform in [low, high). Whole numbers
    come as int64: ids from the vocabulary where one is known, images in uint8 from 0..255, else from
    low to high, both included. Raises InspectorError WRONG_SHAPE, WRONG_DTYPE, BAD_RANGE."""
    shape, notes = (spec.shape, ()) if spec.shape is not None else shape_to_draw(pair, batch, settings.size)
    if any(dtype_of(port).kind == "S" for port in pair):
        return draw_text(shape, spec.kind, spec.seed, stream, _words(pair)), notes
    whole = any(takes_whole_numbers(port) for port in pair)
    both_double = all(dtype_of(port) == np.float64 for port in pair)
    dtype = np.dtype(np.int64 if whole else np.float64 if both_double else np.float32)
    if spec.kind != "random":
        return np.full(shape, int(spec.kind == "ones"), dtype), notes
    if not whole:
        low, high = _range(pair, settings)
        numbers = uniform(shape, low, high, seed=spec.seed, stream=stream)
        return numbers.astype(dtype), notes
    entries = _entries(pair)
    if entries and _is_unset(settings):
        places = integers(shape, 0, len(entries) - 1, seed=spec.seed, stream=stream)
        return np.array(entries, np.int64)[places], notes
    low, high, note = _whole_range(pair, settings, len(shape))
    return integers(shape, low, high, seed=spec.seed, stream=stream), (*notes, *note)


def _is_unset(settings: Settings) -> bool:
    """A range of 0 to 1 is the setting nobody made."""
    return (settings.low, settings.high) == (0.0, 1.0)


def _range(pair: Pair, settings: Settings) -> tuple[float, float]:
    """What is set; unless anything is, a range that holds all bins of what is put into bins."""
    _require_range(settings.low, settings.high)
    spans = [port.span for port in pair if port.span is not None]
    if not spans or not _is_unset(settings):
        return settings.low, settings.high
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    margin = (high - low) / 4 or max(abs(low), 1.0)
    return low - margin, high + margin


def _words(pair: Pair) -> Drawn:
    known = [word for port in pair for word in port.words]
    return Drawn(
        words=tuple(dict.fromkeys(known)),
        sentences=any(port.sentences for port in pair),
        closed=any(port.closed for port in pair),
    )


def _entries(pair: Pair) -> list[int]:
    """Whole numbers of a vocabulary, and unless it is closed some beyond it."""
    known = dict.fromkeys(entry for port in pair for entry in port.entries)
    if not known or any(port.closed for port in pair):
        return list(known)
    beyond = max(known) + 1
    return [*known, *range(beyond, beyond + max(1, len(known) // 4))]


def _whole_range(pair: Pair, settings: Settings, rank: int) -> tuple[int, int, tuple[Warn, ...]]:
    """The lowest and highest number to draw."""
    limits = [port.limit for port in pair if port.limit is not None]
    unset = _is_unset(settings)
    low, high = math.ceil(settings.low), math.floor(settings.high)
    if limits:
        highest = min(limits) - 1
        low, high = (0, highest) if unset else (max(low, 0), min(high, highest))
        _require_range(low, high)
        return low, high, ()
    if unset and rank >= 4 and all(dtype_of(port) == np.uint8 for port in pair):
        return 0, 255, ()
    _require_range(low, high)
    boolean = any(dtype_of(port).kind == "b" for port in pair)
    text = f"{pair[0].name} takes whole numbers of unknown range: {low} to {high} are drawn"
    if boolean or not unset:
        return (0, 1, ()) if boolean else (low, high, ())
    return low, high, (Warn("INPUT_RANGE_CHOSEN", f"{text}. Set a range to have others."),)


def _require_range(low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise InspectorError(
            "BAD_RANGE", f"no number lies between {low} and {high}", todo="Set a low below the high."
        )  # fmt: skip
