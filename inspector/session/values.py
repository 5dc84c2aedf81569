"""Evidence from values: after a run, which matches hold, and which tensors are the unmatched layers' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from inspector.domain.comparison import Metrics
from inspector.domain.match import Assignment, Evidence, Match, ValueHit
from inspector.workers.child import Progress
from inspector.workers.runner_client import Loaded, Runner

MOST = 64
SURE = 0.999


def evidence(match: Match, total: Metrics | None) -> Match:
    """The match with what the run said: how well the two activations agree."""
    if total is None or any(item.kind == "values" for item in match.evidence):
        return match
    agreement = round(max(0.0, min(1.0, total.cosine)), 6)
    detail = f"activations agree with cosine {total.cosine:.6g}, at most {total.max_abs:.3g} apart"
    said = Evidence("values", agreement, detail)
    return replace(match, evidence=(*match.evidence, said))


def complete(
    assignment: Assignment,
    a: tuple[Runner, Mapping[str, NDArray[Any]]],
    b: tuple[Runner, Mapping[str, NDArray[Any]]],
    loaded_a: Loaded,
    progress: Progress,
) -> Assignment:
    """Look up by value what neither names, weights nor structure could place, in A's order.

    `a` and `b` are each side's runner with the arrays that it is fed."""
    taps = {tap.tensor for tap in loaded_a.taps}
    lost = [m for m in assignment.matches if _lost(m) and m.tensor_a in taps][:MOST]
    if not lost:
        return assignment
    progress(f"looking up {len(lost)} layers by value", 0, 0)
    values = a[0].run(a[1], taps=[match.tensor_a for match in lost]).taps
    hits = b[0].scan(b[1], [values[match.tensor_a] for match in lost], limit=5)
    found = {m.a: _by_value(m, options) for m, options in zip(lost, hits, strict=True)}
    matches = tuple(found.get(match.a, match) for match in assignment.matches)
    return replace(
        assignment, matches=matches, unmatched_a=tuple(match.a for match in matches if match.tensor_b is None)
    )


def _lost(match: Match) -> bool:
    chosen = any(item.kind == "user" for item in match.evidence)
    return match.tensor_b is None and not chosen and match.kind != "input"


def _by_value(match: Match, hits: list[ValueHit]) -> Match:
    best = next((hit for hit in hits if hit.agreement >= SURE), None)
    if best is None:
        return match
    said = Evidence("values", best.agreement, f"the same values ({best.relation}), at most {best.max_abs:.3g} apart")
    return replace(match, tensor_b=best.tensor, score=best.agreement, evidence=(*match.evidence, said), note="")
