"""The scale with which a norm ends, worked into every kernel that reads it: those of an attention, of an einsum.

TensorFlow Lite's converter multiplies the rows of a kernel by what its input is multiplied by. A dense layer's one
kernel is explained in affine_chain; here a layer may have several, of more than two axes, inputs first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from inspector.domain.computation import Weight
from inspector.domain.match import Match, WeightDifference
from inspector.matching.affine_chain import LARGEST, Float64, given_away, through
from inspector.matching.contents import Contents, size_of
from inspector.matching.folding import CLOSE, coarseness
from inspector.matching.numbers import Gap, numbers
from inspector.matching.steps import Step
from inspector.matching.sweep import Sweep

READING = ("dense", "multi_head_attention", "attention", "other")


def with_scaled_inputs(matches: Sequence[Match], sweep: Sweep, contents: Contents) -> list[Match]:
    """The matches, with kernels that hold the scale of the norm before called `folded`: all of a layer, or none."""
    by_name = {match.a: match for match in matches}
    makers = {step.output: at for at, step in enumerate(sweep.steps_a)}
    for index, step in enumerate(sweep.steps_a):
        match, placed = by_name[step.layer.name], sweep.placed.get(index)
        unlike = {record.a for record in match.weights if record.relation == "different"}
        if placed is None or not unlike or step.kind not in READING:
            continue
        layers = [sweep.steps_b[at].layer for at in (*placed.inside, placed.b)]
        offered = [weight for layer in layers for weight in layer.weights]
        for norm, scale in _scales(sweep, makers, step, by_name, contents):
            found = _explained(step, unlike, offered, scale, norm, contents)
            if found is not None:
                weights = tuple(found.get(record.a, record) for record in match.weights)
                by_name[match.a] = replace(match, weights=weights)
                by_name[norm] = replace(by_name[norm], weights=given_away(by_name[norm].weights, match.a))
                break
    return [by_name[match.a] for match in matches]


def _scales(
    sweep: Sweep, makers: dict[str, int], step: Step, matches: dict[str, Match], contents: Contents
) -> Iterator[tuple[str, Float64]]:
    """The norms before a step that end with a scale which B's layer has not, by name."""
    before = {through(sweep, makers, (tensor,)) for tensor in step.inputs} - {None}
    for maker in (sweep.steps_a[at] for at in before if at is not None):
        lost = [record for record in matches[maker.layer.name].weights if record.relation == "missing"]
        if len(maker.weights) == 1 == len(lost) and "norm" in maker.layer.class_name.lower():
            yield maker.layer.name, contents.values("a", maker.weights[0]).astype(np.float64).ravel()


def _explained(
    step: Step, unlike: set[str], offered: Sequence[Weight], scale: Float64, norm: str, contents: Contents
) -> dict[str, WeightDifference] | None:
    found: dict[str, WeightDifference] = {}
    left = list(offered)
    for kernel in (weight for weight in step.weights if weight.id in unlike):
        if len(kernel.shape) < 2 or kernel.shape[0] != scale.size or size_of(kernel) > LARGEST:
            return None
        expected = contents.values("a", kernel).astype(np.float64).reshape(scale.size, -1) * scale[:, None]
        record = next(filter(None, (_record(kernel, expected, other, norm, contents) for other in left)), None)
        if record is None:
            return None
        left = [other for other in left if other.id != record.b]
        found[kernel.id] = record
    return found


def _record(kernel: Weight, expected: Float64, other: Weight, norm: str, contents: Contents) -> WeightDifference | None:
    if size_of(other) != expected.size:
        return None
    gap = Gap()
    gap.add(expected.ravel(), contents.values("b", other).astype(np.float64).ravel())
    if gap.largest > CLOSE * gap.scale + coarseness(other, gap.scale):
        return None
    detail = f"B's {kernel.role} is A's with the scale of `{norm}`, to {gap.largest:.1e}"
    return numbers(
        gap, "folded", detail, a=kernel.id, b=other.id, role=kernel.role, shape_a=kernel.shape, shape_b=other.shape
    )
