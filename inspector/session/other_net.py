"""Weights that belong to another net: told by the shapes of the kernels on both sides, laid side by side."""

from __future__ import annotations

import math
from collections import Counter

from inspector.domain.comparison import Comparison, ShapePair
from inspector.domain.computation import Computation, Weight
from inspector.session.side import SideState
from inspector.session.static import not_run

Key = tuple[int, ...]


def is_other_net(a: Computation, b: Computation) -> bool:
    """Whether kernels of A have sizes that B has not, and B's others that A has not.

    Axes in another order, axes of size 1, and kernels that were split, joined or reshaped (the same number of values
    in all) are no other net; nor is a net of which one side holds a part."""
    of_a, of_b = _kernels(a), _kernels(b)
    alone_a, alone_b = of_a - of_b, of_b - of_a
    return bool(alone_a and alone_b) and _values(alone_a) != _values(alone_b)


def other_net(a: SideState, b: SideState) -> Comparison:
    """The answer for two sides whose shapes do not fit: `different`, with both lists of shapes."""
    shapes = tuple(side_by_side(a.computation(), b.computation()))
    fitting = sum(pair.fits for pair in shapes)
    count = sum(bool(pair.a) for pair in shapes)
    sentence = (
        f"B's weights belong to another net than A's: {fitting} of A's {count} arrays have a partner of their shape "
        "in B; nothing was run."
    )
    return not_run(a, b, "different", sentence, shapes=shapes)


def side_by_side(a: Computation, b: Computation) -> list[ShapePair]:
    """Every weight of A in its order beside the first free one of B of its shape; then what is left of either, by
    rank and order."""
    free, found, alone = _weights(b), [], []
    for weight in _weights(a):
        partner = next((other for other in free if _key(other) == _key(weight)), None)
        if partner is not None:
            free.remove(partner)
        else:
            alone.append(weight)
        found.append((weight, partner))
    for weight in alone:
        partner = next((other for other in free if len(other.shape) == len(weight.shape)), None)
        if partner is not None:
            free.remove(partner)
            found[found.index((weight, None))] = (weight, partner)
    return [*(_pair(one, other) for one, other in found), *(_pair(None, other) for other in free)]


def _pair(a: Weight | None, b: Weight | None) -> ShapePair:
    fits = a is not None and b is not None and _key(a) == _key(b)
    return ShapePair(
        a=a.id if a else "",
        shape_a=a.shape if a else None,
        b=b.id if b else "",
        shape_b=b.shape if b else None,
        fits=fits,
    )


def _weights(computation: Computation) -> list[Weight]:
    return list({weight.id: weight for layer in computation.layers for weight in layer.weights}.values())


def _key(weight: Weight) -> Key:
    return tuple(sorted(size for size in weight.shape if size != 1))


def _kernels(computation: Computation) -> Counter[Key]:
    return Counter(_key(weight) for weight in _weights(computation) if len(weight.shape) > 1)


def _values(kernels: Counter[Key]) -> int:
    return sum(math.prod(key) * count for key, count in kernels.items())
