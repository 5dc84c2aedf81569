"""Two small plots of a layer: A over B with the line on which they are equal, and the differences counted."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.compare.charts import Histogram, Scatter
from inspector.domain.wording import short
from inspector.gui.charts.axes import dress
from inspector.gui.plain import ElidedLabel, tooltip
from inspector.gui.theme import GRID, Theme

Role = Literal["total", "introduced"]
_POINT_ALPHA = 110


class ShortAxis(pg.AxisItem):
    """An axis with few ticks, written with three significant digits at most."""

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        levels = super().tickValues(low, high, size)
        room = 56 if self.orientation == "bottom" else 28
        step, values = levels[0] if levels else (1.0, [])
        most = max(2, int(size / room))
        return [(step, [float(value) for value in values][:: max(1, -(-len(values) // most))])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e") for value in values]


class SmallPlot(QWidget):
    """A plot with a heading; `role` is the colour of what is drawn: the total or the introduced difference."""

    def __init__(self, title: str, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.role: Role = "total"
        self.title = ElidedLabel(title, role="muted")
        axes = {name: ShortAxis(name) for name in ("left", "bottom")}
        self.plot = pg.PlotWidget(axisItems=axes, enableMenu=False)
        self.plot.setAccessibleName(title)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.hideButtons()
        self.plot.setAntialiasing(True)
        self.plot.setMinimumSize(8 * GRID, 8 * GRID)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.plot, 1)
        theme.changed.connect(self.paint_theme)
        self.paint_theme()

    @property
    def colour(self) -> QColor:
        return QColor(getattr(self._theme.colours, self.role))

    def paint_theme(self) -> None:
        """Take the colours in force."""
        colours = self._theme.colours
        dress(self.plot, text=colours.muted, line=colours.line, ground=colours.surface)
        self.draw()

    def draw(self) -> None:
        """Draw what is shown in the colours in force."""


class ScatterChart(SmallPlot):
    """A upwards over B to the right; on the dashed line both are equal."""

    def __init__(self, theme: Theme) -> None:
        self.scatter: Scatter | None = None
        self.points, self.equal = pg.ScatterPlotItem(size=4, pen=None), pg.InfiniteLine(QPointF(0, 0), angle=45)
        super().__init__("A over B", theme)
        self.plot.addItem(self.equal, ignoreBounds=True)
        self.plot.addItem(self.points)
        self.plot.getAxis("left").setWidth(44)

    def show_scatter(self, scatter: Scatter, role: Role) -> None:
        """Draw a sample of the elements."""
        self.scatter, self.role = scatter, role
        self.draw()
        self.plot.autoRange()

    def draw(self) -> None:
        self.equal.setPen(
            pg.mkPen(self._theme.colours.muted, width=self.devicePixelRatioF(), style=Qt.PenStyle.DashLine)
        )
        if self.scatter is not None:
            finite = np.isfinite(self.scatter.a) & np.isfinite(self.scatter.b)
            colour = self.colour
            colour.setAlpha(_POINT_ALPHA)
            self.points.setData(self.scatter.b[finite], self.scatter.a[finite], brush=pg.mkBrush(colour))


class HistogramChart(SmallPlot):
    """How many elements differ by how much; counts logarithmic, the noise floor a pale band around zero."""

    def __init__(self, theme: Theme) -> None:
        self.histogram: Histogram | None = None
        self.bars = pg.PlotCurveItem(pen=None)
        self.band = pg.LinearRegionItem(movable=False, pen=pg.mkPen(None))
        self.zero = pg.InfiniteLine(0, angle=90)
        super().__init__("B − A, counted", theme)
        self.plot.addItem(self.band, ignoreBounds=True)
        self.plot.addItem(self.zero, ignoreBounds=True)
        self.plot.addItem(self.bars)
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.hideAxis("left")

    def show_histogram(self, histogram: Histogram, floor: float | None, role: Role) -> None:
        """Draw counts over the difference."""
        self.histogram, self.role = histogram, role
        reach = float(histogram.edges[-1])
        self.band.setVisible(floor is not None)
        self.band.setRegion((-(floor or 0.0), floor or 0.0))
        self.draw()
        self.plot.setRange(xRange=(-reach, reach), yRange=(0, self._top()), padding=0.04)
        left_out = f", {histogram.left_out} not finite" if histogram.left_out else ""
        counted = int(histogram.counts.sum())
        told = f"{counted} differences within ±{short(reach)}{left_out}, counted on a logarithmic scale"
        self.title.setToolTip(tooltip(told))
        self.plot.setAccessibleDescription(told)

    def draw(self) -> None:
        self.band.setBrush(QColor(self._theme.colours.noise))
        self.zero.setPen(pg.mkPen(self._theme.colours.line, width=self.devicePixelRatioF()))
        if self.histogram is not None:
            heights = np.log1p(self.histogram.counts.astype(np.float64))
            self.bars.setData(self.histogram.edges, heights, stepMode="center", fillLevel=0, brush=self.colour)

    def _top(self) -> float:
        counts = self.histogram.counts if self.histogram is not None else np.ones(1)
        return float(np.log1p(counts.max(initial=1)))
