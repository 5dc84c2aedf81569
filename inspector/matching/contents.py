"""Evidence from weights: which arrays of A stand in B, told by their fingerprints and, where small, values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Fingerprint, Weight
from inspector.matching.steps import Step

Values = Callable[[str], NDArray[Any]]
SMALL = 1 << 22


class Contents:
    """Fingerprints and values of both sides' weights, fetched when first asked for."""

    def __init__(self, prints_a: Sequence[Fingerprint], prints_b: Sequence[Fingerprint],
                 values_a: Values, values_b: Values) -> None:
        self.a = {item.id: item for item in prints_a}
        self.b = {item.id: item for item in prints_b}
        self._values: dict[str, Values] = {"a": values_a, "b": values_b}
        self._kept: dict[tuple[str, str], NDArray[Any]] = {}

    def values(self, side: str, weight: Weight) -> NDArray[Any]:
        """The weight's values in its own shape; small ones are kept for the next question."""
        key = (side, weight.id)
        if key not in self._kept:
            array = self._values[side](weight.id).reshape(weight.shape)
            if array.size > SMALL:
                return array
            self._kept[key] = array
        return self._kept[key]

    def same(self, a: Weight, b: Weight) -> bool:
        """The same numbers, in any order of the axes."""
        one, other = self.a.get(a.id), self.b.get(b.id)
        return one is not None and other is not None and one.sorted == other.sorted

    def identical(self, a: Weight, b: Weight) -> bool:
        """The same numbers in the same order."""
        one, other = self.a.get(a.id), self.b.get(b.id)
        return one is not None and other is not None and one.exact == other.exact


def score(contents: Contents, a: Step, b: Step) -> float | None:
    """The share of A's numbers that stand in B's step; None when A's step has no weights.

    Weights of the right sizes with other numbers give 0.2, weights that cannot be A's give -1."""
    if not a.weights:
        return None
    if not b.weights:
        return -1.0
    total = sum(_size(weight) for weight in a.weights)
    held = sum(_size(w) for w in a.weights if any(contents.same(w, other) for other in b.weights))
    if held:
        return held / total
    sizes = sorted(_size(weight) for weight in b.weights)
    fits = any(_size(weight) in sizes for weight in a.weights if _size(weight) > 1)
    if a.kind == "batch_norm":
        fits = fits or bool(set(sizes) & {_size(weight) for weight in a.weights})
    return 0.2 if fits else -1.0


def anchors(contents: Contents, steps_a: list[Step], steps_b: list[Step]) -> dict[int, list[int]]:
    """For each of A's steps, the steps of B that hold at least one of its arrays (not a trivial one)."""
    where: dict[str, set[int]] = {}
    for index, step in enumerate(steps_b):
        for print_ in _prints(contents.b, step.weights):
            where.setdefault(print_.sorted, set()).add(index)
    found = {}
    for index, step in enumerate(steps_a):
        hits = [where.get(print_.sorted, set()) for print_ in _prints(contents.a, step.weights)]
        if any(hits):
            found[index] = sorted(set().union(*hits))
    return found


def _prints(known: dict[str, Fingerprint], weights: Iterable[Weight]) -> list[Fingerprint]:
    prints = [known[weight.id] for weight in weights if weight.id in known]
    return [item for item in prints if not _trivial(item)]


def _trivial(print_: Fingerprint) -> bool:
    """All values alike (zeros, ones): such an array stands everywhere and says nothing."""
    return len(set(print_.sketch)) <= 1


def _size(weight: Weight) -> int:
    return int(np.prod(weight.shape, dtype=np.int64))
