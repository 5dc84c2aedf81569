"""What a comparison records: a row for each layer, where a side's numbers come from, what quantization cuts off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inspector.domain.comparison import LayerDifference, OutputDifference, SideRun
from inspector.domain.files import Warn
from inspector.domain.match import Assignment, Match
from inspector.session.floors import EXACT, accumulated
from inspector.session.option_text import in_words
from inspector.session.passes import Gathered, Numbers
from inspector.session.side import SideState
from inspector.session.values import evidence
from inspector.session.verdict import status_of
from inspector.workers.runner_client import Loaded

CLIPPED = 0.01
BEYOND = 2.0


def layer_differences(assignment: Assignment, gathered: Gathered) -> tuple[LayerDifference, ...]:
    """One record for each of A's layers, in order."""
    return tuple(
        _layer(index, match, gathered.numbers.get(match.a, Numbers())) for index, match in enumerate(assignment.matches)
    )


def _layer(index: int, match: Match, numbers: Numbers) -> LayerDifference:
    total = numbers.total.result() if numbers.total is not None else None
    introduced = numbers.introduced.result() if numbers.introduced is not None else None
    level = numbers.floor
    return LayerDifference(
        index=index,
        a=match.a,
        b=match.tensor_b,
        class_name=match.class_name,
        kind=match.kind,
        status=status_of(introduced, total, level.value if level else None),
        shape=numbers.shape,
        evidence=evidence(match, total).evidence,
        total=total,
        introduced=introduced,
        noise_floor=level.value if level else None,
        error_a=level.error_a if level else None,
        error_b=level.error_b if level else None,
        clipped=numbers.clipped,
        weights=match.weights,
        note=numbers.unlike or match.note,
    )


def accumulated_noise(gathered: Gathered, a: Loaded, b: Loaded) -> float:
    """What the layers' floors add up to at an output, as a share of its scale, where a side computes in
    another precision than float32; 0 elsewhere, since the outputs' own float64 reference is nearer."""
    if {a.precision, b.precision} <= set(EXACT):
        return 0.0
    known = [numbers for numbers in gathered.numbers.values() if numbers.floor is not None]
    return accumulated((item.floor.value, item.scale) for item in known if item.floor is not None)


def settled(found: list[OutputDifference], layers: Sequence[LayerDifference], noise: float) -> list[OutputDifference]:
    """The outputs; where no layer introduces more than its own floor, what a quantized side's outputs are apart by is
    what the layers' rounding adds up to; the sum of squares tells the size of that, and the largest of many numbers
    lies beyond it."""
    compared = [layer for layer in layers if layer.status != "not-compared"]
    if not noise or not compared or any(layer.status == "different" for layer in layers):
        return found
    return [_raised(item) if item.metrics.max_abs <= BEYOND * item.noise_floor else item for item in found]


def _raised(item: OutputDifference) -> OutputDifference:
    if item.within_noise:
        return item
    metrics = replace(item.metrics, fraction_beyond_noise=0.0)
    return replace(item, within_noise=True, noise_floor=BEYOND * item.noise_floor, metrics=metrics)


def clipping(gathered: Gathered) -> list[Warn]:
    """A warning when quantized layers hold many values at an end of their range."""
    shares = {name: item.clipped for name, item in gathered.numbers.items() if (item.clipped or 0.0) > CLIPPED}
    if not shares:
        return []
    worst = max(shares, key=lambda name: shares[name] or 0.0)
    text = f"{len(shares)} quantized layers hold more than {CLIPPED:.0%} of their values at an end of their range"
    return [Warn("CLIPPED", f"{text}, most of all {worst} ({shares[worst]:.1%})")]


def side_run(side: SideState, loaded: Loaded) -> SideRun:
    """Where a side's numbers come from."""
    started = side.environment()
    file = side.opened()
    environment = {**started.versions, "confinement": started.confinement, "reason": file.reason}
    options = in_words(side.options)
    if options:
        environment["options"] = ", ".join(options)
    return SideRun(
        path=file.path,
        format=file.format,
        sha256=side.sha256(),
        framework=loaded.framework,
        python=started.python,
        environment=environment,
    )
