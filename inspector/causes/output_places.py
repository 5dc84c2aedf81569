"""How a caller takes the outputs of each side, by place or by name, and whether B's are where A's were.

A place is a promise where the format hands out a list: the outputs of a Keras model, what freezing calls `Identity`,
`Identity_1`, ... , the `output_0`, `output_1`, ... of a signature. It is none where a signature gives names (its keys
are sorted, and TensorFlow Lite and TensorFlow.js put the outputs in any order), nor where a graph's nodes have names of
their own. So a faithful converter's file has every output in its place, or says by name which one it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inspector.causes.case import OutputPair
from inspector.compare.metrics import measure
from inspector.domain.computation import Port

# Names that only count: of tf.function's results, of signatures without names, of scripts that freeze Keras models.
COUNTED = re.compile(r"^(Identity|[Oo]utputs?|output_node|k2tfout|pred)[_:]?(\d+)?$")
GRAPHS = ("graphdef", "text_graph", "checkpoint")


@dataclass(frozen=True, slots=True)
class Offered:
    """A side's format and its outputs as it lists them."""

    format: str
    ports: Sequence[Port]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """`pairs`: A's tensor, and how B calls what a caller gets who takes it as before. `by_place`: he counts, or goes
    by name. `faulty`: nothing in B tells him better. `apart`: how far from A's what he gets is, `left` how far what
    is A's in B."""

    pairs: tuple[tuple[str, str], ...]
    by_place: bool
    faulty: bool
    apart: float
    left: float


@dataclass(frozen=True, slots=True)
class _Places:
    """The place of each tensor. `promised`: callers count. `named`: the outputs have names beside."""

    at: dict[str, int]
    promised: bool
    named: bool


def in_place(a: Offered, b: Offered) -> dict[str, str]:
    """B's tensor at the place of each of A's; empty where a side states no places."""
    places_a, places_b = _places(a, b), _places(b, a)
    if places_a is None or places_b is None:
        return {}
    there = {place: tensor for tensor, place in places_b.at.items()}
    return {tensor: there[place] for tensor, place in places_a.at.items() if place in there}


def exchanged(outputs: Sequence[OutputPair], a: Offered, b: Offered) -> Exchanged | None:
    """What a caller gets who takes B's outputs as he took A's, where that is another one. None where every output
    is where it was, where nothing can be said, and where the values are the same all the same."""
    if len(outputs) < 2 or len({pair.difference.a for pair in outputs}) != len(outputs):
        return None
    return _by_name(outputs, a, b) or _by_place(outputs, a, b)


def _by_place(outputs: Sequence[OutputPair], a: Offered, b: Offered) -> Exchanged | None:
    places_a, places_b = _places(a, b), _places(b, a)
    if places_a is None or places_b is None:
        return None
    there = {places_b.at.get(pair.difference.b): pair for pair in outputs}
    here = [places_a.at.get(pair.difference.a) for pair in outputs]
    whole = len(outputs) == len(places_a.at) == len(places_b.at)
    if not whole or set(here) != set(there) or None in there:
        return None
    moved = [(pair, there[place]) for pair, place in zip(outputs, here, strict=True) if there[place] is not pair]
    faulty = places_a.promised and places_b.promised and not (places_a.named and places_b.named)
    return _told(moved, b, by_place=True, faulty=faulty)


def _by_name(outputs: Sequence[OutputPair], a: Offered, b: Offered) -> Exchanged | None:
    """B bears the same names, each on another output than A."""
    names_a, names_b = _names(a), _names(b)
    called = {names_b.get(pair.difference.b, ""): pair for pair in outputs}
    own = [names_a.get(pair.difference.a, "") for pair in outputs]
    if set(own) != set(called) or len(called) != len(outputs) or any(COUNTED.match(name) for name in own):
        return None
    moved = [(pair, called[name]) for pair, name in zip(outputs, own, strict=True) if called[name] is not pair]
    return _told(moved, b, by_place=False, faulty=b.format not in GRAPHS)


def _names(side: Offered) -> dict[str, str]:
    """What each output is taken by: its key where the model gives a dict."""
    return {port.tensor: port.key or port.name for port in side.ports}


def _told(
    moved: Sequence[tuple[OutputPair, OutputPair]], b: Offered, *, by_place: bool, faulty: bool
) -> Exchanged | None:
    apart = [_apart(pair, other) for pair, other in moved]
    beyond = [size > pair.difference.noise_floor for size, (pair, _) in zip(apart, moved, strict=True)]
    if not any(beyond):
        return None
    names = _names(b)
    pairs = [(pair.difference.a, names.get(other.difference.b, other.difference.b)) for pair, other in moved]
    left = max(pair.difference.metrics.max_abs for pair, _ in moved)
    return Exchanged(tuple(pairs), by_place, faulty, max(apart), left)


def _apart(pair: OutputPair, other: OutputPair) -> float:
    if pair.a.shape != other.b.shape or pair.a.dtype.kind not in "fiub" or other.b.dtype.kind not in "fiub":
        return float("inf")
    return measure(pair.a, other.b).max_abs


def _places(side: Offered, other: Offered) -> _Places | None:
    names = [port.name for port in side.ports]
    goes_by_the_others = _parts(names) >= {port.name for port in other.ports}
    counted = None if goes_by_the_others else _counted(names)
    if counted is not None:
        at = {port.tensor: place for port, place in zip(side.ports, counted, strict=True)}
        promised = side.format in GRAPHS or side.format == "saved_model" or side.format.startswith("keras")
        return _Places(at, promised, named=side.format.startswith("keras"))
    if side.format.startswith("keras") or side.format in ("tflite", "tfjs"):
        at = {port.tensor: place for place, port in enumerate(side.ports)}
        return _Places(at, promised=side.format.startswith("keras"), named=True)
    return None


def _parts(names: Sequence[str]) -> set[str]:
    return {part for name in names for part in (name, *name.split("/"))}


def _counted(names: Sequence[str]) -> list[int] | None:
    """The place of each, from names that only count; None when they do not."""
    split = [COUNTED.match(name) for name in names]
    if None in split or len({item[1] for item in split if item}) != 1:
        return None
    numbers = [int(item[2] or 0) for item in split if item]
    first = min(numbers)
    return [at - first for at in numbers] if sorted(numbers) == list(range(first, first + len(names))) else None
