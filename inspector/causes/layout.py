"""`layout`: channels first against last, the order in which Flatten reads, a kernel that lies the other way.

A kernel that is stored in another order and used in that order introduces nothing, and is none of this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from inspector.causes.case import Array, Case, Suspicion
from inspector.causes.formulas import refit
from inspector.causes.moved import Moved, moved_kernel, moved_numbers, suspicion
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "layout"
SHAPING = ("flatten", "reshape", "permute")


def suspect(case: Case) -> Iterator[Suspicion]:
    """By the kernels, by computing a layer with its kernel turned, and by what a Flatten gives."""
    for item, a, b in case.suspects():
        if a.kind.startswith(("depthwise", "separable", "lstm", "gru")):
            continue
        if a.kind in SHAPING:
            found = _read_otherwise(case, item, a)
        else:
            found = moved_kernel(case, item, a, b, "kernel") or moved_numbers(case, item, a, "kernel")
        if found is not None:
            yield suspicion(CAUSE, item, found, _mend(a, found))


def _mend(layer: Layer, found: Moved) -> str:
    if "Flatten" in found.told or layer.kind in SHAPING:
        return (
            "Permute((2, 3, 1)) in front of Flatten where B's data lie channels first, or turn the Dense kernel's rows"
        )
    if layer.kind == "dense":
        return f"set `{layer.name}`'s kernel as (inputs, units): kernel.T of a (units, inputs) one"
    return (
        f"set `{layer.name}`'s kernel as (rows, columns, in, out): "
        "np.transpose(kernel, (2, 3, 1, 0)) of (out, in, rows, columns)"
    )


def _read_otherwise(case: Case, item: LayerDifference, layer: Layer) -> Moved | None:
    """Flatten, Reshape and Permute only move numbers: B's are A's in the order of exchanged axes."""
    fit = refit(case, item, layer)
    if fit is None or fit.inputs[0].ndim < 3 or fit.inputs[0].size != int(np.prod(fit.shape)):
        return None
    x = fit.inputs[0]
    for axes in permutations(range(1, x.ndim)):
        for told, found in _orders(x, axes, fit.shape):
            if fit.near(fit.far_of(found)):
                return Moved(told, f"in that order B's numbers are A's; as they stand they are {short(fit.gap)} apart")
    return None


def _orders(x: Array, axes: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """Axes exchanged and then laid out, or laid out as if they stood in another order."""
    turn: Callable[[Array], Array] = lambda array: array.transpose(0, *axes)  # noqa: E731
    yield f"reads the axes of its input in the order {[0, *axes]} in B", turn(x).reshape(shape)
    sizes = [x.shape[0], *(x.shape[axis] for axis in axes)]
    back = np.argsort([0, *axes])
    yield f"takes its input's axes for {[0, *axes]} in B", x.reshape(sizes).transpose(back).reshape(shape)
