"""A comparison without a run: what weights and settings say, in seconds, also of models that cannot run here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from inspector.causes import Case, Failures, Suspicion, suspicions
from inspector.causes.case import Array
from inspector.domain.comparison import Comparison, Finding, LayerDifference, ShapePair, SideRun, Verdict
from inspector.domain.match import Assignment, Match
from inspector.session.casework import by_names, by_tensors, facts_of_file
from inspector.session.option_text import in_words
from inspector.session.side import SideState

LIKELY = 0.5  # a suspicion that cannot be tried must be at least this sure by itself
STATED = 0.95  # both sides state it
EQUAL = ("exact", "transposed", "permuted")
NOT_RUN = "nothing was run"
ROOM = 2**28


class Kept:
    """Reads weights and keeps them for the next cause that asks, 256 MB of them."""

    def __init__(self, read: Callable[[str], Array]) -> None:
        self._read, self._kept, self._room = read, dict[str, Array](), ROOM

    def __call__(self, value_id: str) -> Array:
        if value_id in self._kept:
            return self._kept[value_id]
        found = self._read(value_id)
        if found.nbytes <= self._room:
            self._room -= found.nbytes
            self._kept[value_id] = found
        return found


def compare_static(a: SideState, b: SideState, assignment: Assignment) -> Comparison:
    """The verdict is `different` where a weight or a setting gives a finding, else `same` or (where weights were
    rounded or folded) `within-noise`; `not-comparable` where there was nothing to lay side by side."""
    case, failures = _case(a, b, assignment), Failures()
    findings = tuple(_finding(item) for item in _standing(suspicions(case, failures)))
    verdict = _verdict(case, findings)
    found = not_run(a, b, verdict, _sentence(verdict, case, findings))
    return replace(
        found,
        layers=case.layers,
        findings=findings,
        unmatched_a=assignment.unmatched_a,
        unmatched_b=assignment.unmatched_b,
        warnings=(*found.warnings, *failures.warnings),
    )


def not_run(
    a: SideState, b: SideState, verdict: Verdict, sentence: str, shapes: tuple[ShapePair, ...] = ()
) -> Comparison:
    """An answer that holds no numbers, since nothing was run."""
    stand_ins = tuple(side.stand_in.warning for side in (a, b) if side.stand_in is not None)
    return Comparison(
        verdict=verdict,
        sentence=sentence,
        a=_side_run(a),
        b=_side_run(b),
        inputs=(),
        outputs=(),
        layers=(),
        findings=(),
        unmatched_a=(),
        unmatched_b=(),
        warnings=tuple(dict.fromkeys((*a.opened().warnings, *b.opened().warnings, *stand_ins))),
        timings={},
        shapes=shapes,
    )


def _case(a: SideState, b: SideState, assignment: Assignment) -> Case:
    return Case(
        layers=tuple(_layer(index, match) for index, match in enumerate(assignment.matches)),
        layer_a=by_names(a.computation()),
        layer_b=by_tensors(b.computation()),
        values_a=Kept(a.reader.values),
        values_b=Kept(b.reader.values),
        a=facts_of_file(a),
        b=facts_of_file(b),
        unmatched_a=assignment.unmatched_a,
        unmatched_b=assignment.unmatched_b,
        warnings=(*a.opened().warnings, *b.opened().warnings),
        ran=False,
    )


def _layer(index: int, match: Match) -> LayerDifference:
    return LayerDifference(
        index=index,
        a=match.a,
        b=match.tensor_b,
        class_name=match.class_name,
        kind=match.kind,
        status="not-compared",
        evidence=match.evidence,
        weights=match.weights,
        note=match.note,
    )


def _standing(found: Iterable[Suspicion]) -> list[Suspicion]:
    """The surest of each layer, and what both sides state; the surest come first. Notes come last."""
    kept: list[Suspicion] = []
    notes: list[Suspicion] = []
    explained: set[str] = set()
    for item in found:
        layers = set(item.layers or ((item.layer_a,) if item.layer_a else ()))
        if item.note_only:
            notes.append(item)
        elif item.confidence >= LIKELY and not item.needs_proof:
            same = any(other.cause == item.cause and _layers(other) & layers for other in kept)
            if not layers or layers - explained or (item.confidence >= STATED and not same):
                kept.append(item)
                explained |= layers
    return [*kept, *notes]


def _layers(item: Suspicion) -> set[str]:
    return set(item.layers or (item.layer_a,))


def _finding(item: Suspicion) -> Finding:
    return Finding(
        cause=item.cause,
        title=item.title,
        layer_a=item.layer_a,
        layer_b=item.layer_b,
        layers=item.layers or ((item.layer_a,) if item.layer_a else ()),
        confidence=item.confidence,
        evidence=item.evidence,
        mend=item.mend,
        unproved="" if item.note_only else NOT_RUN,
        note_only=item.note_only,
    )


def _verdict(case: Case, findings: Sequence[Finding]) -> Verdict:
    if not any(layer.b is not None for layer in case.layers):
        return "not-comparable"
    if any(not finding.note_only for finding in findings):
        return "different"
    weighted, alone = _weighted(case)
    if 2 * len(alone) > len(weighted):
        return "not-comparable"
    relations = {weight.relation for layer in case.layers for weight in layer.weights}
    return "same" if relations <= set(EQUAL) else "within-noise"


def _weighted(case: Case) -> tuple[list[str], list[str]]:
    """A's layers that hold weights, and those of them that found none in B."""
    weighted = [item for item in case.layers if case.layer_a[item.a].weights]
    return [item.a for item in weighted], [item.a for item in weighted if not item.weights]


def _sentence(verdict: Verdict, case: Case, findings: Sequence[Finding]) -> str:
    weighted, alone = _weighted(case)
    count = sum(len(layer.weights) for layer in case.layers)
    left = f" {_count(len(alone), 'layer')} with weights found no partner in B and cannot be judged." if alone else ""
    if verdict == "not-comparable":
        return (
            f"A and B cannot be compared without a run: {len(alone)} of {len(weighted)} layers with weights match none."
        )
    if verdict == "different":
        causes = [finding for finding in findings if not finding.note_only]
        more = f", and {len(causes) - 1} more" if len(causes) > 1 else ""
        return f"B differs from A: {causes[0].title}{more}; told from weights and settings, {NOT_RUN}.{left}"
    how = "the same numbers" if verdict == "same" else "the same numbers within rounding"
    told = f"{_count(count, 'array')} of weights hold {how}" if count else "there are no weights"
    return f"Nothing tells A and B apart: {told}, and no setting differs; {NOT_RUN}.{left}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _side_run(side: SideState) -> SideRun:
    """The file; nothing of a framework, since none was started."""
    file = side.opened()
    options = ", ".join(in_words(side.options))
    return SideRun(
        path=file.path,
        format=file.format,
        sha256=side.sha256(),
        framework="",
        python="",
        environment={"reason": file.reason} | ({"options": options} if options else {}),
    )
