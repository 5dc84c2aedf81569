"""What is drawn in the divergence chart: stems, line, band, the culprit's name, the cursor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont

from inspector.domain.wording import elided, short
from inspector.gui.charts.depth import Depth, Float64
from inspector.gui.theme import Colours

_CURSOR = 14  # pixels; wide enough to be seen behind a stem
_DENSE = 150  # layers from which on the heads are smaller
_FAINT = 150  # of 255: stems that stay within the noise


class DepthItems:
    """The graphics items of one plot, lowest first."""

    def __init__(self) -> None:
        self._scale = 1.0
        self.band = pg.PlotCurveItem(pen=None)
        self.cursor = pg.InfiniteLine(angle=90, movable=False)
        self.needle = pg.InfiniteLine(angle=90, movable=False)
        self.stems = pg.PlotCurveItem(connect="pairs")
        self.strong = pg.PlotCurveItem(connect="pairs")
        self.line = pg.PlotCurveItem(connect="finite")
        self.heads = pg.ScatterPlotItem(pen=None)
        self.leader = pg.PlotCurveItem()
        self.label = pg.TextItem("")
        bold = QFont()
        bold.setBold(True)
        self.label.setFont(bold)
        self.mark(None)

    def add_to(self, plot: Any) -> None:
        """Put the items into a plot; none of them moves its range."""
        items = (
            self.band,
            self.cursor,
            self.needle,
            self.stems,
            self.strong,
            self.line,
            self.leader,
            self.heads,
            self.label,
        )
        for depth, item in enumerate(items):
            item.setZValue(depth)
            plot.addItem(item, ignoreBounds=True)

    def mark(self, position: int | None) -> None:
        """Put the cursor on a layer, or take it away."""
        for line in (self.cursor, self.needle):
            line.setVisible(position is not None)
            line.setPos(position or 0)

    def paint(self, colours: Colours, *, focused: bool, scale: float) -> None:
        """Take these colours; the cursor is stronger while the keys go to the chart.

        Pens count in device pixels, so `scale` of them make one of the window's."""
        self._scale = scale
        self.band.setBrush(QColor(colours.noise))
        self.line.setPen(pg.mkPen(colours.total, width=2 * scale))
        self.cursor.setPen(pg.mkPen(colours.selection, width=_CURSOR * scale))
        self.needle.setPen(pg.mkPen(colours.accent, width=(2 if focused else 1) * scale))
        self.leader.setPen(pg.mkPen(colours.introduced, width=scale, style=Qt.PenStyle.DotLine))
        self.label.setColor(colours.introduced)

    def draw(self, depth: Depth, colours: Colours) -> None:
        """Draw the layers of a comparison."""
        x = np.arange(len(depth.layers), dtype=np.float64)
        zero = depth.scale.zero
        floor = np.where(np.isnan(depth.noise), zero, depth.noise)
        self.band.setData(np.column_stack([x - 0.5, x + 0.5]).ravel(), np.repeat(floor, 2), fillLevel=zero)
        self.line.setData(x, depth.total)
        faint = QColor(colours.introduced)
        faint.setAlpha(_FAINT)
        quiet = ~np.isnan(depth.introduced) & ~depth.differing
        loud = ~np.isnan(depth.introduced) & depth.differing
        self.stems.setData(*_pairs(x[quiet], depth.introduced[quiet], zero), pen=pg.mkPen(faint, width=self._scale))
        self.strong.setData(
            *_pairs(x[loud], depth.introduced[loud], zero), pen=pg.mkPen(colours.introduced, width=2 * self._scale)
        )
        shown = quiet | loud
        small = 5 if len(x) < _DENSE else 3
        self.heads.setData(
            x[shown], depth.introduced[shown], brush=pg.mkBrush(colours.introduced),
            symbol=["d" if strong else "o" for strong in depth.differing[shown]],
            size=[13 if strong else small for strong in depth.differing[shown]],
        )  # fmt: skip
        self._name_culprit(depth)

    def _name_culprit(self, depth: Depth) -> None:
        place = depth.culprit
        for item in (self.label, self.leader):
            item.setVisible(place is not None and not np.isnan(depth.introduced[place]))
        if place is None or not self.label.isVisible():
            return
        layer = depth.layers[place]
        introduced = layer.introduced.max_abs if layer.introduced else None
        self.label.setText(f"≠ {elided(layer.a, 40)}   {short(introduced)}")
        right, top = place > len(depth.layers) * 0.5, headroom(depth)
        self.label.setAnchor((1.0 if right else 0.0, 0.0))
        self.label.setPos(place, top)
        self.leader.setData([place, place], [float(depth.introduced[place]), top])


def _pairs(x: Float64, top: Float64, bottom: float) -> tuple[Float64, Float64]:
    """Vertical lines from `bottom` to each `top`, as pairs of points."""
    return np.repeat(x, 2), np.column_stack([np.full_like(top, bottom), top]).ravel()


def headroom(depth: Depth) -> float:
    """The height, in decades, up to which the chart reaches: above the highest head a name has room."""
    return depth.scale.high + 0.14 * (depth.scale.high - depth.scale.zero)
