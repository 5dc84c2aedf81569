"""Cross-layer equalisation: channels that one kernel scales and the next one scales back.

B's kernel is A's with a positive factor for each output channel, and what reads it has the factor's inverse for each
input channel; between them stands only what such a factor passes through (Nagel et al., "Data-Free Quantization
Through Weight Equalization and Bias Correction", 2019, section 4.1). Then neither holds other weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Weight
from inspector.domain.match import Match, WeightDifference
from inspector.matching.contents import Contents, size_of
from inspector.matching.folding import CLOSE, FOLDABLE, coarseness
from inspector.matching.numbers import Gap, numbers
from inspector.matching.steps import IDENTITIES, Step
from inspector.matching.sweep import Sweep

Float64 = NDArray[np.float64]
ONE: Float64 = np.ones(1)
UNLIKE = ("different", "missing")
PASSING = frozenset({"pool", "global_pool", "pad", "crop", "upsample", *IDENTITIES})
HOMOGENEOUS = frozenset({"relu", "leaky_relu", "linear"})  # f(c x) = c f(x) for every c > 0
LARGEST = 1 << 24


@dataclass(frozen=True, slots=True)
class _Scaled:
    """B's tensor is A's times `factor` along the last axis (one number for all), which `by` has brought in."""

    factor: Float64 = field(default_factory=lambda: ONE)
    by: frozenset[str] = frozenset()

    @property
    def is_plain(self) -> bool:
        return not self.by


def with_equalised(matches: Sequence[Match], sweep: Sweep, contents: Contents) -> list[Match]:
    """The matches with kernels that are scaled and scaled back called `folded`."""
    by_name = {match.a: match for match in matches}
    if not any(record.relation in UNLIKE for match in matches for record in match.weights):
        return list(matches)
    walk = _Walk(sweep, contents, by_name)
    walk.run()
    for name, records in walk.claims.items():
        if name not in walk.rejected and not walk.read[name] & walk.rejected:
            match = by_name[name]
            kept = (records.get(record.a, record) for record in match.weights)
            by_name[name] = replace(match, weights=tuple(kept))
    return [by_name[match.a] for match in matches]


class _Walk:
    """Forwards through A, with what each tensor of B is of A's. `rejected`: layers whose factor nobody takes back."""

    def __init__(self, sweep: Sweep, contents: Contents, matches: Mapping[str, Match]) -> None:
        self._sweep, self._contents, self._matches = sweep, contents, matches
        self._scaled: dict[str, _Scaled] = {}
        self.claims: dict[str, dict[str, WeightDifference]] = {}
        self.read: dict[str, frozenset[str]] = {}
        self.rejected: set[str] = set()

    def run(self) -> None:
        steps = self._sweep.steps_a
        for index, step in enumerate(steps):
            given = [self._scaled.get(tensor, _Scaled()) for tensor in step.inputs]
            after = self._after(index, step, given)
            if after is None:
                self.rejected.update(name for item in given for name in item.by)
                after = _Scaled()
            self._scaled[step.output] = after
        read = {tensor for step in steps for tensor in step.inputs}
        for tensor, item in self._scaled.items():
            if tensor not in read:
                self.rejected.update(item.by)

    def _after(self, index: int, step: Step, given: Sequence[_Scaled]) -> _Scaled | None:
        """What the step's output is; None where the factors that it reads do not pass through it."""
        if step.kind in FOLDABLE and len(given) == 1:
            return self._kernel(index, step, given[0])
        if all(item.is_plain for item in given):
            return _Scaled()
        passes = step.kind in PASSING or (step.kind == "activation" and step.activation in HOMOGENEOUS)
        if (passes or step.kind == "add") and all(np.array_equal(item.factor, given[0].factor) for item in given):
            return _Scaled(given[0].factor, frozenset().union(*(item.by for item in given)))
        return given[0] if step.kind == "flatten" else None

    def _kernel(self, index: int, step: Step, given: _Scaled) -> _Scaled | None:
        match, placed = self._matches[step.layer.name], self._sweep.placed.get(index)
        unlike = any(record.relation in UNLIKE for record in match.weights)
        if not unlike or placed is None:
            return _Scaled() if given.is_plain else None
        weights = [w for at in (*placed.inside, placed.b) for w in self._sweep.steps_b[at].layer.weights]
        found = self._explained(step, weights, given)
        if found is None:
            return None if not given.is_plain else _Scaled()
        records, factor = found
        name = step.layer.name
        self.claims[name], self.read[name] = records, given.by
        return _Scaled() if np.allclose(factor, 1, rtol=CLOSE) else _Scaled(factor, frozenset({name}))

    def _explained(
        self, step: Step, weights_b: Sequence[Weight], given: _Scaled
    ) -> tuple[dict[str, WeightDifference], Float64] | None:
        """Records by the ids of A's weights, and the factor by which each output channel is larger in B."""
        kernel_a, kernel_b = _of_role(step.weights, "kernel"), _of_role(weights_b, "kernel")
        if kernel_a is None or kernel_b is None or not size_of(kernel_a) == size_of(kernel_b) <= LARGEST:
            return None
        a = _by_channels(self._contents.values("a", kernel_a), step.kind)
        b = _by_channels(self._contents.values("b", kernel_b).reshape(kernel_a.shape), step.kind)
        if a.shape[1] % given.factor.size or step.kind.startswith("depthwise"):
            return None
        undone = b * np.tile(given.factor, a.shape[1] // given.factor.size)[:, None]
        with np.errstate(all="ignore"):
            factor = np.nan_to_num((a * undone).sum((0, 1)) / (a * a).sum((0, 1)), nan=1.0)
        made = {kernel_a.id: self._record("kernel", kernel_a, kernel_b, a * factor, undone)}
        bias_a, bias_b = _of_role(step.weights, "bias"), _of_role(weights_b, "bias")
        if bias_a is not None:
            made[bias_a.id] = None if bias_b is None else self._bias(bias_a, bias_b, factor)
        known = {key: record for key, record in made.items() if record is not None}
        return (known, factor) if len(known) == len(made) and bool(np.all(factor > 0)) else None

    def _bias(self, a: Weight, b: Weight, factor: Float64) -> WeightDifference | None:
        own, held = (self._contents.values(side, weight).astype(np.float64) for side, weight in (("a", a), ("b", b)))
        return self._record("bias", a, b, own.ravel() * factor, held.ravel()) if own.size == held.size else None

    def _record(self, role: str, a: Weight, b: Weight, wanted: Float64, held: Float64) -> WeightDifference | None:
        gap = Gap()
        gap.add(wanted.ravel(), held.ravel())
        if gap.largest > CLOSE * gap.scale + coarseness(b, gap.scale):
            return None
        detail = (
            f"B's {role} is A's with a factor for each channel that the next layer takes back, to {gap.largest:.1e}"
        )
        return numbers(gap, "folded", detail, a=a.id, b=b.id, role=role, shape_a=a.shape, shape_b=b.shape)


def _by_channels(kernel: NDArray[np.generic], kind: str) -> Float64:
    """(all else, inputs, outputs). Kernels are HWIO, HWOI transposed, IO dense."""
    array = kernel.astype(np.float64)
    if kind.endswith("transpose"):
        array = np.moveaxis(array, -1, -2)
    return array.reshape(-1, *array.shape[-2:])


def _of_role(weights: Sequence[Weight], role: str) -> Weight | None:
    return next((weight for weight in weights if role in weight.role), None)
