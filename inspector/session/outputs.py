"""The outputs: each pair's numbers in the plain runs, its noise floor from the inputs on, class scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.compare.content import says_nothing
from inspector.compare.metrics import measure
from inspector.compare.scores import scores
from inspector.domain.comparison import Metrics, OutputDifference
from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Warn
from inspector.session.floors import SAFETY, WITHOUT_REFERENCE, floor, spacing
from inspector.session.layout import axes_between, to_a
from inspector.session.passes import plausible
from inspector.session.strings import as_numbers, is_text
from inspector.workers.runner_client import Loaded, ReferenceError64, Runner

Array = NDArray[Any]
Arrays = Mapping[str, Array]
PLAIN_MAY_EXCEED = 32.0


@dataclass(frozen=True, slots=True)
class Side:
    """One side as the outputs need it: `name` is A or B, `wanted` are its outputs."""

    name: str
    runner: Runner
    loaded: Loaded
    inputs: Arrays
    wanted: list[str]

    def plain(self) -> dict[str, Array]:
        """The outputs of the untouched run."""
        return self.runner.run(self.inputs, outputs=self.wanted).outputs

    def watched(self) -> dict[str, Array]:
        """The outputs as taps."""
        return self.runner.run(self.inputs, taps=self.wanted).taps


@dataclass(frozen=True, slots=True)
class Plain:
    """For each output pair: A's and B's array in the plain runs, and how far each is from float64."""

    arrays: list[tuple[Array, Array]]
    errors: list[tuple[ReferenceError64 | None, ReferenceError64 | None]]


def repeated(side: Side, once: Arrays) -> Warn:
    """Run a side a second time and say whether it gives the same numbers."""
    again = side.plain()
    pairs = [(once[name], again[name]) for name in side.wanted]
    apart = max((measure(*(as_numbers(*pair) if is_text(pair[0]) else pair)).max_abs for pair in pairs), default=0.0)
    if apart == 0:
        return Warn("REPEATABLE", f"side {side.name}, run twice, gives the same outputs bit for bit")
    text = f"side {side.name}, run twice, gives outputs up to {apart:.3g} apart: random ops, dropout or kept state"
    return Warn("NOT_REPEATABLE", text)


def own_error(side: Side, plain: Arrays, watched: Arrays) -> tuple[dict[str, ReferenceError64], list[Warn]]:
    """Each output's distance from float64. The plain run (with graph optimisation) counts unless it is far
    worse than the watched one: that is no rounding any more, and is said. Without float64 the two runs are
    compared with each other."""
    if "reference" not in side.loaded.can:
        return {}, _watching_changes(side, plain, watched)
    try:
        as_written = plausible(side.runner.reference(side.inputs, watched), side.loaded)
        optimised = plausible(side.runner.reference(side.inputs, plain), side.loaded)
    except Cancelled:
        raise
    except InspectorError as error:
        what = f"side {side.name} has no float64 reference for its outputs, their noise floor is estimated: "
        return {}, [Warn("NO_REFERENCE", what + error.what), *_watching_changes(side, plain, watched)]
    errors, warnings = {}, []
    for name, exact in as_written.items():
        fast = optimised.get(name, exact)
        allowed = PLAIN_MAY_EXCEED * exact.error + 2 * SAFETY * spacing(plain[name].dtype.name) * exact.scale
        errors[name] = fast if fast.error <= allowed else exact
        if fast.error > allowed:
            warnings.append(
                Warn(
                    "WATCHING_CHANGES",
                    (
                        f"output {name} of side {side.name} is {fast.error:.1e} from float64 in the plain run and "
                        f"{exact.error:.1e} with taps and without graph optimisation: the optimised graph "
                        "computes something else"
                    ),
                )
            )
    return errors, warnings


def _watching_changes(side: Side, plain: Arrays, watched: Arrays) -> list[Warn]:
    """Whether the outputs of the runs with and without taps differ by more than rounding."""
    found = []
    for name in side.wanted:
        if is_text(plain[name]):
            continue
        apart = measure(plain[name], watched[name], noise_floor=0.0).max_abs
        scale = float(np.abs(plain[name], dtype=np.float64).max(initial=0.0)) if plain[name].dtype.kind == "f" else 0.0
        if apart > WITHOUT_REFERENCE * spacing(plain[name].dtype.name) * scale:
            text = f"output {name} of side {side.name} changes by {apart:.1e} when its layers are tapped"
            found.append(Warn("WATCHING_CHANGES", text))
    return found


def differences(pairs: Sequence[tuple[str, str]], plain: Plain, noise: float) -> list[OutputDifference]:
    """Of every pair of outputs; `noise` is what the layers' own rounding adds up to."""
    return [
        difference(pair, *arrays, errors, noise=noise)
        for pair, arrays, errors in zip(pairs, plain.arrays, plain.errors, strict=True)
    ]


def difference(
    pair: tuple[str, str],
    a: Array,
    b: Array,
    errors: tuple[ReferenceError64 | None, ReferenceError64 | None],
    *,
    noise: float = 0.0,
) -> OutputDifference:
    """One output pair. `noise`: what coarse layers add up to, as a share of the output's scale. Two that cannot
    be laid over each other are infinitely far apart: another tensor was fetched."""
    if is_text(a) or is_text(b):
        a, b = as_numbers(a, b)
    axes = axes_between(a, b)
    turned = to_a(b, a.shape, axes)
    if turned is None:
        return _unlike(pair, a.shape)
    scale = float(np.abs(a[np.isfinite(a)]).max(initial=0.0)) if a.dtype.kind in "fiu" else 0.0
    level = floor(errors[0], errors[1], scale=scale, dtype=a.dtype.name, relative=noise)
    metrics = measure(a, turned, noise_floor=level.value)
    return OutputDifference(
        a=pair[0],
        b=pair[1],
        shape=tuple(a.shape),
        metrics=metrics,
        noise_floor=level.value,
        within_noise=math.isfinite(metrics.max_abs) and metrics.max_abs <= level.value,
        identical=metrics.max_abs == 0,
        scores=scores(a, turned),
        axes=axes,
    )


def _unlike(pair: tuple[str, str], shape: tuple[int, ...]) -> OutputDifference:
    metrics = Metrics(
        max_abs=math.inf,
        mean_abs=math.inf,
        max_rel=math.inf,
        cosine=0.0,
        sqnr_db=-math.inf,
        fraction_beyond_noise=1.0,
        worst_index=(),
    )
    return OutputDifference(
        a=pair[0], b=pair[1], shape=tuple(shape), metrics=metrics, noise_floor=0.0, within_noise=False, identical=False
    )


def unlike_shapes(pair: tuple[str, str], a: Array, b: Array) -> list[Warn]:
    """A warning for outputs that cannot be laid over each other."""
    if a.size == b.size:
        return []
    text = f"output {pair[0]} has the shape {list(a.shape)} in A and {list(b.shape)} in B ({pair[1]})"
    return [Warn("UNLIKE_OUTPUTS", text)]


def silent(pair: tuple[str, str], a: Array, b: Array) -> list[Warn]:
    """Agreement that says nothing: constant, zero or NaN outputs on both sides."""
    if is_text(a) or is_text(b):
        return []
    said_a, said_b = says_nothing(a), says_nothing(b)
    if not said_a or not said_b:
        return []
    text = f"output {pair[0]} says nothing: it is {said_a} in A and {said_b} in B, so agreement proves little"
    return [Warn("SAYS_NOTHING", text)]
