"""Weights that belong to another net: told by the shapes of the kernels on both sides, laid side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher

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
        f"B's weights belong to another net than A's: {fitting} of A's {count} arrays have a shape that B has in its "
        "place; nothing was run."
    )
    return not_run(a, b, "different", sentence, shapes=shapes)


def side_by_side(a: Computation, b: Computation) -> Iterator[ShapePair]:
    """Every weight of both sides in their orders, those of one shape beside each other."""
    one, two = _weights(a), _weights(b)
    matcher = SequenceMatcher(None, [_key(w) for w in one], [_key(w) for w in two], autojunk=False)
    for _, start_a, stop_a, start_b, stop_b in matcher.get_opcodes():
        for place in range(max(stop_a - start_a, stop_b - start_b)):
            yield _pair(
                one[start_a + place] if start_a + place < stop_a else None,
                two[start_b + place] if start_b + place < stop_b else None,
            )


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
