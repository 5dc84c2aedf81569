"""The lookups that a runner tells of, with their arrays, which lie in the spill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.domain.lookups import Lookup, LookupKind
from inspector.workers.spill import opened


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """A lookup as the runner tells it (see domain.lookups); `keys` and `values` are `.npy` files of the spill."""

    kind: LookupKind
    node: str
    inputs: tuple[str, ...]
    reaches: tuple[str, ...]
    sentences: bool
    closed: bool
    keys: str
    values: str


def opened_lookups(found: Sequence[LookedUp]) -> tuple[Lookup, ...]:
    """With their arrays in memory: the spill may be emptied."""
    return tuple(_opened(item) for item in found)


def _opened(item: LookedUp) -> Lookup:
    arrays = opened({"keys": item.keys, "values": item.values})
    return Lookup(
        kind=item.kind,
        node=item.node,
        inputs=item.inputs,
        reaches=item.reaches,
        sentences=item.sentences,
        closed=item.closed,
        keys=np.array(arrays["keys"]),
        values=np.array(arrays["values"]),
    )
