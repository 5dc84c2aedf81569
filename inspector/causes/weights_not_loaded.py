"""`weights-not-loaded`: B's weights are fresh from an initializer: never loaded, or of another session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inspector.causes.arrays import UNLIKE, Pair, alike, differs, edits, layers_with_weights, named, pair
from inspector.causes.case import Case, Suspicion, Trial
from inspector.causes.initializers import BY_CHANCE, FEWEST, initializer, starts_as
from inspector.domain.comparison import LayerDifference
from inspector.domain.match import WeightDifference

CAUSE = "weights-not-loaded"
SURE, PARTLY, WEAK = 0.94, 0.86, 0.82
SMALL = 4096
INDEPENDENT = 0.5  # correlation of a matrix with what it was: a fresh one has none, and few numbers have some


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A layer as an initializer gives it: what says so, and how sure that is."""

    layer: LayerDifference
    told: str
    confidence: float


def suspect(case: Case) -> Iterator[Suspicion]:
    """All layers whose arrays are an initializer's in B and not in A, as one story: nobody loaded them."""
    open_ = [item for item, _, _ in case.suspects() if differs(item)]
    found = {item.a: fresh for item in open_ if (fresh := _fresh(case, item)) is not None}
    if not found:
        return
    chosen, surest = list(found.values()), max(fresh.confidence for fresh in found.values())
    if surest == WEAK and len(chosen) > 1:
        return  # two untrained nets
    layers = [fresh.layer for fresh in chosen]
    of = f" of {len(layers_with_weights(case))}" if len(layers) > 1 else ""
    several = f"{len(layers)}{of} layers" if len(layers) > 1 else named([layers[0].a])
    yield Suspicion(
        cause=CAUSE,
        title=f"the weights of {several} were never loaded into B",
        layer_a=layers[0].a,
        layer_b=layers[0].b or "",
        layers=tuple(item.a for item in layers),
        confidence=surest,
        evidence="; ".join(f"`{fresh.layer.a}`: {fresh.told}" for fresh in chosen[:3]),
        mend="load before the export: model.load_weights(path) without by_name (or saver.restore in the same session), "
        "then check that model.layers[i].get_weights() changed",
        trial=Trial(text=f"A's weights put into {named([item.a for item in layers])} of B", edits=edits(case, layers)),
    )


def _fresh(case: Case, item: LayerDifference) -> _Fresh | None:
    vectors: list[str] = []
    matrices: list[tuple[str, str, bool]] = []
    loaded = False
    for weight in item.weights:
        if weight.relation == "missing":
            return None
        if weight.relation not in UNLIKE:
            loaded = loaded or not _untouched(case, item, weight)
            continue
        both = pair(case, item, weight)
        if both is None or not np.isfinite(both.b).all():
            return None
        if starts_as(weight.role, both.b):
            vectors.append(f"{weight.role} is {_constants(both)} throughout")
            continue
        told = _matrix(both)
        if told is None:
            return None
        matrices.append((weight.role, *told))
    return _judged(item, vectors, matrices, loaded=loaded)


def _untouched(case: Case, item: LayerDifference, weight: WeightDifference) -> bool:
    """Whether an array that agrees says nothing: it is in A as it was made."""
    both = pair(case, item, weight) if int(np.prod(weight.shape_a)) <= SMALL else None
    return both is not None and starts_as(weight.role, both.a)


def _judged(
    item: LayerDifference, vectors: list[str], matrices: list[tuple[str, str, bool]], *, loaded: bool
) -> _Fresh | None:
    """`loaded`: something of the layer that was trained has come over; then only a kernel tells."""
    known = [f"{role} is {told}" for role, told, _ in matrices if told and (vectors or told not in BY_CHANCE)]
    other = any(unlike for _, _, unlike in matrices)
    if loaded:
        return _Fresh(item, ", ".join([*known, *vectors]), PARTLY) if known and other else None
    if not known and len(vectors) < 2:
        return None
    if item.kind == "batch_norm" and not any(told.startswith(("gamma", "beta")) for told in vectors):
        return None  # only its statistics: another cause
    if any(not told for _, told, _ in matrices) and not vectors:
        return None
    return _Fresh(item, ", ".join([*known, *vectors]), SURE if vectors or other else WEAK)


def _matrix(both: Pair) -> tuple[str, bool] | None:
    """The initializer's name (empty for a few numbers, which say nothing), and whether A's is of another kind."""
    if abs(alike(both.a, both.b)) > max(INDEPENDENT, 3.0 / both.a.size**0.5) or (both.a == both.b).mean() > 0.05:
        return None
    told = initializer(both.b)
    if not told:
        return None if both.b.size >= FEWEST else ("", False)
    return told, initializer(both.a) != told and told not in BY_CHANCE


def _constants(both: Pair) -> str:
    values = sorted({float(value) for value in np.unique(both.b)})
    return " or ".join(f"{value:g}" for value in values)
