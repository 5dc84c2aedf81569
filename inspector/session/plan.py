"""What a comparison will run: which matches are tapped, in which layout, and how many samples at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from inspector.domain.files import Shape
from inspector.domain.match import Assignment, Match
from inspector.workers.runner_client import Loaded, Tap

MEMORY_BOUND = 512 << 20
NUMERIC = ("float", "int", "uint", "bool", "bfloat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`tapped` are the matches whose values are compared; `chunk` samples go through at a time."""

    tapped: tuple[Match, ...]
    chunk: int
    samples: int

    @property
    def taps_a(self) -> list[str]:
        return list(dict.fromkeys(match.tensor_a for match in self.tapped))

    @property
    def taps_b(self) -> list[str]:
        return list(dict.fromkeys(match.tensor_b for match in self.tapped if match.tensor_b))

    def ranges(self) -> list[slice]:
        """The samples of each pass; models that name no samples run once."""
        if not self.samples:
            return [slice(None)]
        return [slice(start, start + self.chunk) for start in range(0, self.samples, self.chunk)]


def plan(assignment: Assignment, a: Loaded, b: Loaded, *, samples: int, fixed: bool) -> Plan:
    """Tap every match that both runners can tap and that holds numbers.

    `fixed`: a side takes exactly this batch, so it cannot be cut into passes."""
    taps_a, taps_b = _by_name(a.taps), _by_name(b.taps)
    tapped = tuple(
        match
        for match in assignment.matches
        if match.kind != "input"
        and match.tensor_b is not None
        and _numbers(taps_a.get(match.tensor_a))
        and _numbers(taps_b.get(match.tensor_b))
    )
    each = max(1, sum(_bytes(taps_a[match.tensor_a].shape) for match in tapped))
    chunk = samples if fixed else max(1, min(samples, MEMORY_BOUND // each))
    return Plan(tapped=tapped, chunk=max(1, chunk), samples=samples)


def is_fixed(loaded: Iterable[Loaded]) -> bool:
    """Whether any side states the batch that it takes (beyond one open number)."""
    return any(port.shape and port.shape[0] is not None for item in loaded for port in item.inputs)


def samples_of(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """The number of samples that all inputs agree on; 0 when they do not agree or have no such axis."""
    counts = {shape[0] if shape else 0 for shape in shapes.values()}
    return counts.pop() if len(counts) == 1 else 0


def _by_name(taps: Iterable[Tap]) -> dict[str, Tap]:
    return {tap.tensor: tap for tap in taps}


def _numbers(tap: Tap | None) -> bool:
    return tap is not None and tap.dtype.startswith(NUMERIC)


def _bytes(shape: Shape | None) -> int:
    known = [size or 64 for size in (shape or (1, 4096))[1:]]
    return 4 * int(np.prod(known, dtype=np.int64)) if known else 4
