"""The divergence chart as geometry: numbers to positions. The template draws it as SVG.

Horizontal positions are percentages of the chart's width, so that it may be any width without its text
being scaled; vertical ones are pixels. Zero and what is not finite have lanes of their own, below and
above the logarithmic part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inspector.domain.comparison import Comparison, LayerDifference, Metrics
from inspector.domain.wording import elided, short
from inspector.report.words import culprit

HEIGHT = 288.0
LANE = 36.0  # above and below the logarithmic part
EDGE = 12.0  # from the chart's edge to the middle of a lane's mark
WIDTH = 1000.0  # of the stretched drawing of lines and areas
MAX_DECADES = 16
MAX_TICKS = 7
NAMES_UP_TO = 12  # layers whose names fit under the chart


@dataclass(frozen=True, slots=True, kw_only=True)
class LogScale:
    """Values to heights between `top` and `bottom` (pixels, downwards), `low` to `high` decades."""

    low: int
    high: int
    top: float
    bottom: float

    def y(self, value: float) -> float:
        """The height of a value: zero in the lane below, infinity and NaN in the lane above."""
        if not math.isfinite(value):
            return self.top - (LANE - EDGE)
        if value <= 0:
            return self.bottom + (LANE - EDGE)
        return self.bottom - self.share(value) * (self.bottom - self.top)

    def share(self, value: float | None) -> float:
        """How far a value stands between `low` and `high`, 0..1; zero and None are 0, not finite is 1."""
        if value is None or value == 0:
            return 0.0
        if not math.isfinite(value):
            return 1.0
        return min(1.0, max(0.0, (math.log10(value) - self.low) / (self.high - self.low)))

    def ticks(self) -> list[tuple[float, str]]:
        """Height and label of whole decades, at most MAX_TICKS of them."""
        step = math.ceil((self.high - self.low) / (MAX_TICKS - 1))
        decades = range(self.high, self.low - 1, -step)
        return [(self.y(10.0**decade), "1" if decade == 0 else f"1e{decade}") for decade in decades]


def log_scale(values: Iterable[float], *, height: float = HEIGHT) -> LogScale:
    """The scale that holds all values; at least two decades, at most MAX_DECADES from the largest down."""
    logs = [math.log10(value) for value in values if value > 0 and math.isfinite(value)]
    high = math.ceil(max(logs, default=0.0))
    low = max(math.floor(min(logs, default=-8.0)), high - MAX_DECADES)
    if high - low < 2:
        low = high - 2
    return LogScale(low=low, high=high, top=LANE, bottom=height - LANE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One layer in the chart. `x`, `left`, `width` are percentages; `introduced` and `total` heights,
    None where there is no number."""

    layer: LayerDifference
    x: float
    left: float
    width: float
    introduced: float | None
    total: float | None
    title: str
    is_different: bool
    is_culprit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DivergenceChart:
    """Everything the template draws. `total_line` and `noise_band` are in WIDTH x HEIGHT units."""

    scale: LogScale
    marks: tuple[Mark, ...]
    culprit: Mark | None
    total_lines: tuple[str, ...]
    noise_band: str
    ticks: tuple[tuple[float, str], ...]
    positions: tuple[tuple[float, str], ...]
    zero: float
    not_finite: float | None
    names: bool


def divergence_chart(comparison: Comparison) -> DivergenceChart:
    """Layers in A's order from left to right; introduced, total and noise floor as largest differences."""
    layers = comparison.layers
    numbers = [value for layer in layers for value in _numbers(layer)]
    scale = log_scale(numbers)
    guilty = culprit(comparison)
    marks = tuple(
        _mark(layer, place, len(layers), scale, is_culprit=layer is guilty) for place, layer in enumerate(layers)
    )
    return DivergenceChart(
        scale=scale,
        marks=marks,
        culprit=next((mark for mark in marks if mark.is_culprit), None),
        total_lines=_lines(marks),
        noise_band=_band([layer.noise_floor for layer in layers], scale),
        ticks=tuple(scale.ticks()),
        positions=_positions(layers),
        zero=scale.y(0),
        not_finite=None if all(map(math.isfinite, numbers)) else scale.y(math.inf),
        names=len(layers) <= NAMES_UP_TO,
    )


def largest(metrics: Metrics | None) -> float | None:
    """The number that charts and bars show: the largest absolute difference."""
    return None if metrics is None else metrics.max_abs


def _numbers(layer: LayerDifference) -> list[float]:
    found = (largest(layer.introduced), largest(layer.total), layer.noise_floor)
    return [value for value in found if value is not None]


def _mark(layer: LayerDifference, place: int, count: int, scale: LogScale, *, is_culprit: bool) -> Mark:
    introduced, total = largest(layer.introduced), largest(layer.total)
    return Mark(
        layer=layer,
        x=round(100 * (place + 0.5) / count, 4),
        left=round(100 * place / count, 4),
        width=round(100 / count, 4),
        introduced=None if introduced is None else round(scale.y(introduced), 1),
        total=None if total is None else round(scale.y(total), 1),
        title=_title(layer),
        is_different=layer.status == "different",
        is_culprit=is_culprit,
    )


def _title(layer: LayerDifference) -> str:
    introduced, total, floor = largest(layer.introduced), largest(layer.total), layer.noise_floor
    numbers = f"introduced {short(introduced)}, total {short(total)}, noise floor {short(floor)}"
    return "\n".join((elided(layer.a, 160), elided(layer.class_name, 80), numbers))


def _lines(marks: Sequence[Mark]) -> tuple[str, ...]:
    """The total difference as lines, broken where a layer has none."""
    lines: list[list[str]] = [[]]
    for mark in marks:
        if mark.total is None:
            lines.append([])
        else:
            lines[-1].append(f"{mark.x * WIDTH / 100:.1f},{mark.total}")
    return tuple(" ".join(line) for line in lines if len(line) > 1)


def _band(floors: Sequence[float | None], scale: LogScale) -> str:
    """The noise floor as steps down to the bottom of the chart; layers without one stand at the bottom."""
    if not any(floors):
        return ""
    bottom = scale.bottom + LANE
    points = [f"0,{bottom}"]
    for place, floor in enumerate(floors):
        height = round(scale.y(floor), 1) if floor else bottom
        points += [f"{x * WIDTH / len(floors):.1f},{height}" for x in (place, place + 1)]
    return " ".join([*points, f"{WIDTH:.0f},{bottom}"])


def _positions(layers: Sequence[LayerDifference]) -> tuple[tuple[float, str], ...]:
    """Where the numbers under the chart stand: at most eleven, at round positions."""
    count = len(layers)
    step = next(step for step in _round_steps() if count / step <= 10)
    return tuple((100 * (place + 0.5) / count, str(layers[place].index)) for place in range(0, count, step))


def _round_steps() -> Iterable[int]:
    return (factor * 10**power for power in range(9) for factor in (1, 2, 5))
