"""A kernel that holds the right numbers at the wrong places, told by the stored numbers or by computing with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from inspector.causes.case import Array, Case, Edit, SetConstant, Suspicion, Trial
from inspector.causes.formulas import refit_anyway
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.match import WeightDifference
from inspector.domain.wording import short

MOST = 2**25  # elements of a kernel
CLOSE = 1e-6
MOVED = ("different", "permuted", "transposed")


@dataclass(frozen=True, slots=True)
class Moved:
    """What stands where in B, in words that follow the layer's name, the numbers that say so, and what mends it."""

    told: str
    evidence: str
    edits: tuple[Edit, ...] = ()


def suspicion(cause: str, item: LayerDifference, found: Moved, mend: str) -> Suspicion:
    return Suspicion(
        cause=cause,
        title=f"`{item.a}` {found.told}",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=0.97,
        evidence=found.evidence,
        mend=mend,
        trial=Trial(text=f"A's order put back into `{item.a}`", edits=found.edits),
    )


def moved_kernel(case: Case, item: LayerDifference, layer: Layer, b: Layer | None, role: str) -> Moved | None:
    """Both kernels hold the same numbers, and B's lie as one of the usual mistakes leaves them."""
    for weight in item.weights:
        if weight.relation not in MOVED or not weight.role.endswith(role):
            continue
        arrays = _both(case, weight)
        if arrays is None or _undone(weight, b, ran=case.ran):
            continue
        one, other = arrays
        told = _turned(one, other) or _rows(case, one, other, layer)
        if told:
            evidence = (
                f"{weight.a} and {weight.b} hold the same {one.size} numbers at other places; the layer introduces "
            )
            size = short(item.introduced.max_abs) if item.introduced is not None else "what was not measured"
            return Moved(f"has a kernel that {told}", evidence + size, _edits(weight, one, b))
    return None


def _both(case: Case, weight: WeightDifference) -> tuple[Array, Array] | None:
    """A's and B's array where they hold the same numbers in another order."""
    size = int(np.prod(weight.shape_a))
    if " " in weight.a or " " in weight.b or not weight.b or size > MOST or size != int(np.prod(weight.shape_b)):
        return None
    one = np.asarray(case.values_a(weight.a), np.float64).reshape(weight.shape_a)
    other = np.asarray(case.values_b(weight.b), np.float64).reshape(weight.shape_b)
    return (one, other) if _same(np.sort(one, axis=None), np.sort(other, axis=None)) else None


def _same(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    scale = float(np.abs(one).max(initial=0.0))
    return bool(np.abs(one - other).max(initial=0.0) <= CLOSE * scale)


def _undone(weight: WeightDifference, b: Layer | None, *, ran: bool) -> bool:
    """Whether B's own ops read the kernel in the order in which it lies, as far as that is known without a run."""
    if ran or weight.relation != "transposed":
        return False
    square = len(set(weight.shape_a)) == 1 and weight.shape_a == weight.shape_b
    plain = b is not None and b.class_name in ("MatMul", "Dense") and not b.settings.get("transposed_kernel")
    return not (square and plain)


def _turned(one: Array, other: Array) -> str:
    """B's array is A's with axes exchanged, reshaped across axes, or turned round."""
    for told, found in _mistakes(one, other.shape):
        if _same(found, other):
            return told
    return ""


def _mistakes(one: Array, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """A's kernel in the ways in which it is laid out wrongly, each in B's shape."""
    own = tuple(range(one.ndim))
    plain = tuple(size for size in shape if size != 1) == tuple(size for size in one.shape if size != 1)
    for axes in permutations(own):
        turned = one.transpose(axes)
        if axes != own and turned.shape == shape:
            yield f"lies with its axes in the order {list(axes)}", turned
        elif axes != own:
            yield f"was reshaped, not transposed, from the axes' order {list(axes)}", turned.reshape(shape)
        back = np.argsort(axes)
        if axes != own and plain:
            across = one.reshape([one.shape[axis] for axis in axes]).transpose(back)
            yield f"was read as if its axes stood in the order {list(axes)}", across.reshape(shape)
    spatial = range(one.ndim - 2)
    for count in range(1, len(spatial) + 1):
        for picked in combinations(spatial, count):
            yield f"is turned round along the axes {list(picked)}", np.flip(one, picked).reshape(shape)


def _rows(case: Case, one: Array, other: Array, layer: Layer) -> str:
    """A Dense kernel's rows in the order in which a Flatten of the other layout gives them."""
    shape = _flattened_shape(case, layer)
    if one.ndim != 2 or one.shape != other.shape or shape is None or int(np.prod(shape)) != one.shape[0]:
        return ""
    for told, rows in _row_orders(shape):
        if _same(one[rows], other):
            return told
    return ""


def _row_orders(shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    index = np.arange(int(np.prod(shape))).reshape(shape)
    for axes in permutations(range(len(shape))):
        order = index.transpose(axes).ravel()
        for rows in (order, np.argsort(order)):
            if (rows != index.ravel()).any():
                yield f"has its rows as Flatten gives {list(shape)} in the order {list(axes)}", rows


def _flattened_shape(case: Case, layer: Layer) -> tuple[int, ...] | None:
    """The shape in front of the Flatten that the layer reads, without the samples."""
    makers = {tensor: made for made in case.a.computation.layers for tensor in made.outputs}
    at = layer.inputs[0] if layer.inputs else ""
    for _ in range(6):
        maker = makers.get(at)
        if maker is None or not maker.inputs:
            return None
        if maker.kind in ("flatten", "reshape"):
            return _shape_of(case, makers.get(maker.inputs[0]), maker)
        at = maker.inputs[0]
    return None


def _shape_of(case: Case, before: Layer | None, flatten: Layer) -> tuple[int, ...] | None:
    """As the file states it, or as it was in the run."""
    if before is not None and before.shape is not None and len(before.shape) > 2:
        known = tuple(size for size in before.shape[1:] if size is not None)
        if len(known) == len(before.shape) - 1:
            return known
    sample = case.sample(flatten.name) if case.ran else None
    return tuple(sample.inputs[0].shape[1:]) if sample is not None and sample.inputs else None


def _edits(weight: WeightDifference, one: Array, b: Layer | None) -> tuple[Edit, ...]:
    """A's numbers in B's constant, where both lie alike; else A's layer is put in its place."""
    plain = [[size for size in shape if size != 1] for shape in (weight.shape_a, weight.shape_b)]
    if plain[0] != plain[1] or b is None or b.settings.get("transposed_kernel") or len(b.nodes) == 0:
        return ()
    return (SetConstant(node=weight.b, value=one.reshape(weight.shape_b).astype(np.float32)),)


def moved_numbers(case: Case, item: LayerDifference, layer: Layer, role: str) -> Moved | None:
    """B's kernel is not known, or said to be A's: the layer is computed with each mistake."""
    fit = refit_anyway(case, item, layer, samples=1, most=4e7)
    if fit is None or role not in fit.weights or not fit.own() or any(w.relation == "different" for w in item.weights):
        return None
    kernel = fit.weights[role]
    ways = [(f"has a kernel that {told}", found) for told, found in _mistakes(kernel, kernel.shape)]
    shape = _flattened_shape(case, layer)
    if kernel.ndim == 2 and shape is not None and int(np.prod(shape)) == kernel.shape[0]:
        ways += [(f"reads a kernel that {told}", kernel[rows]) for told, rows in _row_orders(shape)]
    for told, found in ways:
        far = fit.far(layer, {**fit.weights, role: found})
        if fit.near(far):
            evidence = (
                f"computed so from the same inputs it is B's output to {short(far)}; A's is {short(fit.gap)} away"
            )
            return Moved(f"{told} in B", evidence)
    return None
