"""The lookups of both sides: opened, paired by the layers that they stand in, and what is drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspector.causes import Suspicion
from inspector.causes.vocabulary import suspicion
from inspector.compare.lookups import unlike
from inspector.domain.comparison import Comparison, Finding
from inspector.domain.computation import Port
from inspector.domain.lookups import Lookup, LookupPair
from inspector.domain.match import Assignment, Match
from inspector.workers.lookups import opened_lookups
from inspector.workers.runner_client import Loaded

UNKNOWN = b"[UNK]"  # Keras's own word for what is not in a vocabulary


@dataclass(frozen=True, slots=True)
class _Placed:
    lookup: Lookup
    match: Match | None


def pair_lookups(assignment: Assignment, a: Sequence[Lookup], b: Sequence[Lookup]) -> tuple[LookupPair, ...]:
    """Each of A's with one of B's of its kind: of the same layer, of the same content, else the next in order."""
    tensors_a = {match.tensor_a: match for match in assignment.matches}
    tensors_b = {match.tensor_b: match for match in assignment.matches if match.tensor_b is not None}
    placed_a = [_Placed(item, _first(item, tensors_a)) for item in a]
    waiting = [_Placed(item, _first(item, tensors_b)) for item in b]
    pairs = []
    for one in placed_a:
        other = _partner(one, [item for item in waiting if item.lookup.kind == one.lookup.kind])
        if other is not None:
            waiting.remove(other)
            layer_a = one.match or other.match
            layer_b = other.match.tensor_b if other.match is not None else None
            pairs.append(
                LookupPair(
                    layer_a=layer_a.a if layer_a is not None else one.lookup.node,
                    layer_b=layer_b or other.lookup.node,
                    a=one.lookup,
                    b=other.lookup,
                )
            )
    return tuple(pairs)


def _first(lookup: Lookup, tensors: dict[str, Match]) -> Match | None:
    return next((tensors[tensor] for tensor in lookup.reaches if tensor in tensors), None)


def _partner(one: _Placed, others: Sequence[_Placed]) -> _Placed | None:
    """Tables of other kinds of keys are no partners: one of words, one of numbers."""
    fitting = [item for item in others if item.lookup.keys.dtype.kind == one.lookup.keys.dtype.kind]
    same_layer = [item for item in fitting if one.match is not None and item.match is one.match]
    alike = [item for item in same_layer or fitting if unlike(one.lookup, item.lookup) is None]
    return next(iter([*alike, *same_layer, *fitting]), None)


def _said(pairs: Sequence[LookupPair]) -> list[Suspicion]:
    """What there is to say of the lookups that differ."""
    apart = [(pair, unlike(pair.a, pair.b)) for pair in pairs]
    return [suspicion(pair, found) for pair, found in apart if found is not None]


def unseen(pairs: Sequence[LookupPair], findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings of lookups that differ, though this input did not show it."""
    told = {(finding.cause, finding.layer_a) for finding in findings}
    return tuple(
        Finding(
            cause=item.cause,
            title=item.title,
            layer_a=item.layer_a,
            layer_b=item.layer_b,
            layers=item.layers,
            confidence=item.confidence,
            evidence=item.evidence,
            mend=item.mend,
            unproved="the outputs agree with it or without it",
        )
        for item in _said(pairs)
        if (item.cause, item.layer_a) not in told
    )


def with_verdict_of(pairs: Sequence[LookupPair], result: Comparison) -> Comparison:
    """Two models that look up in unlike vocabularies or bins are different, also where this input does not show it."""
    said = _said(pairs)
    if not said or result.verdict not in ("same", "within-noise"):
        return result
    agree = "identical" if result.verdict == "same" else "the same within rounding"
    text = f"{said[0].title}; the outputs are {agree} on this input."
    return replace(result, verdict="different", sentence=text)


def ports_of(stated: Sequence[Port], loaded: Loaded) -> dict[str, Port]:
    """The inputs by tensor: the runner knows shape, dtype and vocabulary best, the file the limit of ids."""
    limits = {port.tensor: port.limit for port in stated}
    found = opened_lookups(loaded.lookups)
    return {port.tensor: with_lookups(replace(port, limit=limits.get(port.tensor)), found) for port in loaded.inputs}


def with_lookups(port: Port, lookups: Sequence[Lookup]) -> Port:
    """The port with the words, whole numbers or boundaries that its values are looked up in."""
    own = [item for item in lookups if port.tensor in item.inputs]
    vocabularies = [item for item in own if item.kind == "vocabulary"]
    keys = dict.fromkeys(key for item in vocabularies for key in np.unique(item.keys).tolist())
    bounds = [float(number) for item in own if item.kind == "boundaries" for number in item.keys]
    return replace(
        port,
        words=tuple(key for key in keys if isinstance(key, bytes) and key not in (b"", UNKNOWN)),
        entries=tuple(key for key in keys if isinstance(key, int)),
        sentences=any(item.sentences for item in own),
        closed=any(item.closed for item in vocabularies),
        span=(min(bounds), max(bounds)) if bounds else None,
    )
