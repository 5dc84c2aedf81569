"""`weights-not-loaded`: B's weights are fresh from an initializer: never loaded, or of another session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inspector.causes.arrays import Pair, alike, differs, edits, layers_with_weights, named, pair
from inspector.causes.case import Case, Suspicion, Trial
from inspector.causes.initializers import BY_CHANCE, initializer, starts_as
from inspector.domain.comparison import LayerDifference

CAUSE = "weights-not-loaded"
SURE, WEAK = 0.94, 0.82
SMALL = 4096
INDEPENDENT = 0.5  # correlation of a matrix with what it was: a fresh one has none, and few numbers have some
UNLIKE = ("different", "permuted")


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A layer as an initializer gives it: what says so, and whether that could be chance. `whole`: nothing that
    training has moved in A is there in B."""

    layer: LayerDifference
    told: str
    sure: bool


def suspect(case: Case) -> Iterator[Suspicion]:
    """All layers whose arrays are an initializer's in B and not in A, as one story: nobody loaded them."""
    open_ = [item for item, _, _ in case.suspects() if differs(item)]
    found = {item.a: fresh for item in open_ if (fresh := _fresh(case, item)) is not None}
    if not found:
        return
    sure = [fresh for fresh in found.values() if fresh.sure]
    chosen = list(found.values()) if sure or len(found) == 1 else []
    if not chosen:
        return
    layers = [fresh.layer for fresh in chosen]
    of = f" of {len(layers_with_weights(case))}" if len(layers) > 1 else ""
    several = f"{len(layers)}{of} layers" if len(layers) > 1 else named([layers[0].a])
    yield Suspicion(
        cause=CAUSE,
        title=f"the weights of {several} were never loaded into B",
        layer_a=layers[0].a,
        layer_b=layers[0].b or "",
        layers=tuple(item.a for item in layers),
        confidence=SURE if sure else WEAK,
        evidence="; ".join(f"`{fresh.layer.a}`: {fresh.told}" for fresh in chosen[:3]),
        mend="load before the export: model.load_weights(path) without by_name (or saver.restore in the same session), "
        "then check that model.layers[i].get_weights() changed",
        trial=Trial(text=f"A's weights put into {named([item.a for item in layers])} of B", edits=edits(case, layers)),
    )


def _fresh(case: Case, item: LayerDifference) -> _Fresh | None:
    vectors: list[str] = []
    matrices: list[tuple[str, str, bool]] = []
    for weight in item.weights:
        both = pair(case, item, weight) if weight.relation in UNLIKE or _small(weight.shape_a) else None
        if both is None or not np.isfinite(both.b).all():
            return None  # without a partner, or loaded and large
        if weight.relation not in UNLIKE:
            if not starts_as(weight.role, both.a):
                return None  # something that was trained has come over
        elif starts_as(weight.role, both.b):
            vectors.append(f"{weight.role} is {_constants(both)} throughout")
        else:
            told = _matrix(both)
            if told is None:
                return None
            matrices.append((weight.role, *told))
    return _judged(item, vectors, matrices)


def _judged(item: LayerDifference, vectors: list[str], matrices: list[tuple[str, str, bool]]) -> _Fresh | None:
    known = [f"{role} is {told}" for role, told, _ in matrices if told and (vectors or told not in BY_CHANCE)]
    if not known and len(vectors) < 2:
        return None
    if item.kind == "batch_norm" and not any(told.startswith(("gamma", "beta")) for told in vectors):
        return None  # only its statistics: another cause
    sure = bool(vectors) or any(other for _, _, other in matrices)
    if any(not told for _, told, _ in matrices) and not vectors:
        return None
    return _Fresh(item, ", ".join([*known, *vectors]), sure)


def _matrix(both: Pair) -> tuple[str, bool] | None:
    """The initializer's name (empty for a few numbers, which say nothing), and whether A's is of another kind."""
    if abs(alike(both.a, both.b)) > max(INDEPENDENT, 3.0 / both.a.size**0.5) or (both.a == both.b).mean() > 0.05:
        return None
    told = initializer(both.b)
    if not told:
        return None if both.b.size >= 24 else ("", False)
    return told, both.b.size >= 100 and initializer(both.a) != told and told not in BY_CHANCE


def _small(shape: tuple[int, ...]) -> bool:
    return int(np.prod(shape)) <= SMALL


def _constants(both: Pair) -> str:
    values = sorted({float(value) for value in np.unique(both.b)})
    return " or ".join(f"{value:g}" for value in values)
