"""Axes of the divergence chart: decades with a zero below them, and layers with names where there is room."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF

from inspector.gui.charts.log_scale import LogScale
from inspector.gui.plain import shortened
from inspector.gui.theme import numbers_font

_NAME_ROOM = 64  # pixels from which on a name is worth reading
_TICK_ROOM = 56  # pixels between two ticks with numbers
_LINE_ROOM = 26  # pixels between two decades


class DecadeAxis(pg.AxisItem):
    """The left axis: ticks of a logarithmic scale in words."""

    def __init__(self) -> None:
        super().__init__("left")
        self.setStyle(hideOverlappingLabels=False)
        self.scale_shown = LogScale()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        ticks = self.scale_shown.ticks(max(2, int(size / _LINE_ROOM)))
        return [(1.0, [place for place, _ in ticks if low <= place <= high])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        words = dict(self.scale_shown.ticks(10_000))
        return [words.get(value, "") for value in values]


class LayerAxis(pg.AxisItem):
    """The bottom axis: the place in A's order; the names as soon as they can be read."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.names: tuple[str, ...] = ()
        self._room = 0.0

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        first, last = max(0, math.ceil(low)), min(len(self.names) - 1, math.floor(high))
        self._room = size / max(high - low, 1e-9)
        step = 1 if self._room >= _NAME_ROOM else _round_step(_TICK_ROOM / max(self._room, 1e-9))
        return [(float(step), [float(i) for i in range(first, last + 1) if i % step == 0])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self._room < _NAME_ROOM:
            return [str(int(value)) for value in values]
        metrics = QFontMetricsF(numbers_font())
        room = self._room - 8
        return [
            metrics.elidedText(shortened(self.names[int(value)]), Qt.TextElideMode.ElideMiddle, room)
            for value in values
        ]


def _round_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 ... that is not below `least`."""
    power = 10 ** max(0, math.floor(math.log10(max(least, 1.0))))
    return next(int(factor * power) for factor in (1, 2, 5, 10) if factor * power >= least)


def dress(plot: Any, *, text: str, line: str, ground: str) -> None:
    """Give a plot widget the theme's colours and the window's font."""
    plot.setBackground(ground)
    for name in ("left", "bottom"):
        axis = plot.getPlotItem().getAxis(name)
        axis.setTextPen(text)
        axis.setPen(line)
        axis.setTickPen(line)
        axis.setStyle(tickFont=numbers_font(), tickLength=-3)
