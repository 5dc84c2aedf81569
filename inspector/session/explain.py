"""From differences to findings: what the causes suspect, tried in memory and measured. One way for all.

Layers introduce their differences independently of each other (each was given the same inputs), so every layer
is explained by itself: its suspicions are tried there, the surest first, and the first one that takes its
introduced difference to the noise floor is the cause. What the outputs still differ by then is tried on the
whole: inputs, outputs' order, run options. What stays is said to be unexplained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from inspector.causes import Case, Failures, Suspicion, not_loadable, suspicions
from inspector.causes.case import Graft, Sample, SetAttribute, SetConstant, SetTable, Trial
from inspector.compare.metrics import measure
from inspector.domain.comparison import Finding, LayerDifference, Proof
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.wording import short
from inspector.session.laboratory import Array, Gap, Laboratory
from inspector.workers.child import Progress

ROUNDS = 4
HALF = 0.5
WORTH = 0.02  # a trial that removes less than this share of what is left changes nothing
MOST_PROVED = 8
CERTAIN = 0.97
ITS_WORDS = "the framework says so itself"
UNSEEN = "the outputs agree with it or without it"
NOT_NUMBERS = "NaN or infinity is left in an output whatever is put right"
ALMOST = 0.999  # of a difference that was NaN or infinity, where finite numbers beyond the noise are left
UNEXPLAINED = "unexplained"
TOGETHER = "(all trials together)"
Pairs = Mapping[str, tuple[Array, Array]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A suspicion that stands, and why it could not be tried where it was not."""

    suspicion: Suspicion
    unproved: str = ""

    @property
    def trials(self) -> list[Trial]:
        return [self.suspicion.trial] if self.suspicion.trial is not None and not self.unproved else []


def explain(
    case: Case, laboratory: Laboratory, progress: Progress, failures: Failures, *, different: bool
) -> tuple[Finding, ...]:
    """Findings, the one to act on first: a side that its framework refuses before what the numbers say. Of sides
    that agree only what is worth knowing all the same."""
    refused = tuple(_finding(Accepted(item, ITS_WORDS), None) for item in not_loadable.suspect(case))
    if not different:
        told = [item for item in suspicions(case, failures) if item.note_only or item.measured is not None]
        faults_first = sorted(told, key=lambda item: item.note_only)
        return refused + tuple(_finding(Accepted(item), item.measured) for item in faults_first)
    return refused + _Explaining(case, laboratory, progress, failures).findings()


class _Explaining:
    def __init__(self, case: Case, laboratory: Laboratory, progress: Progress, failures: Failures) -> None:
        self._case, self._lab, self._progress, self._failures = case, laboratory, progress, failures
        self._accepted: list[Accepted] = []
        self._notes: list[Suspicion] = []
        self._measured: dict[str, Suspicion] = {}
        self._tried: set[tuple[str, tuple[str, ...], str]] = set()
        self._floors = {item.a: item.noise_floor or 0.0 for item in case.layers}
        self._open = {
            item.a: item.introduced.max_abs for item in case.layers if item.status == "different" and item.introduced
        }

    def findings(self) -> tuple[Finding, ...]:
        for number in range(ROUNDS):
            before = len(self._accepted)
            self._round()
            if len(self._accepted) == before or number == ROUNDS - 1 or not self._open:
                break
            self._look_again()
        self._unexplained()
        return self._proved()

    def _trials(self, without: Accepted | None = None) -> list[Trial]:
        return [trial for item in self._accepted if item is not without for trial in item.trials]

    def _round(self) -> None:
        found = [_with_graft(item) for item in suspicions(self._case, self._failures)]
        found = [item for item in found if self._key(item) not in self._tried and item.cause != not_loadable.CAUSE]
        self._notes += [item for item in found if item.note_only and item not in self._notes]
        self._measured |= {item.cause: item for item in found if item.measured is not None}
        rest = [item for item in found if not item.note_only and item.measured is None]
        local = [item for item in rest if not _of_the_whole(item)]
        whole = [item for item in rest if _of_the_whole(item)]
        sure = [item for item in whole if item.confidence >= HALF and not item.family]
        for item in sure:
            if not self._try_whole([item]):
                self._tried.discard(self._key(item))  # what hid it may be accepted in this round
        whole_ones = [item for item in self._accepted if _of_the_whole(item.suspicion)]
        if whole_ones and not self._needs_more():
            return
        self._try_local(local)
        if self._needs_more():
            for group in _families(item for item in whole if item not in sure):
                self._try_whole(group)

    def _needs_more(self) -> bool:
        """Whether the outputs still differ although every accepted trial is applied."""
        gap = self._gap(self._trials())
        return gap is None or not gap.within

    def _try_local(self, found: Sequence[Suspicion]) -> None:
        """The surest of each layer first; all layers in one run, since they do not depend on each other."""
        waiting = _by_layer(found)
        done = 0
        while waiting:
            heads = {layer: items.pop(0) for layer, items in waiting.items()}
            waiting = {layer: items for layer, items in waiting.items() if items}
            for layer, item in heads.items():
                done += 1
                self._progress(f"trying: {item.trial.text if item.trial else item.title}", done, done + len(waiting))
                if self._accept_local(item):
                    waiting.pop(layer, None)

    def _accept_local(self, item: Suspicion) -> bool:
        self._tried.add(self._key(item))
        layers = [name for name in (item.layers or (item.layer_a,)) if name in self._open]
        watched = layers or self._downstream(item.layer_a)
        if not watched and not self._needs_more():
            return False  # another suspicion has explained it already
        if item.trial is None or not self._lab.can_edit:
            if item.needs_proof or item.confidence < HALF:
                return False
            why = "nothing can be put right in memory" if item.trial is None else "side B cannot be edited"
            self._accept(Accepted(item, why), layers)
            return True
        left, item, why = self._left(item, watched)
        if left is None:
            if item.needs_proof or item.confidence < HALF:
                return False
            self._accept(Accepted(item, why), layers)
            return True
        settled = [name for name in watched if left[name] <= self._floors[name]]
        better = any(left[name] < HALF * self._open[name] for name in watched)
        if not watched:
            before, after = self._gap(self._trials()), self._gap([*self._trials(), *_trial(item)], item.cause)
            better = before is not None and after is not None and after.share < HALF * before.share
        if not settled and not better:
            return False
        self._open |= {name: left[name] for name in watched}
        self._accept(Accepted(item), settled)
        return True

    def _accept(self, accepted: Accepted, settled: Iterable[str]) -> None:
        self._accepted.append(accepted)
        for name in settled:
            self._open.pop(name, None)

    def _left(self, item: Suspicion, watched: Sequence[str]) -> tuple[dict[str, float] | None, Suspicion, str]:
        """What each watched layer still introduces. An edit of a node that B's graph has not (a Keras file's
        weight) is made by putting A's whole layer there."""
        trial = item.trial
        if trial is None:
            return None, item, ""
        attempts = [item]
        if any(isinstance(edit, SetConstant | SetAttribute | SetTable) for edit in trial.edits):
            grafts = tuple(Graft(layer=name) for name in (item.layers or (item.layer_a,)))
            attempts.append(replace(item, trial=replace(trial, edits=grafts)))
        why = ""
        for attempt in attempts:
            pairs, why = self._introduced([*self._trials(), *_trial(attempt)], watched, item.cause)
            if pairs is None:
                continue
            left = {name: measure(*pairs[name]).max_abs if name in pairs else float("inf") for name in watched}
            return left, attempt, ""
        return None, item, why

    def _introduced(self, trials: Sequence[Trial], names: Sequence[str], cause: str) -> tuple[Pairs | None, str]:
        """What the layers give with all trials applied; where that cannot be had, why."""
        with self._failures.of(cause):
            try:
                return self._lab.introduced(trials, names), ""
            except Cancelled:
                raise
            except InspectorError as error:
                return None, error.what
        return None, "its trial failed"

    def _downstream(self, layer: str) -> list[str]:
        """The first layer behind one without a tensor of its own in B that introduces a difference."""
        names = [item.a for item in self._case.layers]
        if layer not in names:
            return [name for name in names if name in self._open][:1]
        behind = [name for name in names[names.index(layer) :] if name in self._open]
        return behind[:1]

    def _try_whole(self, group: Sequence[Suspicion]) -> bool:
        """Of several, the one after which least is left; it must remove at least half, or be sure by itself. False
        when none was accepted."""
        accepted = len(self._accepted)
        before = self._gap(self._trials())
        best: tuple[float, Suspicion] | None = None
        for number, item in enumerate(group):
            self._tried.add(self._key(item))
            self._progress(f"trying: {item.trial.text if item.trial else item.title}", number, len(group))
            gap = self._gap([*self._trials(), item.trial], item.cause) if item.trial is not None else None
            if gap is not None and before is not None:
                left = 0.0 if gap.within else gap.share
                if left < HALF * before.share and (best is None or left < best[0]):
                    best = left, item
                    if gap.within:
                        break
            elif not item.needs_proof and item.confidence >= HALF:
                self._accept(Accepted(item, "nothing can be put right in memory"), item.layers)
        if best is not None:
            self._accept(Accepted(best[1]), ())
            self._look_again()
        return len(self._accepted) > accepted

    def _look_again(self) -> None:
        """With everything accepted in place: what each layer introduces now, for the causes to look at."""
        pairs, _ = self._introduced(self._trials(), list(self._open), TOGETHER)
        if pairs is None:
            return
        layers = tuple(self._now(item, pairs) for item in self._case.layers)
        self._open = {name: size for name, size in self._open.items() if size > self._floors[name]}
        self._case = replace(self._case, layers=layers, sample=self._samples(pairs))

    def _now(self, item: LayerDifference, pairs: Pairs) -> LayerDifference:
        """A layer as it is with everything accepted in place."""
        if item.status != "different":
            return item
        if item.a not in pairs:
            return item if item.a in self._open else replace(item, status="within-noise")
        introduced = measure(*pairs[item.a], noise_floor=self._floors[item.a])
        self._open[item.a] = introduced.max_abs
        within = introduced.max_abs <= self._floors[item.a]
        return replace(item, introduced=introduced, status="within-noise" if within else "different")

    def _samples(self, pairs: Pairs) -> Callable[[str], Sample | None]:
        def sample(name: str) -> Sample | None:
            layer = self._case.layer_a.get(name)
            return None if layer is None else self._lab.sample(name, layer.inputs, pairs.get(name))

        return sample

    def _unexplained(self) -> None:
        """The layers that still introduce a difference, each with A's layer in its place as the proof of where."""
        if not self._needs_more() and self._accepted:
            return
        for item in self._case.layers:
            if item.a in self._open:
                self._accepted.append(self._without_a_cause(_unexplained_layer(item)))
        if not self._accepted and not self._open:
            self._accepted.append(Accepted(_unexplained_output(), "no layer introduces it"))

    def _without_a_cause(self, item: Suspicion) -> Accepted:
        left, _, why = self._left(item, [item.layer_a]) if self._lab.can_edit else (None, item, "B cannot be edited")
        return Accepted(item) if left is not None else Accepted(item, why)

    def _proved(self) -> tuple[Finding, ...]:
        """Each finding's own share: everything else is mended, this one is not, and then it is, too."""
        found: list[tuple[tuple[float, bool], Finding]] = []
        after = self._gap(self._trials())
        for number, item in enumerate(self._accepted):
            proof = None
            if item.trials and after is not None and not math.isfinite(after.size):
                item = replace(item, unproved=NOT_NUMBERS)  # noqa: PLW2901
            elif item.trials and number < MOST_PROVED and after is not None:
                self._progress(f"proving: {item.trials[0].text}", number, len(self._accepted))
                before = self._gap(self._trials(without=item))
                proof = _proof(item, before, after)
                if proof is None:
                    item = replace(item, unproved=UNSEEN)  # noqa: PLW2901
            elif item.trials:
                item = replace(item, unproved=f"only the first {MOST_PROVED} are proved one by one")  # noqa: PLW2901
            stands = 1.0 if item.suspicion.confidence >= CERTAIN else 0.0  # stated outright, and nothing to try
            weight = (proof.gone if proof else stands) + (0.0 if item.suspicion.cause == UNEXPLAINED else 1.0)
            found.append(((-round(weight, 1), not _of_the_inputs(item.suspicion)), _finding(item, proof)))
        found += [((-2.0, True), _finding(Accepted(item), item.measured)) for item in self._measured.values()]
        ordered = [finding for _, finding in sorted(found, key=lambda pair: pair[0])]
        return (*ordered, *(_finding(Accepted(note), None) for note in self._notes))

    def _gap(self, trials: Sequence[Trial], cause: str = TOGETHER) -> Gap | None:
        """`cause`: whose trial is the last one."""
        with self._failures.of(cause):
            try:
                return self._lab.gap(trials)
            except Cancelled:
                raise
            except InspectorError:
                return None
        return None

    @staticmethod
    def _key(item: Suspicion) -> tuple[str, tuple[str, ...], str]:
        return item.cause, item.layers or (item.layer_a,), item.trial.text if item.trial else item.title


def _with_graft(item: Suspicion) -> Suspicion:
    """A layer's suspicion that has no number to set is tried by putting A's layer there."""
    trial = item.trial
    layers = item.layers or (item.layer_a,)
    if trial is None or not item.layer_a or trial != Trial(text=trial.text):
        return item
    return replace(item, trial=replace(trial, edits=tuple(Graft(layer=name) for name in layers)))


def _trial(item: Suspicion) -> list[Trial]:
    return [] if item.trial is None else [item.trial]


def _of_the_whole(item: Suspicion) -> bool:
    """Whether it is about inputs, outputs or the run, rather than about what a layer computes."""
    trial = item.trial
    if trial is None:
        return not item.layer_a
    return not trial.edits


def _of_the_inputs(item: Suspicion) -> bool:
    """Whether it is about what the sides are fed: of causes that weigh alike, the one that comes before all layers."""
    return item.trial is not None and (item.trial.feeds_a is not None or item.trial.feeds_b is not None)


def _by_layer(found: Iterable[Suspicion]) -> dict[str, list[Suspicion]]:
    """By the first layer of each; the surest first, and in A's order where the causes gave them so."""
    grouped: dict[str, list[Suspicion]] = {}
    for item in found:
        grouped.setdefault(item.layer_a, []).append(item)
    return {layer: sorted(items, key=lambda item: -item.confidence) for layer, items in grouped.items()}


def _families(found: Iterable[Suspicion]) -> list[list[Suspicion]]:
    grouped: dict[str, list[Suspicion]] = {}
    for number, item in enumerate(found):
        grouped.setdefault(item.family or str(number), []).append(item)
    return list(grouped.values())


def _unexplained_layer(item: LayerDifference) -> Suspicion:
    size = item.introduced.max_abs if item.introduced is not None else 0.0
    return Suspicion(
        cause=UNEXPLAINED,
        title=f"`{item.a}` computes something else in B, and no known cause fits",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=HALF,
        evidence=f"from the same inputs it differs by {short(size)}; its noise floor is {short(item.noise_floor or 0)}",
        mend=f"compare how `{item.a}` is written on both sides",
        layers=(item.a,),
        trial=Trial(text=f"A's `{item.a}` put in the place of B's", edits=(Graft(layer=item.a),)),
    )


def _unexplained_output() -> Suspicion:
    return Suspicion(
        cause=UNEXPLAINED,
        title="the outputs differ, and no layer introduces it",
        layer_a="",
        layer_b="",
        confidence=HALF,
        evidence="every layer that was compared gives the same from the same inputs",
        mend="look at the inputs, the preprocessing and the layers without a match",
    )


def _proof(item: Accepted, before: Gap | None, after: Gap) -> Proof | None:
    if before is None or not item.trials or before.within or not math.isfinite(after.size):
        return None  # NaN and infinity that stay prove nothing
    gone = 1.0
    if not after.within:
        gone = max(0.0, 1.0 - after.share / before.share) if math.isfinite(before.share) else ALMOST
    return Proof(edit=item.trials[0].text, before=before.size, after=after.size, gone=gone)


def _finding(item: Accepted, proof: Proof | None) -> Finding:
    said = item.suspicion
    tells = proof is not None and said.cause != UNEXPLAINED  # a graft proves where, not why
    confidence = max(said.confidence * 0.5, min(0.99, proof.gone)) if proof and tells else said.confidence
    return Finding(
        cause=said.cause,
        title=said.title,
        layer_a=said.layer_a,
        layer_b=said.layer_b,
        layers=said.layers or ((said.layer_a,) if said.layer_a else ()),
        confidence=confidence,
        evidence=said.evidence,
        mend=said.mend,
        proof=proof,
        unproved=item.unproved if proof is None else "",
        note_only=said.note_only,
    )
