"""Experiments: what is left of the differences when a copy of B, its inputs or its options are mended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.causes.case import Edit, Graft, OutputPair, Sample, SetAttribute, SetConstant, SetTable, Trial
from inspector.compare.metrics import measure
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Side
from inspector.domain.match import Assignment, Match
from inspector.session.layout import to_a
from inspector.session.passes import Gathered
from inspector.session.side import SideState
from inspector.session.strings import as_numbers, is_text
from inspector.workers import edits as runner_edits
from inspector.workers.child import Progress
from inspector.workers.runner_client import Loaded, Runner

Array = NDArray[Any]
Arrays = Mapping[str, Array]
KEPT_GAPS = 64


@dataclass(frozen=True, slots=True)
class Gap:
    """How far the outputs are apart. `share`: of the output that is furthest apart, as a share of its largest
    value (infinite where one side has NaN or infinity and the other has not); `size` the same in its units;
    `within` when every output lies within its noise floor."""

    share: float
    size: float
    within: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the experiments are made with: both sides, ready to run, and everything that was measured."""

    a: tuple[SideState, Runner, Loaded]
    b: tuple[SideState, Runner, Loaded]
    inputs: Mapping[Side, Arrays]
    assignment: Assignment
    gathered: Gathered
    outputs: tuple[OutputPair, ...]
    progress: Progress


class Laboratory:
    """Applies trials one upon the other and measures. Nothing that it does is seen by a later plain run."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._matches = {match.a: match for match in bench.assignment.matches}
        self._shapes = {name: (kept.a.shape, kept.a.dtype) for name, kept in bench.gathered.kept.items()}
        self._exported: tuple[Path, dict[str, str]] | None = None
        self._gaps: dict[tuple[int, ...], Gap] = {}
        self._kept: list[Trial] = []
        self._tapped: dict[str, Array] = {}

    @property
    def can_edit(self) -> bool:
        return "edit" in self._bench.b[2].can

    def gap(self, trials: Sequence[Trial]) -> Gap:
        """The outputs' difference with all trials applied. Raises what a runner raises (NO_EDIT, ...)."""
        key = tuple(sorted(id(trial) for trial in trials))
        if key not in self._gaps:
            self._kept += trials  # an id is a name only as long as its object lives
            self._gaps[key] = self._measured(trials)
        return self._gaps[key]

    def introduced(self, trials: Sequence[Trial], names: Sequence[str]) -> dict[str, tuple[Array, Array]]:
        """Of these layers of A: A's and B's output given the same inputs, with the trials' edits in B."""
        gathered = self._bench.gathered
        edits = [edit for trial in trials for edit in trial.edits]
        if gathered.cut != "b" or not edits:
            kept = ((name, gathered.kept.get(name)) for name in names)
            return {name: item.introduced for name, item in kept if item is not None and item.introduced is not None}
        feeds = {**gathered.feeds, **self._fed_otherwise(trials)}
        tensors = {name: str(self._matches[name].tensor_b) for name in names if name in gathered.kept}
        with self._edited(edits) as runner:
            found = runner.replay(feeds, list(dict.fromkeys(tensors.values())), edited=True)
        result = {}
        for name, tensor in tensors.items():
            a = gathered.kept[name].a
            turned = to_a(found[tensor], a.shape, gathered.numbers[name].axes)
            if turned is not None:
                result[name] = (a, turned)
        return result

    def sample(self, name: str, inputs: Sequence[str], pair: tuple[Array, Array] | None = None) -> Sample | None:
        """A layer's arrays of the first pass, where all are numbers; `inputs` are A's tensors that it reads."""
        gathered = self._bench.gathered
        kept = gathered.kept.get(name)
        pair = pair or (kept.introduced if kept is not None else None)
        floor = gathered.numbers[name].floor if kept is not None else None
        read = [self._read_by_layers(tensor) for tensor in inputs]
        if pair is None or floor is None or any(array is None for array in read):
            return None
        arrays = tuple(array for array in read if array is not None)
        if any(is_text(array) for array in (*arrays, *pair)):
            return None
        return Sample(inputs=arrays, a=pair[0], b=pair[1], noise_floor=floor.value)

    def _read_by_layers(self, tensor: str) -> Array | None:
        """What A's layers read there: its own activation, or B's where A is the side that was fed."""
        gathered = self._bench.gathered
        if gathered.cut == "a" and tensor in gathered.feeds:
            return gathered.feeds[tensor]
        for match in self._bench.assignment.matches:
            if match.tensor_a == tensor and match.a in gathered.kept:
                return gathered.kept[match.a].a
        if tensor in gathered.inputs.get("a", {}):
            return gathered.inputs["a"][tensor]
        return self._tap(tensor) if gathered.cut == "b" else None

    def _tap(self, tensor: str) -> Array | None:
        """An activation of A that no match asked for."""
        if tensor not in self._tapped:
            try:
                found = self._bench.a[1].run(self._bench.gathered.inputs["a"], taps=[tensor]).taps
            except Cancelled:
                raise
            except InspectorError:
                return None
            self._tapped.update(found)
        return self._tapped[tensor]

    def _measured(self, trials: Sequence[Trial]) -> Gap:
        pairs = next((trial.pairs for trial in reversed(trials) if trial.pairs), None)
        wanted = {pair.difference.a: pair.difference.b for pair in self._bench.outputs} | dict(pairs or ())
        outputs_a = self._outputs_a(trials)
        outputs_b = self._outputs_b(trials, list(dict.fromkeys(wanted.values())))
        outputs_b |= {name: array for trial in trials for name, array in (trial.outputs_b or {}).items()}
        gaps = []
        for pair in self._bench.outputs:
            a = outputs_a.get(pair.difference.a, pair.a)
            b = outputs_b[wanted[pair.difference.a]]
            turned = b if b.shape == a.shape else to_a(b, a.shape, pair.difference.axes)
            gaps.append(gap_of(a, turned, pair.difference.noise_floor))
        worst = max(gaps, key=lambda gap: gap.share)
        return replace(worst, within=all(gap.within for gap in gaps))

    def _outputs_a(self, trials: Sequence[Trial]) -> dict[str, Array]:
        fed = {name: array for trial in trials for name, array in (trial.feeds_a or {}).items()}
        if not fed and not any(trial.options_a for trial in trials):
            return {}
        names = [pair.difference.a for pair in self._bench.outputs]
        state, runner, _ = self._bench.a
        inputs = {**self._bench.inputs["a"], **fed}
        changed = _options(trials, "a")
        if changed:
            return self._with_options(state, changed, inputs, names)
        return runner.run(inputs, outputs=names).outputs

    def _outputs_b(self, trials: Sequence[Trial], names: list[str]) -> dict[str, Array]:
        inputs = {**self._bench.inputs["b"], **self._fed_otherwise(trials)}
        changed = _options(trials, "b")
        if changed:
            return self._with_options(self._bench.b[0], changed, inputs, names)
        edits = [edit for trial in trials for edit in trial.edits]
        if not edits:
            return self._bench.b[1].run(inputs, outputs=names).outputs
        with self._edited(edits) as runner:
            return runner.run(inputs, outputs=names, edited=True).outputs

    def _fed_otherwise(self, trials: Sequence[Trial]) -> dict[str, Array]:
        return {name: array for trial in trials for name, array in (trial.feeds_b or {}).items()}

    def _with_options(
        self, state: SideState, changed: Mapping[str, Any], inputs: Arrays, names: list[str]
    ) -> dict[str, Array]:
        """The side's outputs when it is run with other options."""
        with state.another(replace(state.options, **dict(changed))) as runner:
            found = runner.run(inputs, outputs=names).outputs
            return {name: np.array(array) for name, array in found.items()}

    @contextlib.contextmanager
    def _edited(self, edits: Sequence[Edit]) -> Iterator[Runner]:
        runner = self._bench.b[1]
        runner.edit([self._for_runner(edit) for edit in edits])
        try:
            yield runner
        finally:
            runner.edit([])

    def _for_runner(self, edit: Edit) -> runner_edits.Edit:
        match edit:
            case SetConstant(node=node, value=value):
                return runner_edits.ConstantEdit(node=node, value=value)
            case SetAttribute(node=node, name=name, value=value):
                return runner_edits.AttributeEdit(node=node, name=name, value=value)
            case SetTable(node=node, keys=keys, values=values):
                return runner_edits.TableEdit(node=node, keys=keys, values=values)
            case Graft(layer=layer):
                return self._graft(layer)

    def _graft(self, layer: str) -> runner_edits.GraftEdit:
        """A's layer between the matched tensors around it. A layer without a tensor of its own in B (folded,
        fused) comes with the next one that has. Raises NO_EDIT where there is none."""
        target = self._target(layer)
        path, tensors = self._export()
        joints = {match.tensor_b: match for match in self._joined() if match.tensor_b != target.tensor_b}
        return runner_edits.GraftEdit(
            graph=path,
            joints=tuple(self._joint(match, tensors) for match in joints.values()) + self._input_joints(tensors),
            target=self._joint(target, tensors),
        )

    def _target(self, layer: str) -> Match:
        matches = list(self._bench.assignment.matches)
        start = next((at for at, match in enumerate(matches) if match.a == layer), len(matches))
        joined = {match.a for match in self._joined()}
        found = next((match for match in matches[start:] if match.a in joined), None)
        if found is None:
            raise InspectorError("NO_EDIT", f"`{layer}` has no tensor in B", where=layer, todo="Choose its match.")
        last = [match for match in self._joined() if match.tensor_b == found.tensor_b]
        return last[-1]

    def _joined(self) -> list[Match]:
        """Matches whose values are the same thing on both sides."""
        return [match for match in self._bench.assignment.matches if match.a in self._bench.gathered.kept]

    def _export(self) -> tuple[Path, dict[str, str]]:
        if self._exported is None:
            names = [match.tensor_a for match in self._joined()]
            inputs = [tensor for tensor, _ in self._bench.assignment.inputs]
            self._exported = self._bench.a[1].export(list(dict.fromkeys([*names, *inputs])))
        return self._exported

    def _joint(self, match: Match, tensors: Mapping[str, str]) -> runner_edits.Joint:
        kept = self._bench.gathered.kept[match.a]
        axes = self._bench.gathered.numbers[match.a].axes
        host = self._bench.gathered.feeds.get(str(match.tensor_b))
        return runner_edits.Joint(
            donor=tensors[match.tensor_a],
            host=str(match.tensor_b),
            axes=axes,
            donor_shape=kept.a.shape,
            host_shape=host.shape if host is not None else kept.a.shape,
        )

    def _input_joints(self, tensors: Mapping[str, str]) -> tuple[runner_edits.Joint, ...]:
        inputs = self._bench.gathered.inputs
        joined = {match.tensor_a for match in self._joined()}
        return tuple(
            runner_edits.Joint(
                donor=tensors[a],
                host=b,
                axes=None,
                donor_shape=inputs["a"][a].shape,
                host_shape=inputs["b"][b].shape,
            )
            for a, b in self._bench.assignment.inputs
            if a not in joined
        )


def gap_of(a: Array, b: Array | None, noise_floor: float) -> Gap:
    """Two outputs in one layout; None or unlike NaN and infinity are infinitely far apart."""
    if b is None:
        return Gap(float("inf"), float("inf"), within=False)
    if is_text(a) or is_text(b):
        a, b = as_numbers(a, b)
    found = measure(a, b, noise_floor=noise_floor)
    if (found.nan_a, found.inf_a) != (found.nan_b, found.inf_b):
        return Gap(float("inf"), float("inf"), within=False)
    finite = np.abs(a[np.isfinite(a)].astype(np.float64)) if a.dtype.kind in "fiu" else np.zeros(0)
    scale = float(finite.max(initial=0.0)) or 1.0
    within = np.isfinite(found.max_abs) and found.max_abs <= noise_floor
    return Gap(found.max_abs / scale, found.max_abs, within=bool(within))


def _options(trials: Sequence[Trial], side: Side) -> dict[str, Any]:
    chosen = ((trial.options_a if side == "a" else trial.options_b) or {} for trial in trials)
    return {name: value for options in chosen for name, value in options.items()}
