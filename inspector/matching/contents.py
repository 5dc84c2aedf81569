"""Evidence from weights: which arrays of A stand in B, told by their fingerprints and, where small, values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from inspector.domain.computation import Fingerprint, Weight
from inspector.matching.steps import Step

CHUNK = 1 << 20


class Values(Protocol):
    """Reads values of a weight by its id: flat in C order, from `start` to `stop` (None: to the end)."""

    def __call__(self, value_id: str, start: int = 0, stop: int | None = None, /) -> NDArray[Any]:
        """The values."""
        ...


class Contents:
    """Fingerprints and values of both sides' weights; values are fetched when first asked for."""

    def __init__(
        self, prints_a: Sequence[Fingerprint], prints_b: Sequence[Fingerprint], values_a: Values, values_b: Values
    ) -> None:
        self.a = {item.id: item for item in prints_a}
        self.b = {item.id: item for item in prints_b}
        self._values: dict[str, Values] = {"a": values_a, "b": values_b}
        self._kept: dict[tuple[str, str], NDArray[Any]] = {}

    def swapped(self) -> Contents:
        """The same with A and B exchanged."""
        return Contents(list(self.b.values()), list(self.a.values()), self._values["b"], self._values["a"])

    def values(self, side: str, weight: Weight) -> NDArray[Any]:
        """The weight's values in its own shape; small ones are kept for the next question."""
        key = (side, weight.id)
        if key not in self._kept:
            array = self._values[side](weight.id).reshape(weight.shape)
            if array.size > CHUNK:
                return array
            self._kept[key] = array
        return self._kept[key]

    def piece(self, side: str, weight: Weight, start: int, stop: int) -> NDArray[Any]:
        """A range of the weight's values, flat in C order."""
        if size_of(weight) <= CHUNK:
            return self.values(side, weight).ravel()[start:stop]
        return self._values[side](weight.id, start, stop).ravel()

    def same(self, a: Weight, b: Weight) -> bool:
        """The same numbers, in any order."""
        one, other = self.a.get(a.id), self.b.get(b.id)
        return one is not None and other is not None and one.sorted == other.sorted

    def identical(self, a: Weight, b: Weight) -> bool:
        """The same numbers in the same order."""
        one, other = self.a.get(a.id), self.b.get(b.id)
        return one is not None and other is not None and one.exact == other.exact

    def trivial(self, a: Weight) -> bool:
        """All values of A's weight alike (zeros, ones), which stand in many layers and say nothing."""
        found = self.a.get(a.id)
        return found is not None and _trivial(found)


def score(contents: Contents, a: Step, steps_b: Sequence[Step]) -> float | None:
    """The share of A's numbers that stand in B's steps; None when A's step has no weights.

    Weights of the right sizes with other numbers give 0.2, weights that cannot be A's give -1."""
    if not a.weights:
        return None
    pool = [weight for step in steps_b for weight in step.weights]
    if not pool:
        return -1.0
    total = sum(size_of(weight) for weight in a.weights)
    held = sum(size_of(w) for w in a.weights if any(contents.same(w, other) for other in pool))
    if held:
        return held / total
    sizes = {size_of(weight) for weight in pool}
    fits = any(size_of(weight) in sizes for weight in a.weights if size_of(weight) > 1 or a.kind == "batch_norm")
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


def size_of(weight: Weight) -> int:
    """How many numbers the weight holds."""
    return math.prod(weight.shape)


def _prints(known: dict[str, Fingerprint], weights: Iterable[Weight]) -> list[Fingerprint]:
    prints = [known[weight.id] for weight in weights if weight.id in known]
    return [item for item in prints if not _trivial(item)]


def _trivial(print_: Fingerprint) -> bool:
    return len(set(print_.sketch)) <= 1
