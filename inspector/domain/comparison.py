"""The numbers of a comparison: metrics of two arrays, differences of layers and outputs, the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from inspector.domain.files import Warn
from inspector.domain.match import Evidence, WeightDifference

Verdict = Literal["same", "within-noise", "different", "not-comparable"]
Status = Literal["same", "within-noise", "different", "not-compared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """B against A, in float64. `max_rel` is max |a-b| / max |a| (over the array, so that zeros do not
    blow it up); `cosine` of the flattened arrays; `sqnr_db` is 10 log10(sum a^2 / sum (a-b)^2);
    `fraction_beyond_noise` the share of elements that differ by more than the noise floor.
    Elements that are NaN or infinite on either side are counted and left out of the rest."""

    max_abs: float
    mean_abs: float
    max_rel: float
    cosine: float
    sqnr_db: float
    fraction_beyond_noise: float
    worst_index: tuple[int, ...]
    nan_a: int = 0
    nan_b: int = 0
    inf_a: int = 0
    inf_b: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Class scores of one output, first sample: indices of the five highest, and how many are shared."""

    top5_a: tuple[int, ...]
    top5_b: tuple[int, ...]
    values_a: tuple[float, ...]
    values_b: tuple[float, ...]
    top5_overlap: int
    top1_agreement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDifference:
    """One output pair. `noise_floor` is for the whole computation from the inputs on."""

    a: str
    b: str
    shape: tuple[int, ...]
    metrics: Metrics
    noise_floor: float
    within_noise: bool
    identical: bool
    scores: Scores | None = None
    axes: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDifference:
    """One match with its numbers. `error_a`, `error_b`: largest deviation of each side's own rounding
    from the float64 reference (None where there was no reference). `clipped`: of a quantized side, the
    share of the layer's values at an end of their range."""

    index: int
    a: str
    b: str | None
    class_name: str
    kind: str
    status: Status
    shape: tuple[int, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    total: Metrics | None = None
    introduced: Metrics | None = None
    noise_floor: float | None = None
    error_a: float | None = None
    error_b: float | None = None
    clipped: float | None = None
    weights: tuple[WeightDifference, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRun:
    """Where a side's numbers come from."""

    path: str
    format: str
    sha256: str
    framework: str
    python: str
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputUsed:
    """What each side really received. `stats_*`: min, max, mean, deviation of the fed array."""

    name_a: str
    name_b: str
    shape_a: tuple[int, ...]
    shape_b: tuple[int, ...]
    dtype_a: str
    dtype_b: str
    spec: str
    preprocess_a: str
    preprocess_b: str
    stats_a: tuple[float, float, float, float]
    stats_b: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """An experiment: the mend put into a copy in memory. `before` and `after` are the output's largest
    absolute difference, `gone` the share of it that vanished, 0..1."""

    edit: str
    before: float
    after: float
    gone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A cause (its id in the catalogue), the layer on both sides, the evidence in numbers, the proof and
    the mend: a line to copy. `layers`: all of A's layers that it is about. `unproved`: why there is no proof.
    `note_only`: worth knowing, and no reason for the difference."""

    cause: str
    title: str
    layer_a: str
    layer_b: str
    confidence: float
    evidence: str
    mend: str
    proof: Proof | None = None
    layers: tuple[str, ...] = ()
    unproved: str = ""
    note_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapePair:
    """A weight of A beside one of B, each with its shape; "" and None where a side has none there. `fits`: they are
    of one shape, axes of size 1 and the order of axes aside."""

    a: str
    shape_a: tuple[int, ...] | None
    b: str
    shape_b: tuple[int, ...] | None
    fits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The whole result. `sentence` is the answer in one sentence. `layers` is in A's order. `shapes`: both sides'
    weights side by side, where they belong to different nets; empty elsewhere."""

    verdict: Verdict
    sentence: str
    a: SideRun
    b: SideRun
    inputs: tuple[InputUsed, ...]
    outputs: tuple[OutputDifference, ...]
    layers: tuple[LayerDifference, ...]
    findings: tuple[Finding, ...]
    unmatched_a: tuple[str, ...]
    unmatched_b: tuple[str, ...]
    warnings: tuple[Warn, ...]
    timings: dict[str, float]
    shapes: tuple[ShapePair, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
