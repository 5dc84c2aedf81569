"""Matches that a person made and that the values contradict: suspected before anything in the files is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.compare.metrics import measure
from inspector.domain.comparison import Comparison, Finding, LayerDifference, Metrics
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.match import Assignment, Match, ValueHit
from inspector.domain.wording import inside, short
from inspector.session.layout import to_a
from inspector.session.strings import is_text
from inspector.session.values import SURE, evidence
from inspector.workers.child import Progress
from inspector.workers.runner_client import Loaded, Runner

CAUSE = "wrong-match"
MOST = 32
SAME_WEIGHTS = ("exact", "transposed")
Array = NDArray[Any]
Fed = tuple[Runner, Mapping[str, Array]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A match that a person made, and the `better` tensor of B: it holds the layer's value, `apart` from it at most;
    `alone`, where the values of the two runs have parted before, when both are given the same inputs; `by_weights`,
    where even that parts (the layer itself computes something else in B), it is computed with the layer's weights.
    `total` are the numbers of the tensors that were paired, None where they are of other shapes."""

    match: Match
    better: str
    apart: float
    total: Metrics | None
    alone: bool = False
    by_weights: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """A match that a person made and whose tensor has not the value of A's layer."""

    match: Match
    total: Metrics | None
    hits: tuple[ValueHit, ...]


def disagreeing(assignment: Assignment, a: Fed, b: Fed, loaded_a: Loaded, progress: Progress) -> tuple[Chosen, ...]:
    """Of the matches that a person made, those whose tensor has not A's value, with the tensors of B that have it.

    `a` and `b` are each side's runner with the arrays that it is fed."""
    taps = {tap.tensor for tap in loaded_a.taps}
    chosen = [match for match in assignment.matches if is_chosen(match) and match.tensor_a in taps][:MOST]
    if not chosen:
        return ()
    progress(f"looking at {len(chosen)} matches made by hand", 0, 0)
    values = a[0].run(a[1], taps=[match.tensor_a for match in chosen]).taps
    told = [match for match in chosen if _tells(values[match.tensor_a])]
    found = b[0].scan(b[1], [values[match.tensor_a] for match in told], limit=8) if told else []
    result = []
    for match, hits in zip(told, found, strict=True):
        having = tuple(hit for hit in hits if hit.agreement >= SURE)
        total = _total(values[match.tensor_a], b, match)
        near = total is not None and total.cosine >= SURE
        if not near and all(hit.tensor != match.tensor_b for hit in having):
            result.append(Chosen(match, total, having))
    return tuple(result)


def doubts(found: Sequence[Chosen], names_b: Collection[str]) -> tuple[Doubt, ...]:
    """The matches for which another tensor of B has the value; of several one of `names_b`, the outputs of B's
    layers, is named."""
    result = []
    for item in (item for item in found if item.hits):
        hit = next((hit for hit in item.hits if hit.tensor in names_b), item.hits[0])
        result.append(Doubt(match=item.match, better=hit.tensor, apart=hit.max_abs, total=item.total))
    return tuple(result)


def doubts_alone(found: Sequence[Chosen], rows: Sequence[LayerDifference]) -> tuple[Doubt, ...]:
    """The matches for which the tensor that would be found without the person gives the same from the same inputs,
    or has the layer's weights. `rows` are the layers as they compare then."""
    by_layer = {row.a: row for row in rows}
    result = []
    for item in (item for item in found if not item.hits):
        row = by_layer.get(item.match.a)
        if row is None or row.introduced is None or row.b in (None, item.match.tensor_b):
            continue
        agrees = row.status in ("same", "within-noise")
        weighed = bool(row.weights) and all(weight.relation in SAME_WEIGHTS for weight in row.weights)
        if agrees or weighed:
            how = Doubt(match=item.match, better=str(row.b), apart=row.introduced.max_abs, total=item.total)
            result.append(replace(how, alone=agrees, by_weights=not agrees))
    return tuple(result)


def with_doubts(result: Comparison, found: Sequence[Doubt]) -> Comparison:
    """A comparison that was made without the doubtful matches, with these told first."""
    if not found:
        return result
    first, *others = found
    more = f" and {len(others)} more" if others else ""
    sentence = (
        f"Your match of `{first.match.a}`{more} looks wrong: {_instead(first)}; without it: {inside(result.sentence)}"
    )
    by_layer = {doubt.match.a: doubt for doubt in found}
    layers = tuple(_as_chosen(layer, by_layer.get(layer.a)) for layer in result.layers)
    note = result.verdict != "different"
    findings = (*(_finding(doubt, note=note) for doubt in found), *result.findings)
    return replace(result, sentence=sentence, layers=layers, findings=findings)


def is_chosen(match: Match) -> bool:
    by_person = any(item.kind == "user" for item in match.evidence)
    return by_person and match.tensor_b is not None and match.kind != "input"


def _tells(value: Array) -> bool:
    """Constants are everywhere."""
    return not is_text(value) and value.size > 1 and bool(np.ptp(value) > 0)


def _total(value: Array, b: Fed, match: Match) -> Metrics | None:
    try:
        other = b[0].run(b[1], taps=[str(match.tensor_b)]).taps[str(match.tensor_b)]
    except Cancelled:
        raise
    except InspectorError:  # a tensor that cannot be fetched
        return None
    turned = to_a(other, value.shape, None)
    return None if turned is None else measure(value, turned)


def _as_chosen(layer: LayerDifference, doubt: Doubt | None) -> LayerDifference:
    """The row as the person matched it: the numbers of the comparison are those of another tensor."""
    if doubt is None:
        return layer
    match = evidence(doubt.match, doubt.total)
    note = f"your match looks wrong: {_instead(doubt).replace('`', '')}"
    return replace(
        layer, b=match.tensor_b, evidence=match.evidence, weights=match.weights, total=doubt.total, introduced=None,
        status="not-compared", note=note,
    )  # fmt: skip


def _finding(doubt: Doubt, *, note: bool) -> Finding:
    layer, chosen, better = doubt.match.a, doubt.match.tensor_b, doubt.better
    apart = f"is {short(doubt.total.max_abs)} away from it" if doubt.total is not None else "has another shape"
    given = " from the same inputs" if doubt.alone else ""
    seen = f"`{better}` is within {short(doubt.apart)} of what `{layer}` gives{given}"
    if doubt.by_weights:
        seen = f"`{better}` is computed with the weights of `{layer}`, bit for bit"
    return Finding(
        cause=CAUSE,
        title=f"your match of `{layer}` looks wrong: {_instead(doubt)}",
        layer_a=layer,
        layer_b=better,
        layers=(layer,),
        confidence=0.97 if doubt.alone or doubt.by_weights else SURE,
        evidence=f"{seen}; `{chosen}`, which you matched it with, {apart}. Everything else is compared without this "
        "match",
        mend=f"match `{layer}` with `{better}`, or let the match be found again",
        unproved="nothing in the files is changed by it",
        note_only=note,
    )


def _instead(doubt: Doubt) -> str:
    if doubt.by_weights:
        return f"`{doubt.better}` has its weights"
    return f"`{doubt.better}` {'gives the same from the same inputs' if doubt.alone else 'has this value'}"
