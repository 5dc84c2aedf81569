"""Whether two vocabularies, boundaries or buckets are the same, and where they are not. Order of storage is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.domain.lookups import Array, Lookup

ROUNDING = 4 * 2.0**-24  # boundaries are float32 in a graph and were float64 in Python
NAMED = 3


@dataclass(frozen=True, slots=True)
class Unlike:
    """`moved`: keys that both hold with another number; `only_a`, `only_b`: those of one side, as text."""

    moved: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    detail: str


def unlike(a: Lookup, b: Lookup) -> Unlike | None:
    """What differs, None where nothing does."""
    if a.kind == "vocabulary":
        return _vocabularies(a, b)
    one, other = a.keys.ravel(), b.keys.ravel()
    if one.size == other.size and np.allclose(one, other, rtol=ROUNDING, atol=0.0):
        return None
    if one.size != other.size:
        return Unlike((), _some(one), _some(other), f"{list(one)} in A, {list(other)} in B")
    apart = np.flatnonzero(~np.isclose(one, other, rtol=ROUNDING, atol=0.0))
    told = ", ".join(f"{one[at]:g} in A, {other[at]:g} in B (number {at + 1})" for at in apart[:NAMED])
    return Unlike((), _some(one[apart]), _some(other[apart]), told)


def _vocabularies(a: Lookup, b: Lookup) -> Unlike | None:
    one, other = _by_key(a), _by_key(b)
    if one == other:
        return None
    moved = [key for key in one if key in other and one[key] != other[key]]
    only_a = [key for key in one if key not in other]
    only_b = [key for key in other if key not in one]
    parts = []
    if moved:
        told = ", ".join(f"`{text(key)}` is {text(one[key])} in A and {text(other[key])} in B" for key in moved[:NAMED])
        parts.append(f"{len(moved)} of {len(one)} entries have another number: {told}")
    parts += [
        f"{len(keys)} are {side}'s alone: " + ", ".join(f"`{text(key)}`" for key in keys[:NAMED])
        for side, keys in (("A", only_a), ("B", only_b))
        if keys
    ]
    return Unlike(_texts(moved), _texts(only_a), _texts(only_b), "; ".join(parts))


def _by_key(lookup: Lookup) -> dict[Any, Any]:
    return dict(zip(lookup.keys.ravel().tolist(), lookup.values.ravel().tolist(), strict=True))


def text(item: Any) -> str:
    """A key or number as a person reads it."""
    return item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else str(item)


def _texts(items: Sequence[Any]) -> tuple[str, ...]:
    return tuple(text(item) for item in items)


def _some(numbers: Array) -> tuple[str, ...]:
    return tuple(f"{number:g}" for number in numbers.tolist())
