"""`batchnorm-training-mode`: batch norm normalizes with the batch's own statistics, not with the stored ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Array, Case, Edit, Facts, SetAttribute, Suspicion, Trial
from inspector.causes.formulas import fit_of, fits, roles
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "batchnorm-training-mode"
EVERY = 1 << 30
ALONE = 1e-5  # of the output: more than another batch size alone changes
EXPORT = (
    "export in inference mode: model(x, training=False); keras.backend.set_learning_phase(0) before the model is built "
    "(TensorFlow 1)"
)


def suspect(case: Case) -> Iterator[Suspicion]:
    """One suspicion for all batch norms of a side that do so: it is one mistake."""
    found: dict[str, list[tuple[LayerDifference, Layer | None]]] = {"A": [], "B": []}
    for item, a, b in case.suspects():
        side = _side(case, item, a, b) if a.kind == "batch_norm" else ""
        if side:
            found[side].append((item, b))
    for side, rows in found.items():
        if rows:
            yield _suspicion(case, side, rows)


def _suspicion(case: Case, side: str, rows: list[tuple[LayerDifference, Layer | None]]) -> Suspicion:
    facts = case.b if side == "B" else case.a
    first = rows[0][0]
    names = f"{len(rows)} batch norms" if len(rows) > 1 else f"`{first.a}`"
    measured = case.sample(first.a) is not None
    told = "gives what the batch's own mean and variance give, not the stored ones" if measured else "is set to train"
    if (facts.alone or 0.0) > ALONE:
        told += (
            f"; the first sample alone differs from the same sample in its batch by {short(facts.alone or 0.0)} of the "
            "output"
        )
    return Suspicion(
        cause=CAUSE,
        title=f"{names} in {side} {'use' if len(rows) > 1 else 'uses'} the statistics of the batch: training mode",
        layer_a=first.a,
        layer_b=first.b or "",
        layers=tuple(row.a for row, _ in rows),
        confidence=0.97,
        evidence=f"`{first.a}` in {side} {told}",
        mend=f"run side {side} without its option training=on" if facts.options.training else EXPORT,
        trial=_trial(side, facts, names, rows),
    )


def _trial(side: str, facts: Facts, names: str, rows: list[tuple[LayerDifference, Layer | None]]) -> Trial:
    if facts.options.training:
        off = {"training": False}
        return Trial(
            text=f"side {side} run without training=on",
            options_a=off if side == "A" else None,
            options_b=off if side == "B" else None,
        )
    if side == "A":
        return Trial(text=f"A's {names} put in the place of B's, which then trains, too")
    return Trial(text=f"the stored statistics put back into {names}", edits=_edits(rows))


def _side(case: Case, item: LayerDifference, a: Layer, b: Layer | None) -> str:
    """Which side's numbers are those of the batch's own moments; without numbers what the settings say."""
    fit = fit_of(case.sample(item.a), samples=EVERY)
    if fit is None or not fit.inputs:
        trains = [bool(layer is not None and layer.settings.get("training")) for layer in (a, b)]
        return "B" if trains == [False, True] else ""
    own = by_moments(a, fit.inputs[0], roles(case, a))
    if fits(own, fit.b, fit.tolerance) and not fits(own, fit.a, fit.tolerance):
        return "B"
    return "A" if fits(own, fit.a, fit.tolerance) and not fits(own, fit.b, fit.tolerance) else ""


def by_moments(layer: Layer, x: Array, weights: dict[str, Array]) -> Array | None:
    """Ioffe and Szegedy 2015, algorithm 1: with the batch's own mean and (biased) variance."""
    axis = layer.settings.get("axis", -1)
    axis = axis[0] if isinstance(axis, tuple | list) and len(axis) == 1 else axis
    if not isinstance(axis, int):
        return None
    axis %= x.ndim
    others = tuple(at for at in range(x.ndim) if at != axis)
    shape = [-1 if at == axis else 1 for at in range(x.ndim)]
    gamma, beta = (weights.get(role, np.full(1, value)).reshape(-1) for role, value in (("gamma", 1.0), ("beta", 0.0)))
    if gamma.size not in (1, x.shape[axis]) or beta.size not in (1, x.shape[axis]):
        return None
    epsilon = float(layer.settings.get("epsilon") or 1e-3)
    middle = x - x.mean(others, keepdims=True)
    scaled = middle / np.sqrt((middle**2).mean(others, keepdims=True) + epsilon)
    return np.asarray(scaled * gamma.reshape(shape) + beta.reshape(shape))


def _edits(found: list[tuple[LayerDifference, Layer | None]]) -> tuple[Edit, ...]:
    """The op told not to train, where it still holds statistics; A's layers in their place elsewhere."""
    edits: list[Edit] = []
    for _, b in found:
        held = {weight.role for weight in b.weights if weight.shape and weight.shape[0]} if b is not None else set()
        if b is None or not b.class_name.startswith("FusedBatchNorm") or not {"moving_mean", "moving_variance"} <= held:
            return ()
        edits.append(SetAttribute(node=b.nodes[0], name="is_training", value=False))
    return tuple(edits)
