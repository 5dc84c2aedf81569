"""`layout`: channels first against last, the order in which Flatten reads, a kernel that lies the other way.

And `depthwise-layout`: a depthwise kernel with the same numbers at other places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import fit_of, fits
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.match import WeightDifference

CAUSE = "layout"
DEPTHWISE = "depthwise-layout"
MOST = 2**22
SHAPING = ("flatten", "reshape", "permute")


def suspect(case: Case) -> Iterator[Suspicion]:
    """By the kernels, and by what a Flatten gives."""
    for item, a, _ in case.suspects():
        told = _kernel(case, item, a)
        if told:
            yield _suspicion(item, told, DEPTHWISE if "depthwise" in told else CAUSE)
        elif a.kind in SHAPING:
            told = _flattened(case, item)
            if told:
                yield _suspicion(item, told, CAUSE)


def _suspicion(item: LayerDifference, told: str, cause: str) -> Suspicion:
    return Suspicion(
        cause=cause,
        title=f"`{item.a}`: {told}",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=0.97,
        evidence=f"the same numbers stand at other places: {told}",
        mend=_mend(told, cause),
        trial=Trial(text=f"A's layout put back into `{item.a}`"),
    )


def _mend(told: str, cause: str) -> str:
    if cause == DEPTHWISE:
        return "np.transpose(kernel, (2, 3, 0, 1)) for (channels, multiplier, rows, columns); never reshape across axes"
    if "Flatten" in told or "rows" in told:
        return "Permute((2, 3, 1)) before Flatten where the data lie channels first; or permute the Dense kernel's rows"
    return "np.transpose(kernel, ...) into Keras's (rows, columns, in, out) before set_weights"


def _kernel(case: Case, item: LayerDifference, layer: Layer) -> str:
    for weight in item.weights:
        if weight.relation not in ("different", "permuted", "transposed") or not weight.role.endswith("kernel"):
            continue
        arrays = _both(case, weight)
        if arrays is None:
            continue
        told = _turned(*arrays, layer) or _rows(case, *arrays, layer)
        if told:
            return told
    return ""


def _both(case: Case, weight: WeightDifference) -> tuple[Array, Array] | None:
    """A's and B's array where they hold the same numbers in another order."""
    if " " in weight.a or " " in weight.b or not weight.b or int(np.prod(weight.shape_a)) > MOST:
        return None
    one = np.asarray(case.values_a(weight.a), np.float64).reshape(weight.shape_a)
    other = np.asarray(case.values_b(weight.b), np.float64)
    if one.size != other.size:
        return None
    other = other.reshape(weight.shape_b)
    size = float(np.abs(one).max(initial=0.0))
    if np.abs(np.sort(one, None) - np.sort(other, None)).max(initial=0.0) > 1e-6 * size:
        return None
    return one, other


def _turned(one: Array, other: Array, layer: Layer) -> str:
    """B's array is A's with axes exchanged, flipped, or reshaped across axes."""
    depthwise = layer.kind.startswith("depthwise")
    what = "depthwise kernel" if depthwise else "kernel"
    size = float(np.abs(one).max(initial=0.0))

    def same(x: Array) -> bool:
        return bool(np.abs(x - other).max(initial=0.0) <= 1e-6 * size) if x.shape == other.shape else False

    for axes in permutations(range(one.ndim)):
        turned = one.transpose(axes)
        if axes != tuple(range(one.ndim)) and same(turned):
            return f"the {what} is stored with its axes in the order {list(axes)}"
        if turned.size == other.size and turned.shape != other.shape and same(turned.reshape(other.shape)):
            return f"the {what} was reshaped, not transposed, from the axes' order {list(axes)}"
    if one.ndim > 2:
        spatial = tuple(range(one.ndim - 2))
        for picked in (spatial, *((axis,) for axis in spatial)):
            if same(np.flip(one, picked)):
                return f"the {what} is turned round along the axes {list(picked)}"
    return f"the {what} holds the same numbers in another order" if depthwise else ""


def _rows(case: Case, one: Array, other: Array, layer: Layer) -> str:
    """A Dense kernel's rows in the order in which a Flatten of the other layout gives them."""
    shape = _flatten_shape(case, layer)
    if one.ndim != 2 or one.shape != other.shape or shape is None or int(np.prod(shape)) != one.shape[0]:
        return ""
    index = np.arange(one.shape[0]).reshape(shape)
    for axes in permutations(range(len(shape))):
        order = index.transpose(axes).ravel()
        for rows in (order, np.argsort(order)):
            if (rows != np.arange(len(rows))).any() and np.array_equal(one[rows], other):
                return f"the kernel's rows stand as Flatten gives {list(shape)} in the order {list(axes)}"
    return ""


def _flatten_shape(case: Case, layer: Layer) -> tuple[int, ...] | None:
    """The shape in front of the Flatten that the layer reads."""
    makers = {tensor: made for made in case.a.computation.layers for tensor in made.outputs}
    at = layer.inputs[0] if layer.inputs else ""
    for _ in range(4):
        maker = makers.get(at)
        if maker is None or not maker.inputs:
            return None
        before = makers.get(maker.inputs[0])
        if maker.kind in ("flatten", "reshape") and before is not None and before.shape is not None:
            known = [size for size in before.shape[1:] if size is not None]
            return tuple(known) if len(known) == len(before.shape) - 1 else None
        at = maker.inputs[0]
    return None


def _flattened(case: Case, item: LayerDifference) -> str:
    """Flatten and Reshape only move numbers: B's are A's in the order of exchanged axes."""
    fit = fit_of(case.sample(item.a))
    if fit is None or not fit.inputs or fit.inputs[0].size != fit.b.size or fit.inputs[0].ndim < 3:
        return ""
    x = fit.inputs[0]
    for axes in permutations(range(1, x.ndim)):
        if fits(x.transpose(0, *axes).reshape(fit.b.shape), fit.b, 0.0):
            if fits(x.transpose(0, *axes).reshape(fit.a.shape), fit.a, 0.0):
                continue
            return f"Flatten reads the axes in the order {[0, *axes]} in B"
    return ""
