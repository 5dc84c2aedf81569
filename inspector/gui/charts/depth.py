"""What the divergence chart draws: introduced, total and noise floor of every layer over depth. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.domain.comparison import Comparison, LayerDifference, Metrics
from inspector.domain.wording import short
from inspector.gui.charts.log_scale import LogScale, fitted
from inspector.report.words import causes_found

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """One place for each layer of A, in order. The arrays are heights in decades of `scale`, shape
    (layers,), float64, NaN where there is no number. `differing` marks the layers called different."""

    layers: tuple[LayerDifference, ...]
    scale: LogScale
    introduced: Float64
    total: Float64
    noise: Float64
    differing: NDArray[np.bool_]
    culprit: int | None

    def position(self, a_layer: str | None, tensor_b: str | None) -> int | None:
        """Where a layer of A lies, or else the first layer that a tensor of B belongs to."""
        for i, layer in enumerate(self.layers):
            if layer.a == a_layer if a_layer else tensor_b and layer.b == tensor_b:
                return i
        return None

    def told(self, position: int) -> str:
        """Name and numbers of a layer in one line."""
        layer = self.layers[position]
        numbers = (("introduced", _largest(layer.introduced)), ("total", _largest(layer.total)),
                   ("noise floor", layer.noise_floor))  # fmt: skip
        known = [f"{word} {short(value)}" for word, value in numbers if value is not None]
        return "   ".join([layer.a, *(known or [layer.note or "not compared"])])


def depth(comparison: Comparison) -> Depth:
    """Lays the layers of a comparison out over depth."""
    layers = comparison.layers
    introduced = [_largest(layer.introduced) for layer in layers]
    total = [_largest(layer.total) for layer in layers]
    noise = [layer.noise_floor for layer in layers]
    scale = fitted([*introduced, *total, *noise])
    return Depth(
        layers=layers,
        scale=scale,
        introduced=_heights(scale, introduced),
        total=_heights(scale, total),
        noise=_heights(scale, noise),
        differing=np.array([layer.status == "different" for layer in layers], np.bool_),
        culprit=_culprit(comparison),
    )


def _culprit(comparison: Comparison) -> int | None:
    """The layer of the first finding, or else the different layer that introduces most."""
    places = {layer.a: i for i, layer in enumerate(comparison.layers)}
    for finding in causes_found(comparison):
        if finding.layer_a in places:
            return places[finding.layer_a]
    differing = [i for i, layer in enumerate(comparison.layers) if layer.status == "different"]
    return max(differing, key=lambda i: _weight(comparison.layers[i]), default=None)


def _weight(layer: LayerDifference) -> float:
    value = _largest(layer.introduced)
    return 0.0 if value is None else float("inf") if value != value else value  # noqa: PLR0124 - NaN is the worst


def _largest(metrics: Metrics | None) -> float | None:
    return None if metrics is None else metrics.max_abs


def _heights(scale: LogScale, values: Iterable[float | None]) -> Float64:
    """Heights in decades; a NaN difference stands at the top, a missing one is NaN."""
    heights = [np.nan if value is None else scale.place(value) for value in values]
    worst = [value is not None and value != value for value in values]  # noqa: PLR0124
    return np.where(np.array(worst, np.bool_), float(scale.high), np.array(heights, np.float64))
