"""How two weights' numbers relate, worked out in pieces so that no large array is ever whole in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Weight
from inspector.domain.match import Relation, WeightDifference
from inspector.matching.contents import CHUNK, Contents, size_of

Float64 = NDArray[np.float64]
HALF_STEP = 0.75  # half a step, and what a quantizer that trained along may add
PLAIN = np.uint32((1 << 18) - 1)  # the bits behind the first five of a float32's mantissa
ULP = float(np.finfo(np.float32).eps)


@dataclass(slots=True)
class Gap:
    """The difference of two arrays (float64, A's layout), gathered piece by piece."""

    largest: float = 0.0
    worst: int = 0
    scale: float = 0.0
    seen: int = 0
    half: bool = True
    brain: bool = True
    telling: bool = False

    def add(self, a: Float64, b: Float64) -> None:
        """The next piece of both, flat in C order."""
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(a - b)
            gap = np.where(np.isnan(gap), np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.inf), gap)
            self.half = self.half and np.array_equal(a.astype(np.float16).astype(np.float64), b)
            self.brain = self.brain and _is_bfloat16(b) and bool(np.all(gap <= np.abs(a) / 128))
            self.telling = self.telling or _tells(b[gap > 0])
        if gap.size and float(gap.max()) > self.largest:
            self.largest, self.worst = float(gap.max()), self.seen + int(gap.argmax())
        self.scale = max(self.scale, float(np.abs(a[np.isfinite(a)]).max(initial=0.0)))
        self.seen += a.size

    def relation(self, step: float = 0.0) -> tuple[Relation, str]:
        """What the difference means, and one plain sentence; `step` is B's quantization."""
        if self.largest == 0:
            return "exact", "the same numbers"
        if self.half and self.telling:
            return "rounded", f"B's are A's, rounded to float16: {self.largest:.3g} apart at most"
        if self.brain and self.telling:
            return "rounded", f"B's are A's, rounded to bfloat16: {self.largest:.3g} apart at most"
        if self.largest <= 8 * ULP * self.scale:
            return "rounded", f"differ in the last bits of float32, by {self.largest:.3g} at most"
        if self.largest <= HALF_STEP * step:
            return "rounded", f"B's are A's, rounded to steps of {step:.3g}: {self.largest:.3g} apart at most"
        return "different", f"differ by up to {self.largest:.3g} on a scale of {self.scale:.3g}"


def compare(contents: Contents, a: Weight, b: Weight) -> WeightDifference:
    """One record for two weights of the same size: element by element, B's layout undone where it is reversed."""
    gap = Gap()
    turned = b.shape != a.shape and b.shape == a.shape[::-1]
    for one, other in _pieces(contents, a, b, turned=turned):
        gap.add(one, other)
    relation, detail = gap.relation(max(a.step, b.step))
    return numbers(gap, relation, detail, a=a.id, b=b.id, role=a.role, shape_a=a.shape, shape_b=b.shape)


def record(a: Weight, b: Weight, relation: Relation, detail: str, *, equal: bool = False) -> WeightDifference:
    """A record without numbers, or with zeros where the numbers are equal."""
    zero = 0.0 if equal else None
    return WeightDifference(
        a=a.id,
        b=b.id,
        role=a.role,
        relation=relation,
        shape_a=a.shape,
        shape_b=b.shape,
        max_abs=zero,
        max_rel=zero,
        detail=detail,
    )


def numbers(gap: Gap, relation: Relation, detail: str, **common: Any) -> WeightDifference:
    """A record with a gap's numbers. `common`: a, b, role, shape_a, shape_b."""
    worst = tuple(int(i) for i in np.unravel_index(gap.worst, common["shape_a"])) if common["shape_a"] else ()
    return WeightDifference(
        **common,
        relation=relation,
        max_abs=gap.largest,
        max_rel=gap.largest / gap.scale if gap.scale else None,
        worst_index=worst if gap.largest else None,
        detail=detail,
    )


def _pieces(contents: Contents, a: Weight, b: Weight, *, turned: bool) -> Iterator[tuple[Float64, Float64]]:
    if turned:
        one, other = contents.values("a", a), contents.values("b", b).T
        yield one.ravel().astype(np.float64), other.ravel().astype(np.float64)
        return
    for start in range(0, size_of(a), CHUNK):
        stop = min(start + CHUNK, size_of(a))
        one, other = contents.piece("a", a, start, stop), contents.piece("b", b, start, stop)
        yield one.astype(np.float64), other.astype(np.float64)


def _tells(b: Float64) -> bool:
    """Whether one of these numbers has more than five digits in binary: 1 and 0.25 are no sign of rounding."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.any(b.astype(np.float32).view(np.uint32) & PLAIN))


def _is_bfloat16(b: Float64) -> bool:
    return not np.any(b.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF))
