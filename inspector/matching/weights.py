"""Compare the weights of matched layers without running anything: which stands for which, and how it differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from inspector.domain.computation import Layer, Weight
from inspector.domain.match import WeightDifference
from inspector.matching.affine import scale_and_offset
from inspector.matching.contents import CHUNK, Contents, size_of
from inspector.matching.numbers import Gap, compare, numbers, record

SYNONYMS = {"pointwise_kernel": "kernel", "scale": "gamma", "offset": "beta"}
UNUSED = ("count", "seed_generator_state")
SPLIT = 1e-5


def pair_weights(contents: Contents, a: Layer, layers_b: Sequence[Layer]) -> tuple[WeightDifference, ...]:
    """One record for each weight of A's layer that inference uses: its partner in B's layers and how they relate.

    What has no values (its file is missing) has no fingerprint either, and nothing is said of it."""
    everything = {weight.id: weight for layer in layers_b for weight in layer.weights}
    pool = [weight for weight in everything.values() if weight.id in contents.b]
    used = [weight for weight in a.weights if not weight.role.endswith(UNUSED) and weight.id in contents.a]
    if not used or not layers_b or (everything and not pool):
        return ()
    if a.kind == "batch_norm" and pool and not any(w.role == "moving_variance" for w in pool):
        return _split(contents, a, pool)
    partners = _partners(contents, used, pool)
    return tuple(_record(contents, weight, partners.get(weight.id)) for weight in used)


def _partners(contents: Contents, weights: list[Weight], pool: list[Weight]) -> dict[str, Weight]:
    """The surest pairs first: the same numbers and role, the same numbers, the same role, the same size."""

    def rank(pair: tuple[Weight, Weight]) -> tuple[bool, bool, bool, int]:
        a, b = pair
        role = SYNONYMS.get(a.role, a.role) == SYNONYMS.get(b.role, b.role)
        return contents.same(a, b) and role, contents.same(a, b), role, -abs(weights.index(a) - pool.index(b))

    fitting = [(a, b) for a in weights for b in pool if size_of(a) == size_of(b)]
    partners: dict[str, Weight] = {}
    for a, b in sorted(fitting, key=rank, reverse=True):
        if a.id not in partners and b.id not in {other.id for other in partners.values()}:
            partners[a.id] = b
    return partners


def _record(contents: Contents, a: Weight, b: Weight | None) -> WeightDifference:
    if b is None:
        return _alone(contents, a)
    if contents.identical(a, b):
        return record(a, b, "exact", "the same numbers", equal=True)
    if contents.same(a, b):
        axes = same_under(contents, a, b)
        if axes is None:
            return record(a, b, "permuted", "the same numbers in another order")
        return record(a, b, "transposed", f"B's axes are A's {list(axes)}", equal=True)
    return compare(contents, a, b)


def _alone(contents: Contents, a: Weight) -> WeightDifference:
    """A weight that B's layer has not: a bias of zeros does nothing, and converters leave it out."""
    idle = a.role.endswith("bias") and contents.trivial(a) and not np.any(contents.values("a", a))
    return WeightDifference(
        a=a.id,
        b="",
        role=a.role,
        relation="exact" if idle else "missing",
        shape_a=a.shape,
        shape_b=(),
        max_abs=0.0 if idle else None,
        max_rel=0.0 if idle else None,
        detail="all zeros, and B's layer has none" if idle else "no array of this size in B's layer",
    )


def same_under(contents: Contents, a: Weight, b: Weight) -> tuple[int, ...] | None:
    """The permutation of A's axes that gives B (B may have further axes of size 1), None when there is none.

    Of arrays too large to hold, the sample of A's fingerprint is looked up in B."""
    for axes in permutations(range(len(a.shape))):
        turned = tuple(a.shape[axis] for axis in axes)
        if [size for size in turned if size != 1] != [size for size in b.shape if size != 1]:
            continue
        if size_of(a) > CHUNK:
            if _sample_agrees(contents, a, b, axes):
                return axes
        elif np.array_equal(np.transpose(contents.values("a", a), axes).ravel(), contents.values("b", b).ravel()):
            return axes
    return None


def _sample_agrees(contents: Contents, a: Weight, b: Weight, axes: tuple[int, ...]) -> bool:
    sketch = contents.a[a.id].sketch
    places = np.unique(np.linspace(0, size_of(a) - 1, 64).astype(np.int64))
    if len(places) != len(sketch):
        return False
    index = np.unravel_index(places, a.shape)
    there = np.ravel_multi_index([index[axis] for axis in axes], [a.shape[axis] for axis in axes])
    return all(
        float(contents.piece("b", b, int(place), int(place) + 1)[0]) == value
        for place, value in zip(there, sketch, strict=True)
    )


def _split(contents: Contents, a: Layer, pool: list[Weight]) -> tuple[WeightDifference, ...]:
    """Batch norm that stands in B as a scale and an offset."""
    return tuple(_split_records(contents, a, pool))


def _split_records(contents: Contents, a: Layer, pool: list[Weight]) -> Iterator[WeightDifference]:
    scale, offset = scale_and_offset(a, lambda weight: contents.values("a", weight))
    names = " ".join(weight.id for weight in a.weights)
    for role, expected in (("scale", scale), ("offset", offset)):
        other = next((w for w in pool if w.role == role and size_of(w) == expected.size), None)
        if other is None and role == "offset" and not any(w.role in ("beta", "moving_mean") for w in a.weights):
            continue
        if other is None:
            yield WeightDifference(
                a=names,
                b="",
                role=role,
                relation="missing",
                shape_a=expected.shape,
                shape_b=(),
                detail=f"B has no vector that would be the {role}",
            )
            continue
        gap = Gap()
        gap.add(expected, contents.values("b", other).astype(np.float64).ravel())
        relation, detail = gap.relation(other.step)
        if gap.largest <= SPLIT * max(1.0, gap.scale):
            relation, detail = "split", f"the {role} of the batch norm, worked out beforehand, to {gap.largest:.1e}"
        yield numbers(
            gap, relation, detail, a=names, b=other.id, role=role, shape_a=expected.shape, shape_b=other.shape
        )
