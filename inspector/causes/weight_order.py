"""`weight-order`: the right numbers in the wrong place: another layer's weights, gamma for beta, exchanged columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import UNLIKE, Pair, close, named, pair, pairs
from inspector.causes.case import Array, Case, Edit, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "weight-order"
BY_NAME = "model.load_weights(path, by_name=True), with `trainable` and the nesting as they were when it was saved"
BY_ROLE = "set_weights in the order of [weight.path for weight in layer.weights], never in the order of another file"


def suspect(case: Case) -> Iterator[Suspicion]:
    """Across layers as one suspicion, since they mend each other; within a layer each by itself."""
    open_ = list(case.suspects())
    across = _across(case, [item for item, _, _ in open_])
    if across:
        yield _exchanged(across)
    elsewhere = {found.layer.a for found, _ in across}
    for item, a, b in open_:
        if item.a in elsewhere:
            continue
        told, edits = _roles(case, item, a, b)
        sure = 0.96
        if not told:
            told, edits, sure = _within(case, item, a)
        if told:
            yield _of_layer(item, told, edits, sure)


def _of_layer(item: LayerDifference, told: str, edits: tuple[Edit, ...], sure: float) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"the weights of `{item.a}` stand in another order in B: {told}",
        layer_a=item.a,
        layer_b=item.b or "",
        layers=(item.a,),
        confidence=sure,
        evidence=f"the same numbers at other places: {told}",
        mend=BY_ROLE,
        trial=Trial(text=f"the weights of `{item.a}` put in A's order", edits=edits),
    )


def _exchanged(found: list[tuple[Pair, str]]) -> Suspicion:
    layers = tuple(dict.fromkeys(pair.layer.a for pair, _ in found))
    told = ", ".join(
        f"`{pair.layer.a}` has the {pair.weight.role} of `{source}`" for pair, source in found if pair.a.ndim > 1
    )
    told = told or ", ".join(f"`{pair.layer.a}` has the {pair.weight.role} of `{source}`" for pair, source in found)
    return Suspicion(
        cause=CAUSE,
        title=f"weights were loaded in another order: {told if len(told) < 160 else named(layers)}",
        layer_a=layers[0],
        layer_b=found[0][0].layer.b or "",
        layers=layers,
        confidence=0.97,
        evidence=f"{len(found)} arrays of B are arrays of A that belong elsewhere: {told}",
        mend=BY_NAME,
        trial=Trial(text="every array put where A has it", edits=tuple(pair.edit(pair.a) for pair, _ in found)),
    )


def _across(case: Case, open_: list[LayerDifference]) -> list[tuple[Pair, str]]:
    """B's array of a layer is A's array of another one; and vectors of one number tell nothing."""
    right = {weight.b for item in case.layers for weight in item.weights if weight.relation == "exact"}
    wrong = [both for item in open_ for both in pairs(case, item) if np.ptp(both.b) and both.b.size > 1]
    wrong = [both for both in wrong if both.weight.b not in right]  # one constant of B matched twice: no exchange
    if not wrong:
        return []
    known = _arrays_of_a(case, {both.a.shape for both in wrong})
    found = []
    for both in wrong:
        sums = _sums(both.b)
        for source, array, own in known.get(both.a.shape, ()):
            if source != both.layer.a and np.allclose(sums, own, rtol=1e-4, atol=1e-6) and close(array, both.b):
                found.append((both, source))
                break
    return found


def _arrays_of_a(case: Case, shapes: set[tuple[int, ...]]) -> dict[tuple[int, ...], list[tuple[str, Array, Array]]]:
    """A's layers that hold an array of such a shape, the array, and what tells most others at once."""
    known: dict[tuple[int, ...], list[tuple[str, Array, Array]]] = {}
    for item in case.layers:
        layer = case.layer_a.get(item.a)
        for weight in layer.weights if layer is not None else ():
            if weight.shape in shapes:
                array = np.asarray(case.values_a(weight.id), np.float64).reshape(weight.shape)
                known.setdefault(weight.shape, []).append((item.a, array, _sums(array)))
    return known


def _sums(array: Array) -> Array:
    """Mean, size and the ends: the same for the same numbers."""
    flat = array.ravel()
    return np.array([flat.mean(), np.sqrt((flat**2).mean()), flat[0], flat[-1]])


def _roles(case: Case, item: LayerDifference, a: Layer, b: Layer | None) -> tuple[str, tuple[Edit, ...]]:
    """Vectors (or kernels) of one layer exchanged: B's gamma holds A's beta."""
    role_b = {weight.id: weight.role for weight in b.weights} if b is not None else {}
    roles_a = {weight.role for weight in a.weights}
    kept = [weight for weight in item.weights if weight.role in roles_a and role_b.get(weight.b) in roles_a]
    swapped = {weight.role: weight for weight in kept if role_b[weight.b] != weight.role}
    if not case.ran and any(len(weight.shape_a) > 1 for weight in swapped.values()):
        return "", ()  # which of two matrices of one shape is which, a graph does not always say; a trial does
    if len(swapped) < 2 or set(swapped) != {role_b[weight.b] for weight in swapped.values()}:
        return "", ()
    own = {role: found for role, weight in swapped.items() if (found := pair(case, item, weight)) is not None}
    if len(own) != len(swapped) or not all(close(found.a, found.b) for found in own.values()):
        return "", ()
    nodes = {role_b[found.weight.b]: found for found in own.values()}
    edits = tuple(nodes[role].edit(own[role].a) for role in own)
    told = ", ".join(f"A's {role} stands as {role_b[found.weight.b]}" for role, found in own.items())
    return f"exchanged: {told}", edits


def _within(case: Case, item: LayerDifference, layer: Layer) -> tuple[str, tuple[Edit, ...], float]:
    """Rows or columns of one array permuted, or all of its numbers."""
    wrong = [weight for weight in item.weights if weight.relation in (*UNLIKE, "missing")]
    if not wrong or any(weight.relation != "permuted" for weight in wrong):
        return "", (), 0.0
    both = list(pairs(case, item))
    orders = [_permuted(found.a, found.b) for found in both]
    if len(both) != len(wrong) or any(order is None for order in orders):
        return "", (), 0.0
    told = [f"{found.weight.role}: {order}" for found, order in zip(both, orders, strict=True) if order is not None]
    if _is_order_of_classes(case, layer, both):
        return "", (), 0.0
    sure = 0.85 if any("numbers" in text for text in told) else 0.95
    return "; ".join(told), tuple(found.edit(found.a) for found in both), sure


def _permuted(a: Array, b: Array) -> str | None:
    """The axis whose slices are A's in another order; None for other numbers."""
    for axis in range(a.ndim - 1, -1, -1):
        rows_a, rows_b = (np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1) for array in (a, b))
        if len(rows_a) < 2:
            continue
        one, other = rows_a[np.lexsort(rows_a.T[:8])], rows_b[np.lexsort(rows_b.T[:8])]
        if close(one, other) and not close(rows_a, rows_b):
            moved = int((np.abs(rows_a - rows_b).max(axis=1) > 0).sum())
            what = "values" if a.ndim == 1 else "columns" if axis == a.ndim - 1 else f"slices along axis {axis}"
            return f"{moved} of {len(rows_a)} {what} permuted"
    if np.array_equal(np.sort(a, None), np.sort(b, None)):
        return "all its numbers permuted"
    return None


def _is_order_of_classes(case: Case, layer: Layer, both: list[Pair]) -> bool:
    """The units of the last layer in another order are classes in another order: `label-order` says so."""
    if not case.ran or any("columns" not in (_permuted(p.a, p.b) or "") for p in both if p.a.ndim > 1):
        return False
    behind = set(layer.outputs)
    for other in case.a.computation.layers:
        if other.kind in ("activation", "softmax", "identity") and behind & set(other.inputs):
            behind |= set(other.outputs)
    for pair_ in case.outputs:
        if pair_.difference.a in behind and pair_.a.shape == pair_.b.shape and pair_.a.ndim == 2:
            return close(np.sort(pair_.a, -1).astype(np.float64), np.sort(pair_.b, -1).astype(np.float64), 1e-4)
    return False
