"""What a cause sees: both computations, the compared layers, and the weights' values when it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

Values = Callable[[str], NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`layers` are the compared layers in A's order; `layer_a`, `layer_b` find their settings, `layer_b` by
    the name of a tensor. `values_a` reads a weight of A by its id, flat in C order."""

    layers: tuple[LayerDifference, ...]
    layer_a: Mapping[str, Layer]
    layer_b: Mapping[str, Layer]
    values_a: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConstant:
    """An edit: give a node of B's graph this value (in the node's own shape and dtype)."""

    node: str
    value: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAttribute:
    """An edit: give a node of B's graph another attribute."""

    node: str
    name: str
    value: float | int | str | bool


Edit = SetConstant | SetAttribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A cause that may explain a difference. `edits` mend B in memory; empty when nothing can be tried."""

    cause: str
    title: str
    layer_a: str
    layer_b: str
    confidence: float
    evidence: str
    mend: str
    edits: tuple[Edit, ...] = ()
    edit_text: str = ""
