"""What the layer panel needs of two activations, worked out off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inspector.compare.charts import (
    ChannelDifference,
    Histogram,
    Scatter,
    channel_ranking,
    difference_histogram,
    scatter_sample,
)
from inspector.compare.maps import Maps, channel_count, maps
from inspector.domain.comparison import LayerDifference, Metrics
from inspector.gui.charts.triptych import Pictures

Mode = Literal["total", "introduced"]
PAIRS: dict[Mode, tuple[str, str]] = {"total": ("a", "b"), "introduced": ("introduced-a", "introduced-b")}
_SIDE = 512  # cells of a map's longest side; beyond it rows and columns are left out
_POINTS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerArrays:
    """Both activations of one layer, of one shape in A's layout, and the charts over all of them."""

    layer: LayerDifference
    mode: Mode
    a: NDArray[Any]
    b: NDArray[Any]
    channels: tuple[ChannelDifference, ...]
    scatter: Scatter
    histogram: Histogram

    @property
    def metrics(self) -> Metrics | None:
        return self.layer.introduced if self.mode == "introduced" else self.layer.total

    @property
    def samples(self) -> int:
        return self.a.shape[0] if self.a.ndim > 1 else 1

    @property
    def worst(self) -> tuple[int, ...] | None:
        """Where the difference is largest, when that is a place in these arrays."""
        index = self.metrics.worst_index if self.metrics else ()
        fits = len(index) == self.a.ndim and all(0 <= i < n for i, n in zip(index, self.a.shape, strict=True))
        return index if fits and index else None

    @property
    def worst_channel(self) -> int:
        return self.worst[-1] if self.worst and channel_count(self.a.shape) > 1 else 0

    @property
    def worst_sample(self) -> int:
        return self.worst[0] if self.worst and self.a.ndim > 1 else 0


def gather(session: Any, layer: LayerDifference, mode: Mode) -> LayerArrays | None:
    """Reads the activations of a layer and works out its charts; None when they were not kept."""
    a, b = (session.activation(layer.index, which) for which in PAIRS[mode])
    if a is None or b is None:
        return None
    many = channel_count(a.shape) > 1
    return LayerArrays(
        layer=layer,
        mode=mode,
        a=a,
        b=b,
        channels=channel_ranking(a, b) if many else (),
        scatter=scatter_sample(a, b, _POINTS),
        histogram=difference_histogram(a, b),
    )


def cut(arrays: LayerArrays, sample: int, channel: int) -> Pictures:
    """Maps of one sample and one channel, at most `_SIDE` cells a side."""
    whole = maps(arrays.a, arrays.b, sample=sample, channel=channel)
    place = _cell(arrays, sample, channel)
    step = max(1, -(-max(whole.a.shape) // _SIDE))
    thin = Maps(
        a=whole.a[::step, ::step],
        b=whole.b[::step, ::step],
        difference=whole.difference[::step, ::step],
        layout=whole.layout,
    )
    low, high = _range(whole)
    return Pictures(
        maps=thin,
        low=low,
        high=high,
        reach=max(_largest(whole.difference), arrays.layer.noise_floor or 0.0) or 1.0,
        square=arrays.a.ndim in (4, 5),
        worst=None if place is None else (place[0] // step, place[1] // step),
        note=thin.layout if step == 1 else f"{thin.layout}; one of {step} rows and columns is drawn",
    )


def _cell(arrays: LayerArrays, sample: int, channel: int) -> tuple[int, int] | None:
    """Row and column of the worst position, found by cutting a marker out in the same way."""
    worst = arrays.worst
    if worst is None or (arrays.a.ndim > 1 and worst[0] != sample):
        return None
    shape = (1, *arrays.a.shape[1:]) if arrays.a.ndim > 1 else arrays.a.shape
    marker = np.zeros(shape, np.bool_)
    marker[(0, *worst[1:]) if arrays.a.ndim > 1 else worst] = True
    found = np.argwhere(maps(marker, marker, channel=channel).a == 1)
    return (int(found[0, 0]), int(found[0, 1])) if len(found) else None


def _range(pictures: Maps) -> tuple[float, float]:
    both = np.concatenate([pictures.a.ravel(), pictures.b.ravel()])
    finite = both[np.isfinite(both)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _largest(difference: NDArray[np.float64]) -> float:
    finite = difference[np.isfinite(difference)]
    return float(np.abs(finite).max(initial=0.0))
