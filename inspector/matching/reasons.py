"""The evidence of a match in words and scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from inspector.domain.computation import Layer
from inspector.domain.match import Evidence, WeightDifference
from inspector.matching.contents import Contents, size_of
from inspector.matching.names import Names, base
from inspector.matching.steps import Step
from inspector.matching.sweep import Placed

KNOWN = frozenset({"exact", "transposed", "permuted", "rounded", "folded", "split"})
NAMED = 4
SHARED = 0.5
TRUST = {"structure": 0.7}


def evidence(
    names: Names,
    contents: Contents,
    layer: Layer,
    parts: Sequence[tuple[Step, Placed, Step]],
    records: Sequence[WeightDifference],
) -> tuple[Evidence, ...]:
    """What speaks for a layer's place. `parts` are its steps in A with their places and the steps there."""
    return (*_of_name(names, parts), *of_weights(contents, layer, records), *_of_structure(parts))


def confidence(found: Sequence[Evidence]) -> float:
    """How sure the match is: each kind of evidence takes away its share of the doubt that is left."""
    doubt = 1.0
    for item in found:
        doubt *= 1.0 - item.score * TRUST.get(item.kind, 0.95)
    return round(1.0 - doubt, 3)


def of_weights(contents: Contents, layer: Layer, records: Sequence[WeightDifference]) -> Iterator[Evidence]:
    """The share of the layer's numbers that stand in B. Arrays whose values are all alike count half: they
    stand in every layer."""
    good = [record for record in records if record.relation in KNOWN]
    if not good:
        return
    total = sum(_size(record) for record in records)
    share = sum(_size(record) for record in good) / total if total else 1.0
    detail = ", ".join(_group(good, relation) for relation in dict.fromkeys(r.relation for r in good))
    if len(good) < len(records):
        detail += f", {len(good)} of {len(records)} arrays"
    used = {record.a for record in good}
    plain = all(contents.trivial(weight) for weight in layer.weights if weight.id in used and size_of(weight) > 1)
    if plain and used <= {weight.id for weight in layer.weights}:
        share, detail = share / 2, f"{detail}, but each of them is one value throughout"
    yield Evidence("weights", round(share, 3), detail)


def _group(records: Sequence[WeightDifference], relation: str) -> str:
    roles = [record.role for record in records if record.relation == relation]
    if len(roles) > NAMED:
        return f"{len(roles)} arrays {relation}"
    listed = " and ".join([", ".join(roles[:-1]), roles[-1]]) if len(roles) > 1 else roles[0]
    return f"{listed} {relation}"


def _of_name(names: Names, parts: Sequence[tuple[Step, Placed, Step]]) -> Iterator[Evidence]:
    best = max((placed.name for _, placed, _ in parts), default=0.0)
    if best:
        wanted = base(parts[-1][0]) + names.suffix
        shared = "" if best > SHARED else ", which several layers or calls carry"
        yield Evidence("name", round(best, 3), f"`{wanted}` is part of the tensor's name{shared}")


def _of_structure(parts: Sequence[tuple[Step, Placed, Step]]) -> Iterator[Evidence]:
    scores = [placed.structure for _, placed, _ in parts if placed.structure]
    if not scores:
        return
    _, placed, other = parts[-1]
    steps = f" by way of {len(placed.inside)} more" if placed.inside else ""
    score = round(sum(scores) / len(scores), 3)
    what = "what the layer's inputs became" if score > 0.99 else "partly what the layer's inputs became"
    yield Evidence("structure", score, f"`{other.layer.class_name}` reads {what}{steps}")


def _size(record: WeightDifference) -> int:
    return math.prod(record.shape_a)
