"""The samples of an output, worst first, and the values of one of them. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.comparison import Comparison, OutputDifference
from inspector.domain.errors import InspectorError
from inspector.domain.wording import short
from inspector.gui.results.output_values import OutputValue, top_classes, worst_elements
from inspector.session.images import files_of
from inspector.session.layout import to_a
from inspector.session.specs import parse
from inspector.session.strings import as_numbers, is_text

Array = NDArray[Any]
TOP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample: its place in the batch, its largest absolute difference (infinite for a NaN on one side alone),
    each side's first class where these are scores, and the file that it came from."""

    place: int
    error: float
    classes: tuple[int, int] | None = None
    name: str = ""

    def text(self, count: int) -> str:
        """`Sample 7 of 10  digit_6.png  max abs 0.576  class 4 in A, 9 in B`."""
        parts = [f"Sample {self.place + 1} of {count}", self.name, f"max abs {short(self.error)}"]
        if self.classes is not None and self.classes[0] != self.classes[1]:
            parts.append(f"class {self.classes[0]} in A, {self.classes[1]} in B")
        return "   ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSamples:
    """An output of both sides as (samples, ...) arrays in A's layout; `b` is None where the sizes differ. `ranked`
    are the samples, the worst first."""

    output: OutputDifference
    a: Array
    b: Array | None
    ranked: tuple[Sample, ...]

    def values(self, place: int) -> tuple[OutputValue, ...]:
        """The classes in the top five of either side, or the elements that differ most, of one sample."""
        if self.b is None:
            return ()
        a, b = self.a[place], self.b[place]
        if self.output.scores is None:
            return worst_elements(a, b, sample=place)
        scores = self.output.scores
        top_a, top_b = _top(a), _top(b)
        own = replace(
            scores,
            top5_a=top_a, top5_b=top_b,
            values_a=tuple(float(a[i]) for i in top_a), values_b=tuple(float(b[i]) for i in top_b),
        )  # fmt: skip
        return top_classes(own, a[None], b[None])


def samples_of(session: Any, index: int, comparison: Comparison) -> OutputSamples:
    """Reads both arrays of an output and ranks its samples."""
    output = comparison.outputs[index]
    a, whole_b = session.outputs(index)
    b = to_a(whole_b, a.shape, output.axes)
    if is_text(a):
        a, b = as_numbers(a, a if b is None else b)
    fed = comparison.inputs[0].shape_a[0] if comparison.inputs and comparison.inputs[0].shape_a else None
    if not a.ndim or a.shape[0] != fed:
        a, b = a[None], None if b is None else b[None]  # no axis of samples: one sample
    names = _names(comparison, len(a))
    ranked = [_sample(output, a, b, place, names) for place in range(len(a))]
    return OutputSamples(output=output, a=a, b=b, ranked=tuple(sorted(ranked, key=lambda sample: -sample.error)))


def _sample(output: OutputDifference, a: Array, b: Array | None, place: int, names: tuple[str, ...]) -> Sample:
    name = names[place % len(names)] if names else ""
    if b is None:
        return Sample(place=place, error=float("inf"), name=name)
    one, other = np.asarray(a[place], np.float64), np.asarray(b[place], np.float64)
    with np.errstate(invalid="ignore"):
        distance = np.abs(other - one)
    equal = (one == other) | (np.isnan(one) & np.isnan(other))
    distance = np.where(equal, 0.0, np.where(np.isnan(distance), np.inf, distance))
    classes = (_top(one)[0], _top(other)[0]) if output.scores is not None else None
    return Sample(place=place, error=float(distance.max(initial=0.0)), classes=classes, name=name)


def _top(scores: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort(-np.asarray(scores, np.float64), kind="stable")[:TOP])


def _names(comparison: Comparison, count: int) -> tuple[str, ...]:
    """The files of the samples, where the first input came from images."""
    used = comparison.inputs[0] if comparison.inputs else None
    if used is None:
        return ()
    try:
        path = parse(used.spec, (used.name_a, used.name_b)).path
        files = files_of(path) if path != Path() and path.is_dir() else ()
    except InspectorError:
        return ()
    return tuple(file.name for file in files[:count])
