"""The JSON report as types. Scripts and CI depend on it; docs/report.schema.json is made from it."""

from __future__ import annotations

from typing import Literal

import msgspec

from inspector.domain.comparison import Status, Verdict
from inspector.domain.match import EvidenceKind, Relation

NotFinite = Literal["NaN", "Infinity", "-Infinity"]
#: NaN and infinity are written as strings, so that the file is strict JSON.
Number = float | NotFinite


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All keys in the order written here; an unknown key is refused when a report is read back."""


class SideJson(_Part, frozen=True):
    """Where a side's numbers come from. `environment` maps packages to versions."""

    path: str
    format: str
    sha256: str
    framework: str
    python: str
    environment: dict[str, str]


class InputJson(_Part, frozen=True):
    """One fed input. `shape` and `dtype` are A's."""

    name_a: str
    name_b: str
    shape: list[int]
    dtype: str
    spec: str


class MetricsJson(_Part, frozen=True):
    """B against A in float64, as domain.comparison.Metrics says."""

    max_abs: Number
    mean_abs: Number
    max_rel: Number
    cosine: Number
    sqnr_db: Number
    fraction_beyond_noise: Number
    worst_index: list[int]
    nan_a: int
    nan_b: int
    inf_a: int
    inf_b: int


class OutputMetricsJson(MetricsJson, frozen=True, omit_defaults=True):
    """`top1_*` are class indices of the first sample, `top5_overlap` of 5; only for class scores."""

    top1_a: int | None = None
    top1_b: int | None = None
    top5_overlap: int | None = None


class OutputJson(_Part, frozen=True):
    """One pair of outputs."""

    a: str
    b: str
    shape: list[int]
    metrics: OutputMetricsJson
    within_noise: bool
    noise_floor: Number


class EvidenceJson(_Part, frozen=True):
    """Why a match is believed, `score` 0..1."""

    kind: EvidenceKind
    score: Number
    detail: str


class WeightJson(_Part, frozen=True):
    """A weight of A against what stands for it in B."""

    a: str
    b: str
    relation: Relation
    role: str
    shape_a: list[int]
    shape_b: list[int]
    max_abs: Number | None
    max_rel: Number | None
    worst_index: list[int] | None
    detail: str


class LayerJson(_Part, frozen=True):
    """One layer in A's order. `b` is null when the layer has no tensor of its own in B. `clipped`: of a
    quantized side, the share of the layer's values at an end of their range."""

    index: int
    a: str
    b: str | None
    class_name: str
    evidence: list[EvidenceJson]
    total: MetricsJson | None
    introduced: MetricsJson | None
    noise_floor: Number | None
    weights: list[WeightJson]
    status: Status
    clipped: Number | None = None


class ProofJson(_Part, frozen=True):
    """The output's largest absolute difference before and after the edit; `gone` 0..1."""

    edit: str
    before: Number
    after: Number
    gone: Number


class FindingJson(_Part, frozen=True):
    """The first finding is the one to act on. `layers`: all of A's layers that it is about. `unproved`: why there
    is no proof. `note_only`: worth knowing, and no reason for the difference."""

    cause: str
    layer_a: str
    layer_b: str
    confidence: Number
    evidence: str
    proof: ProofJson | None
    mend: str
    title: str = ""
    layers: list[str] = []
    unproved: str = ""
    note_only: bool = False


class ShapesJson(_Part, frozen=True):
    """A weight of A beside one of B; "" and null where a side has none there. `fits`: they are of one shape."""

    a: str
    shape_a: list[int] | None
    b: str
    shape_b: list[int] | None
    fits: bool


class WarningJson(_Part, frozen=True):
    """`code` is stable."""

    code: str
    text: str


class ReportJson(_Part, frozen=True):
    """The whole report. `shapes`: both sides' weights side by side, where they belong to different nets."""

    schema: Literal[1]
    verdict: Verdict
    sentence: str
    a: SideJson
    b: SideJson
    inputs: list[InputJson]
    outputs: list[OutputJson]
    layers: list[LayerJson]
    findings: list[FindingJson]
    unmatched_a: list[str]
    unmatched_b: list[str]
    warnings: list[WarningJson]
    timings: dict[str, Number]
    shapes: list[ShapesJson] = []
