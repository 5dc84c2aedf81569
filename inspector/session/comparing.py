"""One comparison from two open sides to the result: match, prepare, run, replay, measure, explain."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from inspector.causes import Failures
from inspector.causes.output_places import Offered, exchanged
from inspector.domain.comparison import Comparison, Finding, LayerDifference, OutputDifference
from inspector.domain.errors import InspectorError
from inspector.domain.files import Side as FileSide
from inspector.domain.files import Warn
from inspector.domain.match import Assignment
from inspector.session import outputs as outputs_of
from inspector.session.answer import answer
from inspector.session.casework import Measured, case_of, facts_of, weights_case
from inspector.session.explain import explain
from inspector.session.hand_made import Doubt, disagreeing, doubts, doubts_alone, is_chosen, with_doubts
from inspector.session.inputs import Prepared, ReadDataset
from inspector.session.laboratory import Bench, Laboratory
from inspector.session.latent import with_latent
from inspector.session.lookups import pair_lookups, unseen, with_verdict_of
from inspector.session.misplaced import Looked, agreeing
from inspector.session.output_pairs import paired_as_stated
from inspector.session.passes import Gathered, Passes, both
from inspector.session.plan import is_fixed, plan, samples_of
from inspector.session.prepare import prepare
from inspector.session.refused import with_refusals
from inspector.session.rows import accumulated_noise, clipping, layer_differences, settled, side_run
from inspector.session.settings import Settings
from inspector.session.side import SideState
from inspector.session.stated import Stated, unlike_settings, with_stated
from inspector.session.undone import without_undone
from inspector.session.values import complete
from inspector.session.verdict import apart, sentence, verdict_of, with_order
from inspector.workers.child import Progress
from inspector.workers.lookups import opened_lookups
from inspector.workers.runner_client import Loaded, Runner

Array = NDArray[Any]
T = TypeVar("T")


class Rematch(Protocol):
    """Matches anew: without the person's choices for some layers, or knowing in which tensors of B layers end."""

    def __call__(self, *, without: Collection[str] = (), valued: Mapping[str, str] | None = None) -> Assignment: ...


@dataclass(slots=True)
class Result:
    """The comparison, and the arrays for looking at: activations by A's layer, outputs by pair."""

    comparison: Comparison
    assignment: Assignment
    gathered: Gathered
    outputs: list[tuple[Array, Array]]


@dataclass(slots=True)
class _Clock:
    timings: dict[str, float] = field(default_factory=dict)

    def time(self, name: str, work: Callable[[], T]) -> T:
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.timings[name] = round(self.timings.get(name, 0.0) + time.perf_counter() - start, 3)


class Comparing:
    """The steps of one comparison; made anew for each."""

    def __init__(
        self,
        a: SideState,
        b: SideState,
        settings: Settings,
        read_dataset: ReadDataset,
        progress: Progress,
        *,
        rematch: Rematch,
        loading: float = 0.0,
    ) -> None:
        """`loading`: seconds that loading the sides has taken so far."""
        self._a, self._b, self._rematch = a, b, rematch
        self._settings, self._read, self._progress = settings, read_dataset, progress
        self._by_value = settings.outputs == "by-value"
        self._clock = _Clock({"load": loading})
        self._warnings: list[Warn] = []
        self._failures = Failures()
        self._doubted: tuple[str, ...] = ()

    def run(self, assignment: Assignment) -> Result:
        """Raises InspectorError: what loading, inputs or a run raise; NOT_COMPARABLE when no output pairs."""
        self._progress("loading both sides", 0, 0)
        (runner_a, loaded_a), (runner_b, loaded_b) = self._clock.time(
            "load", lambda: both(lambda: self._a.load(self._progress), lambda: self._b.load(self._progress))
        )
        self._warnings += [side.stand_in.warning for side in (self._a, self._b) if side.stand_in is not None]
        self._warnings += [*loaded_a.warnings, *loaded_b.warnings, *self._random(loaded_a, loaded_b)]
        self._prepared_with = assignment, (self._a, loaded_a), (self._b, loaded_b)
        prepared = prepare(*self._prepared_with, self._settings, self._read)
        self._warnings += [note for item in prepared for note in item.notes]
        inputs_a = {item.tensor_a: item.array_a for item in prepared}
        inputs_b = {item.tensor_b: item.array_b for item in prepared}
        fed = (inputs_a, inputs_b)
        sides = (self._a, runner_a, loaded_a), (self._b, runner_b, loaded_b)
        assignment, doubtful = self._without_doubtful(assignment, sides[0][1:], sides[1][1:], fed)
        plain = self._clock.time(
            "outputs", lambda: self._outputs(assignment, (runner_a, loaded_a), (runner_b, loaded_b), fed)
        )
        assignment = self._clock.time(
            "values", lambda: complete(assignment, (runner_a, inputs_a), (runner_b, inputs_b), loaded_a, self._progress)
        )
        gathered = self._clock.time(
            "layers", lambda: self._layers(assignment, (runner_a, loaded_a), (runner_b, loaded_b), fed)
        )
        assignment, gathered = self._clock.time(
            "ends", lambda: self._where_layers_end(assignment, gathered, plain, (sides[0][1:], sides[1][1:]), fed)
        )
        self._warnings += [*gathered.warnings, *clipping(gathered)]
        noise = accumulated_noise(gathered, loaded_a, loaded_b)
        assignment, plain, found = self._differences(assignment, plain, noise)
        layers, stated = self._judged(assignment, gathered, found)
        layers = self._latent(layers, assignment, gathered, *sides, fed)
        found = settled(found, layers, noise)
        lookups = pair_lookups(assignment, *(opened_lookups(item.lookups) for item in (loaded_a, loaded_b)))
        result = with_verdict_of(lookups, self._result(assignment, prepared, found, layers, (loaded_a, loaded_b)))
        measured = Measured(result, assignment, gathered, prepared, plain.arrays, lookups)
        findings: tuple[Finding, ...] = ()
        with self._failures.of("(looking for causes)"):
            findings = self._clock.time("causes", lambda: self._findings(measured, *sides, fed))
        shown = [(a, b if a.size == b.size else np.full(a.shape, np.nan)) for a, b in plain.arrays]
        result = replace(result, findings=findings, warnings=(*result.warnings, *self._failures.warnings))
        result = self._ordered(replace(result, sentence=answer(result, stated)), measured)
        result = with_doubts(with_refusals(result, self._a, loaded_a, self._b, loaded_b), doubtful)
        return Result(result, assignment, gathered, shown)

    def _ordered(self, result: Comparison, measured: Measured) -> Comparison:
        """With what there is to say of the outputs' order."""
        if self._by_value:
            return result
        return with_order(result, exchanged(measured.outputs(), *self._offered()))

    def _offered(self) -> list[Offered]:
        return [Offered(side.opened().format, side.computation().outputs) for side in (self._a, self._b)]

    def _without_doubtful(
        self,
        assignment: Assignment,
        a: tuple[Runner, Loaded],
        b: tuple[Runner, Loaded],
        fed: tuple[dict[str, Array], dict[str, Array]],
    ) -> tuple[Assignment, tuple[Doubt, ...]]:
        """The assignment without the matches that a person made and the values contradict, and these."""
        if not any(is_chosen(match) for match in assignment.matches):
            return assignment, ()
        found = disagreeing(assignment, (a[0], fed[0]), (b[0], fed[1]), a[1], self._progress)
        names_b = {tensor for layer in self._b.computation().layers for tensor in layer.outputs}
        doubtful = doubts(found, names_b)
        if len(doubtful) < len(found):
            trial = self._rematch(without=[item.match.a for item in found])
            rows = layer_differences(trial, self._layers(trial, a, b, fed))
            rows = without_undone(rows, self._a.computation(), self._b.computation(), ())
            doubtful += doubts_alone(found, rows)
        if not doubtful:
            return assignment, ()
        self._doubted = tuple(doubt.match.a for doubt in doubtful)
        return self._rematch(without=self._doubted), doubtful

    def _latent(
        self,
        layers: tuple[LayerDifference, ...],
        assignment: Assignment,
        gathered: Gathered,
        a: tuple[SideState, Runner, Loaded],
        b: tuple[SideState, Runner, Loaded],
        fed: tuple[dict[str, Array], dict[str, Array]],
    ) -> tuple[LayerDifference, ...]:
        """Each layer with what its weights say where its output does not show it."""
        bench = Bench(
            a=a,
            b=b,
            inputs={"a": fed[0], "b": fed[1]},
            assignment=assignment,
            gathered=gathered,
            outputs=(),
            progress=self._progress,
        )
        case = weights_case(layers, (a[0], a[2]), (b[0], b[2]), Laboratory(bench))
        with self._failures.of("(weights that do not show)"):
            return with_latent(case)
        return layers

    def _findings(
        self,
        measured: Measured,
        a: tuple[SideState, Runner, Loaded],
        b: tuple[SideState, Runner, Loaded],
        fed: tuple[dict[str, Array], dict[str, Array]],
    ) -> tuple[Finding, ...]:
        different = verdict_of(measured.result.outputs, measured.result.layers) == "different"
        outputs = measured.outputs()
        facts = [
            facts_of(*side, inputs, dict(zip(names, arrays, strict=True)), tried=different or _keeps_state(side[2]))
            for side, inputs, names, arrays in zip(
                (a, b),
                fed,
                ([pair.difference.a for pair in outputs], [pair.difference.b for pair in outputs]),
                zip(*measured.arrays, strict=True),
                strict=True,
            )
        ]
        bench = Bench(
            a=a,
            b=b,
            inputs={"a": fed[0], "b": fed[1]},
            assignment=measured.assignment,
            gathered=measured.gathered,
            outputs=outputs,
            progress=self._progress,
        )
        laboratory = Laboratory(bench)
        case = case_of(measured, (a[0], facts[0]), (b[0], facts[1]), laboratory, self._refed, by_value=self._by_value)
        findings = explain(case, laboratory, self._progress, self._failures, different=different)
        told = (*findings, *unseen(measured.lookups, findings))
        return tuple(sorted(told, key=lambda finding: finding.note_only))

    def _refed(self, side: FileSide, pipeline: str) -> dict[str, Array] | None:
        """What a side would be fed under another pipeline; None where the raw inputs do not fit it."""
        if side == "a":
            settings = replace(self._settings, preprocess_a=pipeline)
        else:
            settings = replace(self._settings, preprocess_b=pipeline)
        try:
            prepared = prepare(*self._prepared_with, settings, self._read)
        except InspectorError:
            return None
        if side == "a":
            return {item.tensor_a: item.array_a for item in prepared}
        return {item.tensor_b: item.array_b for item in prepared}

    def _outputs(
        self,
        assignment: Assignment,
        a: tuple[Runner, Loaded],
        b: tuple[Runner, Loaded],
        fed: tuple[dict[str, Array], dict[str, Array]],
    ) -> outputs_of.Plain:
        if not assignment.outputs:
            raise InspectorError(
                "NOT_COMPARABLE",
                "no output of A was found in B",
                todo="Say with change match which tensor of B an output layer of A is.",
            )
        names = [pair[0] for pair in assignment.outputs], [pair[1] for pair in assignment.outputs]
        sides = [
            outputs_of.Side(name, runner, loaded, inputs, wanted)
            for name, (runner, loaded), inputs, wanted in zip("AB", (a, b), fed, names, strict=True)
        ]
        self._progress("running both sides as they are", 0, 0)
        plain_a, plain_b = both(*(side.plain for side in sides))
        self._progress("running both sides with taps", 0, 0)
        watched = both(*(side.watched for side in sides))
        self._progress("working out the noise floor in float64", 0, 0)
        (errors_a, warned_a), (errors_b, warned_b) = both(
            lambda: outputs_of.own_error(sides[0], plain_a, watched[0]),
            lambda: outputs_of.own_error(sides[1], plain_b, watched[1]),
        )
        self._warnings += warned_a + warned_b
        for side, state, once in zip(sides, (self._a, self._b), (plain_a, plain_b), strict=True):
            if state.options.twice:
                self._progress(f"running side {side.name} once more", 0, 0)
                self._warnings.append(outputs_of.repeated(side, once))
        arrays = [(plain_a[pair[0]], plain_b[pair[1]]) for pair in assignment.outputs]
        errors = [(errors_a.get(pair[0]), errors_b.get(pair[1])) for pair in assignment.outputs]
        return outputs_of.Plain(arrays, errors)

    def _differences(
        self, assignment: Assignment, plain: outputs_of.Plain, noise: float
    ) -> tuple[Assignment, outputs_of.Plain, list[OutputDifference]]:
        """The differences, and what they are of: outputs that matching paired wrongly are paired anew."""
        found = outputs_of.differences(assignment.outputs, plain, noise)
        anew, plain = paired_as_stated(assignment, plain, found, *self._offered())
        if anew is not assignment:
            found = outputs_of.differences(anew.outputs, plain, noise)
        for pair, arrays in zip(anew.outputs, plain.arrays, strict=True):
            self._warnings += [*outputs_of.silent(pair, *arrays), *outputs_of.unlike_shapes(pair, *arrays)]
        return anew, plain, found

    def _layers(
        self,
        assignment: Assignment,
        a: tuple[Runner, Loaded],
        b: tuple[Runner, Loaded],
        fed: tuple[dict[str, Array], dict[str, Array]],
    ) -> Gathered:
        inputs_a, inputs_b = fed
        samples = samples_of({name: array.shape for name, array in {**inputs_a, **inputs_b}.items()})
        chosen = plan(assignment, a[1], b[1], samples=samples, fixed=is_fixed((a[1], b[1])))
        sides = (*a, self._a.computation()), (*b, self._b.computation())
        return Passes(*sides, chosen, assignment).run(inputs_a, inputs_b, self._progress)

    def _where_layers_end(
        self,
        assignment: Assignment,
        gathered: Gathered,
        plain: outputs_of.Plain,
        sides: tuple[tuple[Runner, Loaded], tuple[Runner, Loaded]],
        fed: tuple[dict[str, Array], dict[str, Array]],
    ) -> tuple[Assignment, Gathered]:
        """Matches and numbers with every layer where its value stands in B, unless no more layers agree then."""
        (runner_a, loaded_a), (runner_b, loaded_b) = sides
        noise = accumulated_noise(gathered, loaded_a, loaded_b)
        rows = layer_differences(assignment, gathered)
        looked = Looked(assignment, rows, agreeing(assignment, plain, noise))
        self._progress("looking up by value where layers end", 0, 0)
        ends = looked.ends((runner_a, loaded_a, fed[0]), (runner_b, self._b.computation(), fed[1]))
        if not ends:
            return assignment, gathered
        again = replace(
            self._rematch(without=self._doubted, valued=ends), inputs=assignment.inputs, outputs=assignment.outputs
        )
        again = complete(again, (runner_a, fed[0]), (runner_b, fed[1]), loaded_a, self._progress)
        found = self._layers(again, *sides, fed)
        better = len(apart(layer_differences(again, found))) < len(apart(rows))
        return (again, found) if better else (assignment, gathered)

    def _judged(
        self, assignment: Assignment, gathered: Gathered, found: list[OutputDifference]
    ) -> tuple[tuple[LayerDifference, ...], Stated]:
        """Each layer with what it does by itself, and the settings that are stated otherwise in B."""
        a, b = self._a.computation(), self._b.computation()
        rows = layer_differences(assignment, gathered)
        stated = unlike_settings(rows, a, b)
        return with_stated(without_undone(rows, a, b, found, stated), stated), stated

    def _result(
        self,
        assignment: Assignment,
        prepared: tuple[Prepared, ...],
        found: list[OutputDifference],
        layers: tuple[LayerDifference, ...],
        loaded: tuple[Loaded, Loaded],
    ) -> Comparison:
        verdict = verdict_of(found, layers)
        files = (*self._a.opened().warnings, *self._b.opened().warnings)
        return Comparison(
            verdict=verdict,
            sentence=sentence(verdict, found, layers),
            a=side_run(self._a, loaded[0]),
            b=side_run(self._b, loaded[1]),
            inputs=tuple(item.used for item in prepared),
            outputs=tuple(found),
            layers=layers,
            findings=(),
            unmatched_a=assignment.unmatched_a,
            unmatched_b=assignment.unmatched_b,
            warnings=tuple(dict.fromkeys((*files, *self._warnings))),
            timings=self._clock.timings,
        )

    @staticmethod
    def _random(a: Loaded, b: Loaded) -> list[Warn]:
        found = []
        for side, loaded in (("A", a), ("B", b)):
            if loaded.random_ops:
                names = ", ".join(loaded.random_ops[:3])
                found.append(Warn("RANDOM_OPS", f"side {side} holds random ops ({names}): a second run may differ"))
        return found


def _keeps_state(loaded: Loaded) -> bool:
    """Whether a second run can give other numbers although nothing is drawn."""
    return any(warn.code == "MUTABLE_STATE" for warn in loaded.warnings)
