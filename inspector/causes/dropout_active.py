"""`dropout-active` and `random-op`: a dropout or a noise layer is active, so that a side gives other numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from inspector.causes.case import Case, Facts, Suspicion, Trial
from inspector.causes.formulas import Fit, fit_of
from inspector.causes.region import region
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

DROPOUT, RANDOM = "dropout-active", "random-op"
CHANGES = 1e-6  # of the output: more than threads alone change from run to run
PASSING = ("dropout", "identity", "flatten", "reshape")
NOISE = ("GaussianNoise", "GaussianDropout")
# a node whose other input is neither a value of the net nor a constant: it was drawn
SELECTING, SCALING, ADDING = ("Select", "SelectV2", "Where"), ("Mul", "RealDiv", "Div"), ("Add", "AddV2", "Sub")
MENDS = {
    DROPOUT: "export in inference mode: model(x, training=False); keras.backend.set_learning_phase(0) before the "
    "model is built (TensorFlow 1)",
    RANDOM: "export in inference mode: model(x, training=False), or take the random op out of the exported graph",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where random numbers come in: the row that shows them first, A's layer that makes them, and which it is."""

    row: LayerDifference
    where: str
    cause: str
    told: str
    sure: bool


def suspect(case: Case) -> Iterator[Suspicion]:
    """One suspicion for all active dropouts of a side, one for all other random ops: each is one mistake."""
    for name, facts in (("B", case.b), ("A", case.a)):
        if not facts.random_ops:
            continue
        places = _places(case, name, facts)
        for cause in (DROPOUT, RANDOM):
            found = [place for place in places if place.cause == cause]
            if found:
                yield _suspicion(name, facts, found)
        if not places and _changes(facts):
            yield from _at_the_end(case, name, facts)


def _changes(facts: Facts) -> bool:
    return (facts.repeated or 0.0) > CHANGES


def _places(case: Case, name: str, facts: Facts) -> list[Place]:
    """The layers in front of which B mixes drawn numbers in; where that is not seen, all that differ."""
    rows = [item for item in case.layers if item.status == "different"]
    drawn = {item.a: _drawn(case, item) for item in rows} if name == "B" else {}
    seen = [item for item in rows if drawn.get(item.a)]
    if not seen and not _changes(facts):
        return []  # an op that draws the same numbers each time, and no place where it would matter
    chosen = seen or rows
    return [_place(case, facts, item, drawn.get(item.a, []), sure=bool(seen) or len(rows) == 1) for item in chosen]


def _drawn(case: Case, item: LayerDifference) -> list[Layer]:
    """B's nodes between this layer and the matched ones before it that mix drawn numbers in."""
    mixing = (*SELECTING, *SCALING, *ADDING)
    return [
        layer
        for layer in region(case, item)
        if layer.kind == "other" and layer.class_name in mixing and len(layer.inputs) == 1 and not layer.weights
    ]


def _place(case: Case, facts: Facts, item: LayerDifference, drawn: list[Layer], *, sure: bool) -> Place:
    own = case.layer_a.get(item.a)
    dropping = _dropping(case, own)
    rate = _masked(fit_of(case.sample(item.a))) if own is not None and own is dropping else None
    ops = _nearest(facts, dropping.name if dropping is not None else item.a)
    cause = DROPOUT if rate else _kind(drawn, ops, dropping)
    where = item.a
    if dropping is not None and (dropping.class_name in NOISE) == (cause == RANDOM):
        where = dropping.name
    if own is not None and _scoped(ops, item.a) and not _scoped(ops, where):
        where = item.a  # an LSTM's or an attention's own dropout
    told = f"{short(100 * rate)}% of `{where}`'s values in B are 0, the others are A's times one factor" if rate else ""
    return Place(item, where, cause, told, sure)


def _dropping(case: Case, layer: Layer | None) -> Layer | None:
    """A's dropout or noise layer at the layer itself or right before it."""
    if layer is None or layer.kind == "dropout":
        return layer
    makers = {tensor: maker for maker in case.a.computation.layers for tensor in maker.outputs}
    for tensor in layer.inputs:
        at = makers.get(tensor)
        while at is not None and at.kind in PASSING:
            if at.kind == "dropout":
                return at
            at = makers.get(at.inputs[0]) if at.inputs else None
    return None


def _kind(drawn: list[Layer], ops: list[str], dropping: Layer | None) -> str:
    """By how the drawn numbers are used, then by what the ops are called, then by A's own layer."""
    classes = {layer.class_name for layer in drawn}
    called = " ".join(ops[:1]).lower()
    if "normal" in called.rpartition("/")[2]:
        return RANDOM
    if "dropout" in called or classes & set(SELECTING):
        return DROPOUT
    if classes & set(ADDING):
        return DROPOUT if dropping is not None and dropping.class_name == "AlphaDropout" else RANDOM
    if classes:
        return DROPOUT
    return DROPOUT if dropping is not None and dropping.class_name not in NOISE else RANDOM


def _masked(fit: Fit | None) -> float | None:
    """The share of values that are dropped where the others are A's times one factor above 1: Srivastava et al.
    2014, scaled in training."""
    if fit is None or not fit.inputs or fit.inputs[0].shape != fit.b.shape:
        return None
    x = fit.inputs[0]
    told = np.abs(x) > 100 * fit.tolerance
    dropped = told & (fit.b == 0)
    kept = told & ~dropped
    if not dropped.any() or not kept.any():
        return None
    factor = float(np.median(fit.b[kept] / x[kept]))
    if factor <= 1 or np.abs(fit.b[kept] - factor * x[kept]).max() > 10 * fit.tolerance:
        return None
    return float(dropped.sum() / told.sum())


def _nearest(facts: Facts, where: str) -> list[str]:
    """The random ops in the layer's own scope first."""
    return sorted(facts.random_ops, key=lambda op: not _scoped([op], where))


def _scoped(ops: list[str], where: str) -> bool:
    last = where.rpartition("/")[2].partition("@")[0]
    return any(last in op.split("/") for op in ops[:1])


def _suspicion(name: str, facts: Facts, places: list[Place]) -> Suspicion:
    first = places[0]
    names = tuple(dict.fromkeys(place.where for place in places))
    layers = tuple(dict.fromkeys(layer for place in places for layer in (place.where, place.row.a)))
    what = "dropout" if first.cause == DROPOUT else "noise"
    at = f"`{names[0]}`" if len(names) == 1 else f"{len(names)} layers, the first is `{names[0]}`"
    return Suspicion(
        cause=first.cause,
        title=f"{what} is active in {name} at {at}",
        layer_a=first.where,
        layer_b=first.row.b or "",
        layers=layers,
        confidence=0.97 if all(place.sure for place in places) else 0.7,
        evidence="; ".join(part for part in (_again(name, facts, first.where), first.told) if part),
        mend=MENDS[first.cause],
        trial=Trial(text=f"A's {' and '.join(f'`{layer}`' for layer in names)} put in the place of B's")
        if name == "B"
        else None,
    )


def _again(name: str, facts: Facts, where: str) -> str:
    ops = f"{name} holds {', '.join(_nearest(facts, where)[:2])}"
    if not _changes(facts):
        return f"{ops}, which draws the same numbers in every run"
    return f"{name} run twice on the same inputs differs by {short(facts.repeated or 0.0)} of its output; {ops}"


def _at_the_end(case: Case, name: str, facts: Facts) -> Iterator[Suspicion]:
    """No layer introduces it: it lies behind the last matched tensor, which is compared instead."""
    rows = {item.a: item for item in case.layers}
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    pairs: dict[str, str] = {}
    cause, first = _kind([], _nearest(facts, ""), None), None
    for pair in case.outputs:
        layer = makers.get(pair.difference.a)
        row = rows.get(layer.name) if layer is not None else None
        if pair.difference.within_noise or row is None or not row.b or row.b == pair.difference.b or name == "A":
            continue
        drawn = _drawn(case, replace(row, b=pair.difference.b))
        if drawn and first is None:
            cause, first = _kind(drawn, _nearest(facts, row.a), None), row
        pairs[pair.difference.a] = row.b
    yield Suspicion(
        cause=cause,
        title=f"{name} holds random ops" + (f" behind `{first.a}`" if first is not None else "")
        + ": each run gives other numbers",
        layer_a=first.a if first is not None else "",
        layer_b=(first.b or "") if first is not None else facts.random_ops[0],
        confidence=0.95,
        evidence=_again(name, facts, first.a if first is not None else ""),
        mend=MENDS[cause],
        trial=Trial(text="B's values before the random op compared instead", pairs=tuple(pairs.items()))
        if pairs
        else None,
    )  # fmt: skip
