"""The runs of a comparison: plain, with taps, replayed from the same inputs, and against float64; by batches.

For each pass over some samples: both sides run with taps; one side, cut at every match, is fed with the
other's activations (the introduced difference is what its layers then give against the other's own); float64
tells each side's rounding. B is cut where it can be, else A: TensorFlow Lite, a browser or a recording cannot
be fed inside, and supplies the activations. Only numbers are kept, and the first pass's arrays to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from inspector.compare.metrics import Accumulator
from inspector.domain.computation import Computation
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import SIDES, Side, Warn
from inspector.domain.match import Assignment, Match
from inspector.session.coarse import Coarse, coarse, records_by_layer
from inspector.session.floors import WITHOUT_REFERENCE, Floor, floor, spacing
from inspector.session.layout import axes_between, to_a, to_b
from inspector.session.plan import Plan
from inspector.session.verdict import UNLIKE_SHAPES
from inspector.workers.child import Progress
from inspector.workers.runner_client import Loaded, ReferenceError64, Runner

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Errors = Mapping[str, ReferenceError64]
CUT_FIRST: tuple[Side, Side] = ("b", "a")
T = TypeVar("T")
U = TypeVar("U")


@dataclass(slots=True)
class Numbers:
    """What the passes gather for one match; `scale` is A's largest absolute value, `clipped`
    the largest share of a quantized side's values that lie at an end of their range."""

    total: Accumulator | None = None
    introduced: Accumulator | None = None
    floor: Floor | None = None
    shape: tuple[int, ...] = ()
    scale: float = 0.0
    clipped: float | None = None
    axes: tuple[int, ...] | None = None
    unlike: str = ""


@dataclass(slots=True)
class Kept:
    """Arrays of the first pass in A's layout, memory-mapped from the spill: of the ordinary runs, and of the
    same layers given the same inputs (A's and B's, one of them replayed)."""

    a: Array
    b: Array
    introduced: tuple[Array, Array] | None = None


@dataclass(slots=True)
class Gathered:
    """Everything that the passes found, by match (A's layer name). Of the first pass: `inputs` of both sides,
    `feeds`, the other side's activations with which the side `cut` was replayed."""

    numbers: dict[str, Numbers] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    warnings: list[Warn] = field(default_factory=list)
    inputs: dict[Side, Arrays] = field(default_factory=dict)
    feeds: dict[str, Array] = field(default_factory=dict)
    cut: Side | None = None


class Passes:
    """Runs the plan. Arrays are given for both sides' inputs, which the assignment pairs."""

    def __init__(
        self,
        a: tuple[Runner, Loaded, Computation],
        b: tuple[Runner, Loaded, Computation],
        plan: Plan,
        assignment: Assignment,
    ) -> None:
        self._runners = {"a": a[0], "b": b[0]}
        self._loaded = {"a": a[1], "b": b[1]}
        records_a, records_b = records_by_layer(assignment)
        self._coarse: dict[Side, Coarse] = {
            "a": coarse(a[1], a[2], set(plan.taps_a), records_a),
            "b": coarse(b[1], b[2], set(plan.taps_b), records_b),
        }
        self._plan, self._inputs = plan, assignment.inputs
        self._reads = {layer.name: layer.inputs for layer in a[2].layers}
        self._found = Gathered()
        self._reference = {side: "reference" in loaded.can for side, loaded in self._loaded.items()}
        self._cut: Side | None = next((side for side in CUT_FIRST if "replay" in self._loaded[side].can), None)
        if self._cut is None:
            text = f"neither side can be fed inside ({a[1].framework}; {b[1].framework}): only totals are known"
            self._found.warnings.append(Warn("NO_REPLAY", text))

    def run(self, inputs_a: Arrays, inputs_b: Arrays, progress: Progress) -> Gathered:
        """Every pass in turn. Raises what a runner raises; a side without replay or float64 is a warning."""
        ranges = self._plan.ranges()
        for index, part in enumerate(ranges):
            progress("running both sides with taps", index, len(ranges))
            chunk_a, chunk_b = (
                {name: array[part] if array.ndim else array for name, array in inputs.items()}
                for inputs in (inputs_a, inputs_b)
            )
            self._pass({"a": chunk_a, "b": chunk_b}, progress, first=index == 0)
            for runner in self._runners.values():
                runner.forget()
        return self._found

    def _pass(self, inputs: dict[Side, Arrays], progress: Progress, *, first: bool) -> None:
        run_a, run_b = both(
            lambda: self._runners["a"].run(inputs["a"], taps=[*self._plan.taps_a, *self._coarse["a"].fed]),
            lambda: self._runners["b"].run(inputs["b"], taps=[*self._plan.taps_b, *self._coarse["b"].fed]),
        )
        taps_a, taps_b = run_a.taps, run_b.taps
        taps: dict[Side, Arrays] = {"a": taps_a, "b": taps_b}
        fitting = [match for match in self._plan.tapped if self._fits(match, taps_a, taps_b)]
        progress("replaying each layer from the same inputs", 0, 0)
        feeds = self._feeds(fitting, inputs, taps)
        replayed = self._replay(feeds, fitting)
        if first:
            self._found.inputs, self._found.feeds, self._found.cut = inputs, feeds, self._cut
        progress("working out the noise floor in float64", 0, 0)
        errors = self._errors_of(fitting, inputs, taps, feeds, replayed)
        for match in fitting:
            shares = run_a.clipped.get(match.tensor_a), run_b.clipped.get(str(match.tensor_b))
            numbers = self._found.numbers[match.a]
            numbers.clipped = max((share for share in (numbers.clipped, *shares) if share is not None), default=None)
            level = self._floor(match, taps_a, errors)
            self._gather(match, taps, replayed, level, first=first)

    def _fits(self, match: Match, taps_a: Arrays, taps_b: Arrays) -> bool:
        a, b = taps_a[match.tensor_a], taps_b[str(match.tensor_b)]
        numbers = self._found.numbers.setdefault(match.a, Numbers(shape=a.shape))
        if a.size == b.size:
            numbers.axes = numbers.axes or match.axes or axes_between(a, b)
            return True
        numbers.unlike = f"{UNLIKE_SHAPES}: {list(a.shape)} in A, {list(b.shape)} in B"
        return False

    def _feeds(self, fitting: list[Match], inputs: dict[Side, Arrays], taps: dict[Side, Arrays]) -> dict[str, Array]:
        """The other side's activations in the cut side's layout, for every tensor at which it is cut. Of
        several matches on one tensor of B the last one computed is fed: those before it are fused into it."""
        if self._cut is None:
            return {}
        feeds: dict[str, Array] = {}
        for tensor_a, tensor_b in self._inputs:
            own, other = (tensor_b, tensor_a) if self._cut == "b" else (tensor_a, tensor_b)
            given = inputs[self._cut][own]
            seen = taps["a" if self._cut == "b" else "b"].get(other, given)
            feeds[own] = seen.reshape(given.shape) if seen.size == given.size else given
        for match in fitting:
            a, b = taps["a"][match.tensor_a], taps["b"][str(match.tensor_b)]
            axes = self._found.numbers[match.a].axes
            array = to_b(a, b.shape, axes) if self._cut == "b" else to_a(b, a.shape, axes)
            if array is not None:
                feeds[_tensor(match, self._cut)] = array
        return feeds

    def _replay(self, feeds: dict[str, Array], fitting: list[Match]) -> dict[str, Array]:
        if self._cut is None:
            return {}
        try:
            fetch = list(dict.fromkeys(_tensor(match, self._cut) for match in fitting))
            return self._runners[self._cut].replay(feeds, fetch)
        except Cancelled:
            raise
        except InspectorError as error:
            text = f"{self._cut.upper()} cannot be replayed, so introduced differences are not known: {error.what}"
            self._found.warnings.append(Warn("NO_REPLAY", text))
            self._cut = None
            return {}

    def _errors_of(
        self,
        fitting: list[Match],
        inputs: dict[Side, Arrays],
        taps: dict[Side, Arrays],
        feeds: dict[str, Array],
        replayed: dict[str, Array],
    ) -> dict[Side, Errors]:
        """Each side's distance from float64: the cut side's when it is fed, the other's from its own."""
        found: dict[Side, Errors] = {}
        for side in SIDES:
            if side == self._cut:
                found[side] = self._errors(side, feeds, replayed)
            else:
                own = {_tensor(match, side): taps[side][_tensor(match, side)] for match in fitting}
                found[side] = self._errors(side, {**inputs[side], **own}, own)
        return found

    def _errors(self, side: Side, feeds: Arrays, against: Arrays) -> Errors:
        if not self._reference[side] or not against:
            return {}
        try:
            return plausible(self._runners[side].reference(feeds, against), self._loaded[side])
        except Cancelled:
            raise
        except InspectorError as error:
            self._reference[side] = False
            text = f"side {side.upper()} has no float64 reference, its noise floor is estimated: {error.what}"
            self._found.warnings.append(Warn("NO_REFERENCE", text))
            return {}

    def _floor(self, match: Match, taps: Arrays, errors: dict[Side, Errors]) -> Floor:
        a = taps[match.tensor_a]
        scale = _largest(a)
        own = {side: errors[side].get(_tensor(match, side)) for side in SIDES}
        step = sum(self._coarse[side].steps.get(_tensor(match, side), 0.0) for side in SIDES)
        relative = sum(self._coarse[side].relative.get(_tensor(match, side), 0.0) for side in SIDES)
        gain = sum(self._coarse[side].gains.get(_tensor(match, side), 0.0) for side in SIDES)
        step += gain * max(
            (_largest(taps[tensor]) for tensor in self._reads.get(match.a, ()) if tensor in taps), default=0
        )
        return floor(own["a"], own["b"], scale=scale, dtype=a.dtype.name, step=step, relative=relative)

    def _gather(self, match: Match, taps: dict[Side, Arrays], replayed: Arrays, level: Floor, *, first: bool) -> None:
        numbers = self._found.numbers[match.a]
        if numbers.floor is None or level.value > numbers.floor.value:
            numbers.floor = level
        a = taps["a"][match.tensor_a]
        b = to_a(taps["b"][str(match.tensor_b)], a.shape, numbers.axes)
        if b is None:
            return
        numbers.scale = max(numbers.scale, _largest(a))
        numbers.total = numbers.total or Accumulator(noise_floor=level.value)
        numbers.total.add(a, b)
        pair = self._same_inputs(match, a, b, replayed)
        if pair is not None:
            numbers.introduced = numbers.introduced or Accumulator(noise_floor=level.value)
            numbers.introduced.add(*pair)
        if first:
            self._found.kept[match.a] = Kept(a, b, pair)

    def _same_inputs(self, match: Match, a: Array, b: Array, replayed: Arrays) -> tuple[Array, Array] | None:
        """A's and B's values of the layer given the same inputs, in A's layout."""
        if self._cut is None:
            return None
        again = replayed.get(_tensor(match, self._cut))
        if again is None:
            return None
        if self._cut == "a":
            return self._coarse["b"].cut_off(str(match.tensor_b), again.reshape(a.shape)), b
        turned = to_a(again, a.shape, self._found.numbers[match.a].axes)
        return (a, self._coarse["a"].cut_off(match.tensor_a, turned)) if turned is not None else None


def plausible(errors: Errors, loaded: Loaded) -> Errors:
    """What float64 says of a side that holds random ops holds only for what they do not reach: there another
    number was drawn, which is no rounding."""
    if not loaded.random_ops:
        return errors
    allowed = WITHOUT_REFERENCE * spacing("float32")
    return {name: item for name, item in errors.items() if item.error <= allowed * item.scale}


def _tensor(match: Match, side: Side) -> str:
    return match.tensor_a if side == "a" else str(match.tensor_b)


def both(one: Callable[[], T], other: Callable[[], U]) -> tuple[T, U]:
    """Run two calls side by side; the first error of either is raised when both have ended."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(one), pool.submit(other)
        return first.result(), second.result()


def _largest(array: Array) -> float:
    if array.dtype.kind not in "fiu" or not array.size:
        return 0.0
    finite = array[np.isfinite(array)]
    return float(np.abs(finite.astype(np.float64)).max()) if finite.size else 0.0
