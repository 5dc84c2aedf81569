"""The weights of a compared layer, as both sides hold them, for the causes that look at numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from inspector.causes.case import Array, Case, Edit, SetConstant
from inspector.domain.comparison import LayerDifference
from inspector.domain.match import WeightDifference

MOST = 2**24


@dataclass(frozen=True, slots=True)
class Pair:
    """One weight of a layer on both sides in float64, B's in A's layout; `axes` turn A's array into B's."""

    layer: LayerDifference
    weight: WeightDifference
    a: Array
    b: Array
    axes: tuple[int, ...]

    def edit(self, values: Array) -> SetConstant:
        """B's constant with these values, which are in A's layout."""
        turned = np.ascontiguousarray(np.transpose(values, self.axes)).reshape(self.weight.shape_b)
        return SetConstant(node=self.weight.b, value=turned.astype(np.float32))


def changed(layer: LayerDifference) -> list[WeightDifference]:
    """The weights that hold other numbers, or the same ones at other places."""
    return [weight for weight in layer.weights if weight.relation in ("different", "permuted", "missing")]


def pairs(case: Case, layer: LayerDifference) -> Iterator[Pair]:
    """What can be laid over each other: one array of each side, of the same size once axes of 1 are left out."""
    for weight in layer.weights:
        found = pair(case, layer, weight)
        if found is not None:
            yield found


def pair(case: Case, layer: LayerDifference, weight: WeightDifference) -> Pair | None:
    if not weight.b or " " in weight.a or " " in weight.b or int(np.prod(weight.shape_a)) > MOST:
        return None
    axes = _axes(weight.shape_a, weight.shape_b)
    if axes is None:
        return None
    a = np.asarray(case.values_a(weight.a), np.float64).reshape(weight.shape_a)
    flat = np.asarray(case.values_b(weight.b), np.float64)
    if flat.size != a.size:
        return None
    b = flat.reshape([weight.shape_a[at] for at in axes])
    return Pair(layer, weight, a, np.transpose(b, np.argsort(axes)), axes)


def _axes(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """The order of A's axes that gives B's shape; as they are where that fits."""
    plain = tuple(size for size in b if size != 1)
    if len(a) > 5 or int(np.prod(a)) != int(np.prod(b)):
        return None
    fitting = (axes for axes in permutations(range(len(a))) if tuple(s for at in axes if (s := a[at]) != 1) == plain)
    return next(fitting, None)


def edits(case: Case, layers: list[LayerDifference]) -> tuple[Edit, ...]:
    """A's numbers for every weight of these layers that differs; none at all when one cannot be laid out."""
    found: list[Edit] = []
    for layer in layers:
        for weight in changed(layer):
            both = pair(case, layer, weight)
            if both is None:
                return ()
            found.append(both.edit(both.a))
    return tuple(found)


def close(a: Array, b: Array, relative: float = 1e-5) -> bool:
    """Whether two arrays are the same but for float32's rounding."""
    if a.shape != b.shape:
        return False
    with np.errstate(invalid="ignore"):
        return bool(np.abs(a - b).max(initial=0.0) <= relative * max(float(np.abs(a).max(initial=0.0)), 1e-30))
