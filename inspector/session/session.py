"""The use cases in one place: open, match, run, compare, find by value, save. Blocking; any thread may call."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from inspector.domain.comparison import Comparison
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import SIDES, Entry, ModelFile, Side
from inspector.domain.match import Assignment, ValueHit
from inspector.domain.options import SideOptions
from inspector.matching import match
from inspector.session.by_value import holding_the_value_of, loaded_alone
from inspector.session.carried import settings_for, swapped
from inspector.session.comparing import Comparing, Result
from inspector.session.datasets import read_dataset
from inspector.session.environments import Environments
from inspector.session.inputs import Prepared
from inspector.session.lending import (
    answer_of_unpaired,
    answer_without_a_run,
    contents,
    lend_to_refused,
    lend_to_weights,
    without_a_place,
)
from inspector.session.passes import Gathered, both
from inspector.session.prepare import prepare
from inspector.session.settings import Settings
from inspector.session.side import SideState
from inspector.session.snippets import snippet
from inspector.session.static import compare_static
from inspector.session.store import Store, pair_key
from inspector.workers import fork_server
from inspector.workers.child import Progress
from inspector.workers.reader_client import Reader
from inspector.workers.runner_client import DEFAULTS, Started, Written

Array = NDArray[Any]
Which = Literal["a", "b", "introduced-a", "introduced-b"]


def silent(_text: str, _done: int = 0, _total: int = 0) -> None:
    """Progress for those who do not want any."""


class Session:
    """Two sides, their match, their settings and the last result. Close it: it holds processes and a spill."""

    def __init__(
        self,
        *,
        store: Store | None = None,
        options_a: SideOptions = DEFAULTS,
        options_b: SideOptions = DEFAULTS,
    ) -> None:
        fork_server.hold()
        self._spill = Path(tempfile.mkdtemp(prefix="model-inspector-"))
        self._store = store or Store()
        self.environments = Environments(self._store)
        self._sides: dict[Side, SideState] = {
            "a": SideState("a", self._spill, options_a),
            "b": SideState("b", self._spill, options_b),
        }
        self._assignment: Assignment | None = None
        self._result: Result | None = None
        self._current = False  # the last result is of the files, options and matches of now
        self._comparing = threading.Lock()
        self._matching = threading.Lock()
        self._generation = 0  # of what a match rests on
        self._settled: tuple[str, str] | None = None  # the digests of the pair that the settings are for
        self._ahead = False
        self._closed = False
        self._plain_digests: dict[Side, str] = {}
        self.settings = Settings()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """Work ahead from now on: import the framework while the person looks at the trees, load what is opened.

        Where the files are open already, only what they need is imported."""
        first, self._ahead = not self._ahead, True
        for side in SIDES:
            self._sides[side].warm()
            if first and self._sides[side].file is not None:
                self._sides[side].preload()

    def open(self, side: Side, path: str | Path, options: SideOptions | None = None) -> ModelFile:
        """Open a file on a side, with the side's options or with others.

        Raises InspectorError: NOT_FOUND, NOT_A_MODEL, ...; the side keeps its file and options then."""
        file = self._sides[side].open(str(path), options)
        self._plain_digests.pop(side, None)
        self._changed()
        if self._ahead:
            self._sides[side].preload()
        return file

    def options(self, side: Side) -> SideOptions:
        """What was chosen for a side."""
        return self._sides[side].options

    def set_options(self, side: Side, options: SideOptions) -> None:
        """Choose otherwise for a side: its runner starts anew, its file is opened anew where that matters."""
        state = self._sides[side]
        if options.choices != state.options.choices and state.file is not None:
            self._plain_digests.setdefault(side, state.sha256())
        state.set_options(options)
        self._changed(keep_result=True)
        if self._ahead and self.file(side) is not None:
            self._sides[side].preload()

    def save_options(self, side: Side) -> None:
        """Keep a side's options with this pair, but for what needs consent each time."""
        self._store.set_options(self._plain_key(), side, self.options(side))

    def recall_options(self) -> tuple[tuple[Side, InspectorError | None], ...]:
        """Take up the options that were last used with this pair, on each side where nothing is set but what
        needs consent. Returns the sides with other options now, and those where that could not be."""
        told: list[tuple[Side, InspectorError | None]] = []
        for side in SIDES:
            own, known = self.options(side), self._store.options(self._plain_key(), side)
            consent = SideOptions(trust=own.trust, custom=own.custom, online=own.online)
            if known is None or own != consent:
                continue
            taken = replace(known, trust=own.trust, custom=own.custom, online=own.online)
            if taken == own:
                continue
            try:
                self.set_options(side, taken)
            except InspectorError as error:
                told.append((side, error))
            else:
                told.append((side, None))
        return tuple(told)

    def environment(self, side: Side) -> Started:
        """What runs a side: Python, versions, confinement. Waits until its framework is imported."""
        return self._sides[side].environment()

    def close_side(self, side: Side) -> None:
        self._sides[side].close_file()
        self._changed()

    def swap(self) -> None:
        """Exchange the sides with all that is known of them."""
        self._sides["a"], self._sides["b"] = self._sides["b"], self._sides["a"]
        for side in SIDES:
            self._sides[side].side = side
        other: dict[Side, Side] = {"a": "b", "b": "a"}
        self._plain_digests = {other[side]: digest for side, digest in self._plain_digests.items()}
        self._settled = None if self._settled is None else (self._settled[1], self._settled[0])
        self.settings = swapped(self.settings)
        self._changed()

    def file(self, side: Side) -> ModelFile | None:
        return self._sides[side].file

    def reader(self, side: Side) -> Reader:
        """The side's reader: children, search, details, summaries, values."""
        return self._sides[side].reader

    def snippet(self, side: Side, entry: Entry) -> str:
        """Python text that feeds or fetches the entry's tensor, empty when it has none."""
        state = self._sides[side]
        inputs = tuple(port.tensor for port in state.computation().inputs)
        return snippet(state.opened(), entry, inputs)

    def match(self, progress: Progress = silent) -> Assignment:
        """Match by names, weights and structure, without running anything; the person's choices win.

        Raises Cancelled when a file, an option or a choice changes meanwhile, or after `stop_matching()`."""
        with self._matching:
            if self._assignment is None:
                generation = self._generation
                found = self._matched(partial(self._refuse_stale, generation), progress)
                self._store.add_recent(*(self._sides[side].opened().path for side in SIDES))
                self._assignment = found
            return self._assignment

    def stop_matching(self) -> None:
        """Let a match that is under way end as soon as it looks at another weight; it raises Cancelled."""
        self._generation += 1

    def _matched(
        self,
        current: Callable[[], None],
        progress: Progress,
        *,
        without: Collection[str] = (),
        valued: Mapping[str, str] | None = None,
    ) -> Assignment:
        """The match with the person's choices, but for those of the layers `without`; `valued` are tensors of B that
        a run has shown to hold the values of some of A's layers."""
        progress("matching layers with tensors", 0, 0)
        a, b = self._sides["a"], self._sides["b"]
        both(a.computation, b.computation)
        both(a.fingerprints, b.fingerprints)
        try:
            lend_to_weights(a, b, current)
            forced = {
                layer: tensor for layer, tensor in self._store.matches(self._key()).items() if layer not in without
            }
            found = match(a.computation(), b.computation(), contents(a, b, current), forced=forced, valued=valued)
            current()
        except Cancelled:  # what was lent meanwhile was lent to a side that is another one now
            a.stand_in = b.stand_in = None
            raise
        return found

    def _refuse_stale(self, generation: int) -> None:
        if generation != self._generation:
            raise Cancelled("what was being matched has changed")

    def change_match(self, a: str, tensor_b: str | None) -> Assignment:
        """Pair a layer of A with a tensor of B, or with none; kept in the session file."""
        self._store.set_match(self._key(), a, tensor_b)
        self._changed(keep_result=True)
        return self.match()

    def clear_match(self, a: str) -> Assignment:
        """Take back a choice."""
        self._store.forget_match(self._key(), a)
        self._changed(keep_result=True)
        return self.match()

    def match_by_values(self, progress: Progress = silent) -> Assignment:
        """Match, run once unless it was run already, and complete the match with the evidence of the values."""
        if not self._current:
            self.compare(progress)
        return self._last().assignment

    def preview(self, progress: Progress = silent) -> tuple[Prepared, ...]:
        """What each side would receive with the present settings. Loads both sides."""
        assignment = self.match(progress)
        a, b = self._sides["a"], self._sides["b"]
        (_, loaded_a), (_, loaded_b) = both(lambda: a.load(progress), lambda: b.load(progress))
        return prepare(assignment, (a, loaded_a), (b, loaded_b), self.settings, read_dataset)

    def compare(self, progress: Progress = silent) -> Comparison:
        """Run both sides and say where they differ. Raises InspectorError; Cancelled after `stop()`."""
        with self._comparing:
            self._sides["a"].opened()
            self._sides["b"].opened()
            self.warm()
            assignment = self.match(progress)
            generation = self._generation
            self._result = self._compared(assignment, progress)
            self._current = generation == self._generation
            return self._result.comparison

    def compare_static(self, progress: Progress = silent) -> Comparison:
        """What weights and settings say; nothing is run, and the layers have no numbers."""
        with self._comparing:
            start, assignment = time.perf_counter(), self.match(progress)
            progress("comparing weights and settings", 0, 0)
            found = compare_static(self._sides["a"], self._sides["b"], assignment)
            found.timings["static"] = round(time.perf_counter() - start, 3)
            self._result = Result(found, assignment, Gathered(), [])
            return found

    def _compared(self, assignment: Assignment, progress: Progress) -> Result:
        """By a run of both sides; where one cannot run and nothing stands in for it, by what the files say."""
        a, b = self._sides["a"], self._sides["b"]
        if without_a_place(a, b):
            return Result(answer_without_a_run(a, b, assignment), assignment, Gathered(), [])
        progress("loading both sides", 0, 0)
        start = time.perf_counter()
        rematch = partial(self._matched, partial(self._refuse_stale, self._generation), progress)
        try:
            if lend_to_refused(a, b, assignment, progress):
                self._assignment = None
                assignment = self.match(progress)
            loading = time.perf_counter() - start
            return Comparing(a, b, self.settings, read_dataset, progress, rematch=rematch, loading=loading).run(
                assignment
            )
        except InspectorError as error:
            return Result(answer_of_unpaired(a, b, error), assignment, Gathered(), [])

    def activation(self, index: int, which: Which) -> Array | None:
        """A layer's activation of the last comparison's first pass, in A's layout; None when not kept.

        `a`, `b`: the ordinary runs; `introduced-a`, `introduced-b`: the layer given the same inputs."""
        result = self._last()
        kept = result.gathered.kept.get(result.comparison.layers[index].a)
        if kept is None:
            return None
        if which in ("a", "b"):
            return kept.a if which == "a" else kept.b
        return kept.introduced[which == "introduced-b"] if kept.introduced is not None else None

    def outputs(self, index: int) -> tuple[Array, Array]:
        """The arrays of an output pair in the plain runs, each in its own side's layout."""
        return self._last().outputs[index]

    def find_by_value(self, side: Side, tensor: str, progress: Progress = silent, *, limit: int = 20) -> list[ValueHit]:
        """The other side's tensors ranked by how well their values are this tensor's."""
        sides = self._sides["a"], self._sides["b"]
        return holding_the_value_of(
            tensor, side, sides, self.match(progress), self.settings, progress=progress, limit=limit
        )

    def find_like(self, side: Side, array: Array, progress: Progress = silent, *, limit: int = 20) -> list[ValueHit]:
        """The tensors of one side alone whose value is a given array, under the present input settings."""
        runner, inputs = loaded_alone(self._sides[side], self.settings, progress)
        return runner.scan(inputs, [array], limit=limit)[0]

    def run_alone(self, side: Side, progress: Progress = silent) -> dict[str, Array]:
        """The outputs of one side in its untouched run, under the present input settings."""
        runner, inputs = loaded_alone(self._sides[side], self.settings, progress)
        return runner.run(inputs).outputs

    def convert(
        self, form: str, wish: Mapping[str, Any], representative: Settings | None, progress: Progress = silent
    ) -> Written:
        """Side A's model in another form, in the spill. `representative`: settings of the inputs whose ranges a
        quantization takes."""
        runner, _ = self._sides["a"].load(progress)
        arrays: dict[str, Array] = {}
        if representative is not None:
            arrays = loaded_alone(self._sides["a"], representative, progress)[1]
        return runner.convert(form, wish, arrays=arrays, progress=progress)

    def sha256(self, side: Side) -> str:
        """The digest of a side's file and its parts."""
        return self._sides[side].sha256()

    def recent(self) -> list[tuple[str, str]]:
        """The last pairs of files, newest first."""
        return [(pair.a, pair.b) for pair in self._store.recent()]

    def recall_settings(self, given: Collection[str] = ()) -> None:
        """Take up the settings of the open pair, once for each pair (`settings_for` says which). `given` names
        fields of Settings that were set for this pair already: they stay."""
        pair = self._plain_digest("a"), self._plain_digest("b")
        if pair == self._settled:
            return
        before = self._settled or ("", "")
        staying = [side for side, now, last in zip(SIDES, pair, before, strict=True) if now == last]
        self.settings = settings_for(self.settings, self._store.settings(self._key()), given=given, staying=staying)
        self._settled = pair

    def save_settings(self) -> None:
        """Keep the settings of this pair in the session file."""
        self._store.set_settings(self._key(), self.settings)

    def stop(self) -> None:
        """Kill both runners at once; what waits for them raises Cancelled. Files stay open."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda side: self._sides[side].stop(), SIDES))

    def close(self) -> None:
        """End all processes and delete the spill."""
        if not self._closed:
            self._closed = True
            fork_server.release()  # first: one that still imports keeps the pipes of runners not yet born open
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda side: self._sides[side].close(), SIDES))
        shutil.rmtree(self._spill, ignore_errors=True)

    def _changed(self, *, keep_result: bool = False) -> None:
        """What was worked out is no longer true. With `keep_result` the last result can still be looked at."""
        self._generation += 1
        for side in SIDES:
            self._sides[side].stand_in = None
        self._assignment, self._current = None, False
        if not keep_result:
            self._result = None

    def _last(self) -> Result:
        if self._result is None:
            raise InspectorError("NO_RESULT", "nothing has been compared yet", todo="Run the comparison first.")
        return self._result

    def _key(self) -> str:
        return pair_key(self._sides["a"].sha256(), self._sides["b"].sha256())

    def _plain_key(self) -> str:
        """The pair as it was before anything was chosen in its files: a choice may add a file to a digest."""
        return pair_key(*(self._plain_digest(side) for side in SIDES))

    def _plain_digest(self, side: Side) -> str:
        return self._plain_digests.get(side) or self._sides[side].sha256()
