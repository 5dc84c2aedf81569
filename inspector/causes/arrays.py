"""The weights of a compared layer, as both sides hold them, for the causes that look at numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TypeVar

import numpy as np

from inspector.causes.case import Array, Case, Edit, SetConstant
from inspector.domain.comparison import LayerDifference
from inspector.domain.match import WeightDifference

MOST = 2**24
UNLIKE = ("different", "permuted")
FEW = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pair:
    """One weight of a layer on both sides in float64, B's in A's layout; `axes` turn A's array into B's."""

    layer: LayerDifference
    weight: WeightDifference
    a: Array
    b: Array
    axes: tuple[int, ...]

    @property
    def size(self) -> float:
        """The largest absolute value of A's array."""
        return float(np.abs(self.a).max(initial=0.0))

    def edit(self, values: Array) -> SetConstant:
        """B's constant with these values, which are in A's layout."""
        turned = np.ascontiguousarray(np.transpose(values, self.axes)).reshape(self.weight.shape_b)
        return SetConstant(node=self.weight.b, value=turned.astype(np.float32))


def changed(layer: LayerDifference) -> list[WeightDifference]:
    """The weights that hold other numbers, or the same ones at other places."""
    return [weight for weight in layer.weights if weight.relation in (*UNLIKE, "missing")]


def differs(layer: LayerDifference) -> bool:
    """Whether a weight holds other numbers, or has no partner."""
    return any(weight.relation in ("different", "missing") for weight in layer.weights)


def pairs(case: Case, layer: LayerDifference, relations: Sequence[str] = UNLIKE) -> Iterator[Pair]:
    """What can be laid over each other: one array of each side, of the same size once axes of 1 are left out."""
    for weight in layer.weights:
        found = pair(case, layer, weight) if weight.relation in relations else None
        if found is not None:
            yield found


def pair(case: Case, layer: LayerDifference, weight: WeightDifference) -> Pair | None:
    """None for what stands for several arrays, has no partner, or is too large (2^24 numbers) to hold twice."""
    if not weight.b or " " in weight.a or " " in weight.b or int(np.prod(weight.shape_a)) > MOST:
        return None
    possible = _axes(weight.shape_a, weight.shape_b)
    if not possible:
        return None
    a = np.asarray(case.values_a(weight.a), np.float64).reshape(weight.shape_a)
    flat = np.asarray(case.values_b(weight.b), np.float64)
    if flat.size != a.size:
        return None
    turned = [(axes, _turned(flat, weight.shape_a, axes)) for axes in possible]
    axes, b = turned[0] if len(turned) == 1 else max(turned, key=lambda item: round(alike(a, item[1]), 2))
    return Pair(layer, weight, a, b, axes)


def _turned(flat: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    return np.transpose(flat.reshape([shape[at] for at in axes]), np.argsort(axes))


def _axes(a: tuple[int, ...], b: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The orders of A's axes that give B's shape, A's own first; of a matrix also turned over where it is square."""
    plain = tuple(size for size in b if size != 1)
    if len(a) > 5 or int(np.prod(a)) != int(np.prod(b)):
        return []
    fitting = [axes for axes in permutations(range(len(a))) if tuple(s for at in axes if (s := a[at]) != 1) == plain]
    return fitting if len(a) == 2 else fitting[:1]


def alike(a: Array, b: Array) -> float:
    """The correlation of two arrays of one shape, 0 where one of them is constant or holds NaN."""
    one, other = a.ravel() - a.mean(), b.ravel() - b.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size and np.isfinite(size) else 0.0


def edits(case: Case, layers: Sequence[LayerDifference]) -> tuple[Edit, ...]:
    """A's numbers for every weight of these layers that is not A's; none at all when one cannot be laid out."""
    found: list[Edit] = []
    for layer in layers:
        for weight in layer.weights:
            if weight.relation not in (*UNLIKE, "missing", "rounded"):
                continue
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


def stories(found: Sequence[T], possible: int) -> list[list[T]]:
    """One story where most of what could have it has it; else each by itself, to be proved by itself."""
    if len(found) > FEW and 2 * len(found) >= possible:
        return [list(found)]
    return [[item] for item in found]


def layers_with_weights(case: Case) -> list[LayerDifference]:
    """Those whose weights were laid over B's."""
    return [item for item in case.layers if item.weights]


def named(layers: Sequence[str], what: str = "layers") -> str:
    """`conv_1`, or how many."""
    return f"{len(layers)} {what}" if len(layers) > 1 else f"`{layers[0]}`"
