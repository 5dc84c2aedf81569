"""`weight-order`: the right numbers in the wrong place: another layer's weights, gamma for beta, exchanged columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import Pair, close, pairs
from inspector.causes.case import Array, Case, Edit, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "weight-order"
ROLES = ("kernel", "recurrent_kernel", "gamma", "beta", "moving_mean", "moving_variance", "bias")


def suspect(case: Case) -> Iterator[Suspicion]:
    """Across layers as one suspicion, since they mend each other; within a layer each by itself."""
    open_ = list(case.suspects())
    across = _across(case, [item for item, _, _ in open_])
    if across:
        yield _exchanged(across)
    for item, _, b in open_:
        told, edits = _roles(case, item, b)
        if not told:
            told, edits = _within(case, item)
        if told:
            yield Suspicion(
                cause=CAUSE,
                title=f"the weights of `{item.a}` stand in another order in B: {told}",
                layer_a=item.a,
                layer_b=item.b or "",
                layers=(item.a,),
                confidence=0.95,
                evidence=f"the same numbers, {told}",
                mend="set the weights by name, not by position: layer.set_weights in the order of layer.weights",
                trial=Trial(text=f"the weights of `{item.a}` put in A's order", edits=edits),
            )


def _exchanged(found: list[tuple[Pair, str]]) -> Suspicion:
    layers = tuple(dict.fromkeys(pair.layer.a for pair, _ in found))
    told = ", ".join(f"`{pair.layer.a}` has the {pair.weight.role} of `{source}`" for pair, source in found[:4])
    return Suspicion(
        cause=CAUSE,
        title=f"weights were loaded in another order: {told}",
        layer_a=layers[0],
        layer_b=found[0][0].layer.b or "",
        layers=layers,
        confidence=0.97,
        evidence=f"{len(found)} arrays of B are arrays of A that belong elsewhere: {told}",
        mend="load by name (load_weights(by_name=True)), with `trainable` and nesting as they were when saved",
        trial=Trial(text="every array put where A has it", edits=tuple(pair.edit(pair.a) for pair, _ in found)),
    )


def _across(case: Case, open_: list[LayerDifference]) -> list[tuple[Pair, str]]:
    """B's array of a layer is A's array of another one; and vectors of 0 or 1 tell nothing."""
    wrong = [pair for item in open_ for pair in pairs(case, item) if pair.weight.relation in ("different", "permuted")]
    found = []
    for pair in wrong:
        if not np.ptp(pair.b) or pair.b.size < 2:
            continue
        for other in case.layers:
            layer = case.layer_a.get(other.a)
            if other.a == pair.layer.a or layer is None:
                continue
            if any(close(array, pair.b) for array in _of_shape(case, layer, pair.a.shape)):
                found.append((pair, other.a))
                break
    return found


def _of_shape(case: Case, layer: Layer, shape: tuple[int, ...]) -> Iterator[Array]:
    for weight in layer.weights:
        if weight.shape == shape:
            yield np.asarray(case.values_a(weight.id), np.float64).reshape(shape)


def _roles(case: Case, item: LayerDifference, b: Layer | None) -> tuple[str, tuple[Edit, ...]]:
    """Two vectors of one layer exchanged: B's gamma holds A's beta."""
    if b is None:
        return "", ()
    role_b = {weight.id: weight.role for weight in b.weights}
    own = {
        weight.role: pair
        for pair in pairs(case, item)
        for weight in [pair.weight]
        if weight.role in ROLES and role_b.get(weight.b) in ROLES
    }
    swapped = [(role, role_b[pair.weight.b]) for role, pair in own.items() if role_b[pair.weight.b] != role]
    if len(swapped) < 2 or {role for role, _ in swapped} != {role for _, role in swapped}:
        return "", ()
    if not all(close(own[role].a, own[role].b) for role, _ in swapped):
        return "", ()
    nodes = {role_b[pair.weight.b]: pair for pair in own.values()}
    edits = tuple(nodes[role].edit(own[role].a) for role, _ in swapped)
    return "exchanged: " + ", ".join(f"A's {role} stands as {other}" for role, other in swapped), edits


def _within(case: Case, item: LayerDifference) -> tuple[str, tuple[Edit, ...]]:
    """Rows or columns of one array permuted."""
    told: list[str] = []
    edits: list[Edit] = []
    for pair in pairs(case, item):
        if pair.weight.relation not in ("different", "permuted"):
            continue
        axis = _permuted_axis(pair.a, pair.b)
        if axis is None:
            return "", ()
        told.append(f"{pair.weight.role} is permuted along its axis {axis}")
        edits.append(pair.edit(pair.a))
    return "; ".join(told), tuple(edits)


def _permuted_axis(a: Array, b: Array) -> int | None:
    """The axis whose slices are A's in another order."""
    for axis in range(a.ndim - 1, -1, -1):
        rows_a, rows_b = (np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1) for array in (a, b))
        if len(rows_a) < 2:
            continue
        one, other = rows_a[np.lexsort(rows_a.T[:8])], rows_b[np.lexsort(rows_b.T[:8])]
        if close(one, other) and not close(rows_a, rows_b):
            return axis
    return None
