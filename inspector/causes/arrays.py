"""The weights of a compared layer, as both sides hold them, for the causes that look at numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import TypeVar

import numpy as np

from inspector.causes.case import Array, Case, Edit, Graft, SetConstant
from inspector.domain.comparison import LayerDifference
from inspector.domain.match import WeightDifference

MOST = 2**24
UNLIKE = ("different", "permuted")
FEW = 3
FLOATS = ("float32", "float64")  # constants that can hold A's numbers
TURNED = 0.9  # a square matrix is like its partner only when it is turned over
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
    for weight in partners(case, layer):
        found = pair(case, layer, weight) if weight.relation in relations else None
        if found is not None:
            yield found


def partners(case: Case, layer: LayerDifference) -> list[WeightDifference]:
    """The layer's weights; two matrices of one shape are told apart by what they hold, not by their place: a GRU's
    kernel and recurrent kernel may be of one shape."""
    found = list(layer.weights)
    crossed_over: set[int] = set()
    for one, other in _of_one_shape(layer):
        at, to = layer.weights.index(one), layer.weights.index(other)
        if crossed_over & {at, to}:
            continue  # of three of one shape, two have found each other
        straight, crossed = _likeness(case, layer, one, other)
        if crossed > TURNED > straight:
            found[at] = replace(one, b=other.b, shape_b=other.shape_b)
            found[to] = replace(other, b=one.b, shape_b=one.shape_b)
            crossed_over |= {at, to}
    return found


def _of_one_shape(layer: LayerDifference) -> list[tuple[WeightDifference, WeightDifference]]:
    wrong = [weight for weight in layer.weights if weight.relation in (*UNLIKE, "rounded") and len(weight.shape_a) > 1]
    return [(one, other) for one, other in combinations(wrong, 2) if one.shape_a == other.shape_a]


def _likeness(
    case: Case, layer: LayerDifference, one: WeightDifference, other: WeightDifference
) -> tuple[float, float]:
    """How alike both are to their partners, and to each other's: the lesser of two correlations."""
    first, second = pair(case, layer, one), pair(case, layer, other)
    if first is None or second is None or first.b.shape != second.b.shape:
        return 1.0, 0.0
    straight = min(alike(first.a, first.b), alike(second.a, second.b))
    return straight, min(alike(first.a, second.b), alike(second.a, first.b))


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
    axes, b = next((item for item in turned[1:] if alike(a, item[1]) > TURNED), turned[0])
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
    """A's numbers for every weight of these layers that is not A's; A's whole layer where one cannot be laid out, is
    stored in fewer bits, or where nothing tells which of two belongs where."""
    found: list[Edit] = []
    floats = {w.id for layer in case.b.computation.layers for w in layer.weights if w.dtype in FLOATS and not w.step}
    for layer in layers:
        wrong = [weight for weight in partners(case, layer) if weight.relation in (*UNLIKE, "missing", "rounded")]
        both = [pair(case, layer, weight) for weight in wrong]
        unclear = any(max(_likeness(case, layer, *two)) <= TURNED for two in _of_one_shape(layer))
        known = [item.edit(item.a) for item in both if item is not None and item.weight.b in floats]
        found += [Graft(layer=layer.a)] if unclear or len(known) != len(wrong) else known
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
