"""The runs of a comparison: plain, with taps, replayed from the same inputs, and against float64; by batches.

For each pass over some samples: both sides run with taps; B's graph, cut at every match, is fed with A's
activations (the introduced difference is what its layers then give against A's own); float64 tells each
side's rounding. Only numbers are kept, and the arrays of the first pass for looking at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from inspector.compare.metrics import Accumulator
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Warn
from inspector.domain.match import Match
from inspector.session.floors import Floor, floor
from inspector.session.layout import axes_between, to_a, to_b
from inspector.session.plan import Plan
from inspector.session.verdict import UNLIKE_SHAPES
from inspector.workers.child import Progress
from inspector.workers.runner_client import ReferenceError64, Runner

Array = NDArray[Any]
Arrays = Mapping[str, Array]
T = TypeVar("T")
U = TypeVar("U")


@dataclass(slots=True)
class Numbers:
    """What the passes gather for one match."""

    total: Accumulator | None = None
    introduced: Accumulator | None = None
    floor: Floor | None = None
    shape: tuple[int, ...] = ()
    axes: tuple[int, ...] | None = None
    unlike: str = ""


@dataclass(slots=True)
class Kept:
    """Arrays of the first pass in A's layout, memory-mapped from the spill."""

    a: Array
    b: Array
    replayed: Array | None = None


@dataclass(slots=True)
class Gathered:
    """Everything that the passes found, by match (A's layer name)."""

    numbers: dict[str, Numbers] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    warnings: list[Warn] = field(default_factory=list)


class Passes:
    """Runs the plan. `inputs` pairs A's and B's input tensors; arrays are given for both sides."""

    def __init__(self, a: Runner, b: Runner, plan: Plan, inputs: tuple[tuple[str, str], ...]) -> None:
        self._a, self._b, self._plan, self._inputs = a, b, plan, inputs
        self._found = Gathered()
        self._reference = {"a": True, "b": True}
        self._replays = True

    def run(self, inputs_a: Arrays, inputs_b: Arrays, progress: Progress) -> Gathered:
        """Every pass in turn. Raises what a runner raises; a side without replay or float64 is a warning."""
        ranges = self._plan.ranges()
        for index, part in enumerate(ranges):
            progress("running both sides with taps", index, len(ranges))
            chunk_a = {name: array[part] for name, array in inputs_a.items()}
            chunk_b = {name: array[part] for name, array in inputs_b.items()}
            self._pass(chunk_a, chunk_b, progress, first=index == 0)
            self._a.forget()
            self._b.forget()
        return self._found

    def _pass(self, inputs_a: Arrays, inputs_b: Arrays, progress: Progress, *, first: bool) -> None:
        taps_a, taps_b = both(
            lambda: self._a.run(inputs_a, taps=self._plan.taps_a).taps,
            lambda: self._b.run(inputs_b, taps=self._plan.taps_b).taps,
        )
        fitting = [match for match in self._plan.tapped if self._fits(match, taps_a, taps_b)]
        feeds = self._feeds(fitting, inputs_a, taps_a, taps_b)
        progress("replaying each layer from the same inputs", 0, 0)
        replayed = self._replay(feeds, fitting)
        progress("working out the noise floor in float64", 0, 0)
        floors = self._floors(fitting, inputs_a, taps_a, feeds, replayed)
        for match in fitting:
            self._gather(match, taps_a, taps_b, replayed, floors[match.a], first=first)

    def _fits(self, match: Match, taps_a: Arrays, taps_b: Arrays) -> bool:
        a, b = taps_a[match.tensor_a], taps_b[str(match.tensor_b)]
        numbers = self._found.numbers.setdefault(match.a, Numbers(shape=a.shape))
        if a.size == b.size:
            numbers.axes = numbers.axes or match.axes or axes_between(a, b)
            return True
        numbers.unlike = f"{UNLIKE_SHAPES}: {list(a.shape)} in A, {list(b.shape)} in B"
        return False

    def _feeds(self, fitting: list[Match], inputs_a: Arrays, taps_a: Arrays, taps_b: Arrays) -> dict[str, Array]:
        """A's activations in B's layout, for every tensor at which B is cut. Of several matches on one
        tensor the last one computed is fed: those before it are fused into it."""
        feeds: dict[str, Array] = {}
        for tensor_a, tensor_b in self._inputs:
            feeds[tensor_b] = inputs_a[tensor_a]
        for match in fitting:
            tensor = str(match.tensor_b)
            array = to_b(taps_a[match.tensor_a], taps_b[tensor].shape, self._found.numbers[match.a].axes)
            if array is not None:
                feeds[tensor] = array
        return feeds

    def _replay(self, feeds: dict[str, Array], fitting: list[Match]) -> dict[str, Array]:
        if not self._replays:
            return {}
        try:
            return self._b.replay(feeds, list(dict.fromkeys(str(match.tensor_b) for match in fitting)))
        except Cancelled:
            raise
        except InspectorError as error:
            self._replays = False
            text = f"B cannot be replayed, so introduced differences are not known: {error.what}"
            self._found.warnings.append(Warn("NO_REPLAY", text))
            return {}

    def _floors(
        self,
        fitting: list[Match],
        inputs_a: Arrays,
        taps_a: Arrays,
        feeds: dict[str, Array],
        replayed: dict[str, Array],
    ) -> dict[str, Floor]:
        own = {match.tensor_a: taps_a[match.tensor_a] for match in fitting}
        errors_a = self._errors("a", self._a, {**inputs_a, **own}, own)
        errors_b = self._errors("b", self._b, feeds, replayed) if replayed else {}
        found = {}
        for match in fitting:
            array = taps_a[match.tensor_a]
            a, b = errors_a.get(match.tensor_a), errors_b.get(str(match.tensor_b))
            scale = _largest(array)
            found[match.a] = floor(a, b, scale=scale, dtype=array.dtype.name)
        return found

    def _errors(self, side: str, runner: Runner, feeds: Arrays, against: Arrays) -> dict[str, ReferenceError64]:
        if not self._reference[side] or not against:
            return {}
        try:
            return runner.reference(feeds, against)
        except Cancelled:
            raise
        except InspectorError as error:
            self._reference[side] = False
            text = f"side {side.upper()} has no float64 reference, its noise floor is estimated: {error.what}"
            self._found.warnings.append(Warn("NO_REFERENCE", text))
            return {}

    def _gather(
        self, match: Match, taps_a: Arrays, taps_b: Arrays, replayed: Arrays, level: Floor, *, first: bool
    ) -> None:
        numbers = self._found.numbers[match.a]
        if numbers.floor is None or level.value > numbers.floor.value:
            numbers.floor = level
        a = taps_a[match.tensor_a]
        b = to_a(taps_b[str(match.tensor_b)], a.shape, numbers.axes)
        again = replayed.get(str(match.tensor_b))
        same_inputs = to_a(again, a.shape, numbers.axes) if again is not None else None
        if b is not None:
            numbers.total = numbers.total or Accumulator(noise_floor=level.value)
            numbers.total.add(a, b)
        if same_inputs is not None:
            numbers.introduced = numbers.introduced or Accumulator(noise_floor=level.value)
            numbers.introduced.add(a, same_inputs)
        if first and b is not None:
            self._found.kept[match.a] = Kept(a, b, same_inputs)


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
