"""What a match is: a layer output of A paired with a tensor of B, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EvidenceKind = Literal["name", "weights", "structure", "values", "user"]
Relation = Literal["exact", "transposed", "permuted", "rounded", "folded", "split", "different", "missing"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a match is believed: `score` 0..1, `detail` one plain sentence with the numbers."""

    kind: EvidenceKind
    score: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightDifference:
    """A weight of A against what stands for it in B. `b` may name several constants (batch norm split
    into scale and offset). `max_abs` is the largest absolute difference after undoing the relation;
    `worst_index` where, in A's layout."""

    a: str
    b: str
    role: str
    relation: Relation
    shape_a: tuple[int, ...]
    shape_b: tuple[int, ...]
    max_abs: float | None = None
    max_rel: float | None = None
    worst_index: tuple[int, ...] | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A's layer `a` (its output `tensor_a`) and B's `tensor_b`; `layer_b` is the lifted layer it ends.

    `tensor_b` is None when the layer has no tensor of its own in B (`note` says why: folded, gone).
    Several matches may share one `tensor_b` (fused, or a layer that does nothing in inference).
    `axes` permutes A's axes into B's layout, None when the layouts agree. `score` is 0..1."""

    a: str
    tensor_a: str
    class_name: str
    kind: str
    tensor_b: str | None
    layer_b: str | None
    score: float
    evidence: tuple[Evidence, ...] = ()
    weights: tuple[WeightDifference, ...] = ()
    axes: tuple[int, ...] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One consistent assignment, in A's order. `inputs` and `outputs` pair the ports' tensors (A, B)."""

    matches: tuple[Match, ...]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    unmatched_a: tuple[str, ...]
    unmatched_b: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueHit:
    """A tensor ranked by how well its value is a given array. `agreement` is 1 minus the relative
    Euclidean distance (1 is equal, 0 unrelated); `relation` says the layout and sign that was undone."""

    tensor: str
    op: str
    shape: tuple[int, ...]
    agreement: float
    max_abs: float
    relation: str
