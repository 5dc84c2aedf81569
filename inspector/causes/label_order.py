"""`label-order`: the scores are right and stand in another order: the classes were listed otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, OutputPair, Suspicion, Trial
from inspector.domain.computation import Layer

CAUSE = "label-order"
MOST, MANY = 1024, 8  # classes; samples that tell the order, the others confirm it


def suspect(case: Case) -> Iterator[Suspicion]:
    """Every sample of B's output is A's with the last axis permuted, one permutation for all."""
    for pair in case.outputs:
        if pair.difference.within_noise or pair.a.ndim < 2 or pair.a.shape[-1] < 2:
            continue
        order = permutation(pair.a, pair.b, pair.difference.noise_floor)
        if order is None:
            continue
        layer = _last_with_weights(case, pair)
        told = ", ".join(f"{at} is {int(to)}" for at, to in enumerate(order) if at != to)
        yield Suspicion(
            cause=CAUSE,
            title=f"the classes of `{pair.difference.a}` stand in another order in B",
            layer_a=layer.name if layer is not None else pair.difference.a,
            layer_b=pair.difference.b,
            confidence=0.97,
            evidence=f"the scores of each of {pair.a.shape[0]} samples are the same in another order: "
            f"A's class {told[:120]} of B",
            mend="sort the class names the same way on both sides: class_names=sorted(...) when the data are read",
            trial=Trial(text="A's order of the classes", outputs_b={pair.difference.b: pair.b[..., order]}),
        )


def permutation(a: Array, b: Array, noise_floor: float) -> Array | None:
    """`order` with a[..., i] == b[..., order[i]] to the noise floor; None when there is none but the identity."""
    rows_a, rows_b = (np.asarray(x, np.float64).reshape(-1, x.shape[-1]) for x in (a, b))
    if not np.isfinite(rows_a).all() or not np.isfinite(rows_b).all():
        return None
    if rows_a.shape[-1] > MOST:
        return None
    order: Array = np.abs(rows_a[:MANY, :, None] - rows_b[:MANY, None, :]).max(axis=0).argmin(axis=1)
    fits = np.abs(rows_a - rows_b[:, order]).max() <= max(noise_floor, 1e-7 * np.abs(rows_a).max())
    if not fits or len(set(order.tolist())) != len(order) or (order == np.arange(len(order))).all():
        return None
    return order


def _last_with_weights(case: Case, pair: OutputPair) -> Layer | None:
    """The layer that makes the scores: the last one with a kernel on the way to the output."""
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    layer = makers.get(pair.difference.a)
    while layer is not None and not layer.weights and layer.inputs:
        layer = makers.get(layer.inputs[0])
    return layer
