"""Compare the weights of matched layers without running anything: which stands for which, and how it differs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Layer, Weight
from inspector.domain.match import Relation, WeightDifference
from inspector.matching.affine import scale_and_offset
from inspector.matching.contents import Contents

Array = NDArray[Any]
SYNONYMS = {"pointwise_kernel": "kernel", "depthwise_kernel": "depthwise_kernel", "scale": "gamma"}
ULP = float(np.finfo(np.float32).eps)


def pair_weights(contents: Contents, a: Layer, layers_b: Sequence[Layer]) -> tuple[WeightDifference, ...]:
    """One record for each weight of A's layer: its partner in B's layers and how the numbers relate."""
    pool = [weight for layer in layers_b for weight in layer.weights]
    if not a.weights or not layers_b:
        return ()
    if a.kind == "batch_norm" and not any(w.role == "moving_variance" for w in pool):
        return _split(contents, a, pool)
    records = []
    for weight in sorted(a.weights, key=lambda item: -_size(item)):
        partner = _partner(contents, weight, pool)
        if partner is not None:
            pool.remove(partner)
        records.append(_record(contents, weight, partner))
    order = [weight.id for weight in a.weights]
    return tuple(sorted(records, key=lambda record: order.index(record.a)))


def _partner(contents: Contents, weight: Weight, pool: list[Weight]) -> Weight | None:
    fitting = [other for other in pool if _size(other) == _size(weight)]
    role = SYNONYMS.get(weight.role, weight.role)

    def rank(other: Weight) -> tuple[bool, bool, bool]:
        same_role = SYNONYMS.get(other.role, other.role) == role
        return contents.identical(weight, other) and same_role, same_role, contents.same(weight, other)

    return max(fitting, key=rank, default=None)


def _record(contents: Contents, a: Weight, b: Weight | None) -> WeightDifference:
    if b is None:
        return WeightDifference(a=a.id, b="", role=a.role, relation="missing", shape_a=a.shape, shape_b=(),
                                detail="no array of this size in B's layer")
    common: dict[str, Any] = {"a": a.id, "b": b.id, "role": a.role, "shape_a": a.shape, "shape_b": b.shape}
    if contents.identical(a, b):
        return WeightDifference(**common, relation="exact", max_abs=0.0, max_rel=0.0)
    one, other = contents.values("a", a), contents.values("b", b)
    if contents.same(a, b):
        axes = same_under(one, other)
        relation: Relation = "permuted" if axes is None else "transposed"
        detail = "the same numbers in another order" if axes is None else f"axes {axes}"
        return WeightDifference(**common, relation=relation, max_abs=0.0 if axes else None, detail=detail)
    return _numbers(common, one.astype(np.float64), _laid_out(one, other).astype(np.float64))


def same_under(a: Array, b: Array) -> tuple[int, ...] | None:
    """The permutation of A's axes that gives B, None when there is none."""
    for axes in permutations(range(a.ndim)):
        turned = np.transpose(a, axes)
        if turned.size == b.size and np.array_equal(turned.ravel(), b.ravel()):
            return axes
    return None


def _laid_out(a: Array, b: Array) -> Array:
    """B in A's shape: as it is, or transposed when only that fits."""
    if b.shape == a.shape:
        return b
    if b.ndim == a.ndim and b.shape == a.shape[::-1]:
        return b.T
    return b.reshape(a.shape)


def _numbers(common: dict[str, Any], a: Array, b: Array) -> WeightDifference:
    gap = np.abs(a - b)
    gap = np.where(np.isnan(gap), np.where(np.isnan(a) & np.isnan(b), 0.0, np.inf), gap)
    worst = np.unravel_index(int(np.argmax(gap)), gap.shape) if gap.size else ()
    largest = float(gap.max(initial=0.0))
    scale = float(np.abs(a[np.isfinite(a)]).max(initial=0.0)) if a.size else 0.0
    relation, detail = _relation(a, b, largest, scale)
    return WeightDifference(**common, relation=relation, max_abs=largest, max_rel=largest / scale if scale else None,
                            worst_index=tuple(int(i) for i in worst), detail=detail)


def _relation(a: Array, b: Array, largest: float, scale: float) -> tuple[Relation, str]:
    with np.errstate(over="ignore"):
        if np.array_equal(a.astype(np.float16).astype(np.float64), b):
            return "rounded", "B's are A's, rounded to float16"
    top = a.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    if float(np.abs(b - top.view(np.float32)).max(initial=0.0)) <= scale / 128 and _is_bfloat16(b) and largest:
        return "rounded", "B's are A's, rounded to bfloat16"
    if largest <= 8 * ULP * scale:
        return "rounded", f"differ in the last bits of float32: by {largest:.3g}, {largest / scale:.1e} of the scale"
    return "different", f"differ by up to {largest:.3g} on a scale of {scale:.3g}"


def _is_bfloat16(b: Array) -> bool:
    return not np.any(b.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF))


def _split(contents: Contents, a: Layer, pool: list[Weight]) -> tuple[WeightDifference, ...]:
    """Batch norm that stands in B as a scale and an offset."""
    scale, offset = scale_and_offset(a, lambda weight: contents.values("a", weight))
    records = []
    for role, expected in (("scale", scale), ("offset", offset)):
        other = next((weight for weight in pool if weight.role.startswith(role)), None)
        names = " ".join(weight.id for weight in a.weights)
        if other is None:
            continue
        common: dict[str, Any] = {"a": names, "b": other.id, "role": role, "shape_a": expected.shape, "shape_b": other.shape}
        found = contents.values("b", other).astype(np.float64).reshape(expected.shape)
        record = _numbers(common, expected, found)
        close = record.max_abs is not None and record.max_abs <= 1e-5 * max(1.0, float(np.abs(expected).max()))
        records.append(record if not close else WeightDifference(
            **common, relation="split", max_abs=record.max_abs, max_rel=record.max_rel,
            detail="batch norm written as a scale and an offset"))
    return tuple(records)


def _size(weight: Weight) -> int:
    return int(np.prod(weight.shape, dtype=np.int64))
