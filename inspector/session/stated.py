"""Settings that both sides state, and not the same: a fault even where this input does not show it.

Compared is what two faithful files always state alike, and what an input may hide: a norm's epsilon, and where an
activation clips and how it leaks. Strides and paddings are none of it: converters write them in several ways."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Computation, Layer

NORMS = ("batch_norm", "layer_norm", "group_norm", "normalization")
CLOSE = 1e-5
AGREEING = ("same", "within-noise")
RECTIFIERS = {"relu": (0.0, math.inf), "relu6": (0.0, 6.0), "leaky_relu": (0.2, math.inf)}  # slope, limit


@dataclass(frozen=True, slots=True)
class Unlike:
    """A setting with both values in words."""

    name: str
    a: str
    b: str

    def __str__(self) -> str:
        return f"{self.name} {self.b} in B, {self.a} in A"


Stated = Mapping[str, tuple[Unlike, ...]]


def with_stated(rows: Sequence[LayerDifference], stated: Stated) -> tuple[LayerDifference, ...]:
    """The layers; those that agree on this input and are stated otherwise are different all the same."""
    return tuple(
        replace(row, status="different", note=row.note or in_words(stated[row.a]))
        if row.a in stated and row.status in AGREEING
        else row
        for row in rows
    )


def in_words(found: Sequence[Unlike]) -> str:
    return "; ".join(str(item) for item in found)


def unlike_settings(rows: Sequence[LayerDifference], a: Computation, b: Computation) -> Stated:
    """By A's layers that have some."""
    own = {layer.name: layer for layer in a.layers}
    theirs = {tensor: layer for layer in b.layers for tensor in (*layer.outputs, *layer.aliases)}
    shared = [row.b for row in rows if row.b]
    pairs = ((row.a, own.get(row.a), theirs.get(row.b or "")) for row in rows if shared.count(row.b or "") == 1)
    found = {name: tuple(_unlike(one, other)) for name, one, other in pairs if one is not None and other is not None}
    return {name: settings for name, settings in found.items() if settings}


def _unlike(a: Layer, b: Layer) -> list[Unlike]:
    found = []
    if a.kind in NORMS and b.kind == a.kind:
        one, other = a.settings.get("epsilon"), b.settings.get("epsilon")
        if isinstance(one, float) and isinstance(other, float) and not math.isclose(one, other, rel_tol=CLOSE):
            found.append(Unlike("epsilon", f"{one:.6g}", f"{other:.6g}"))
    one_clips, other_clips = (_rectifier(layer.settings) for layer in (a, b))
    if one_clips is None or other_clips is None:
        return found
    for name, mine, its in zip(("negative slope", "upper limit"), one_clips, other_clips, strict=True):
        if not math.isclose(mine, its, rel_tol=CLOSE, abs_tol=CLOSE):
            found.append(Unlike(name, *("none" if math.isinf(value) else f"{value:.6g}" for value in (mine, its))))
    return found


def _rectifier(settings: Mapping[str, Any]) -> tuple[float, float] | None:
    """Slope and limit of a layer that is, or ends in, a ReLU of some kind without a threshold."""
    usual = RECTIFIERS.get(str(settings.get("activation", "")))
    if usual is None or settings.get("threshold"):
        return None
    given = (settings.get(name) for name in ("slope", "max_value"))
    slope, limit = (
        float(value) if isinstance(value, int | float) else default for value, default in zip(given, usual, strict=True)
    )
    return slope, limit
