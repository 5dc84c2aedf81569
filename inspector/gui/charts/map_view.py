"""One map of values: an image to zoom and pan, a mark at the worst position, a scale below."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QGraphicsRectItem, QVBoxLayout, QWidget

from inspector.domain.wording import full, short
from inspector.gui.charts.colour_maps import MapKind, table
from inspector.gui.plain import label, tooltip
from inspector.gui.theme import GRID, Theme, numbers_font

Float64 = NDArray[np.float64]
_SQUARE_UP_TO = 5.0  # sides that differ more than this are stretched, or a row of units were a hair


class MapView(QWidget):
    """`hovered` carries (row, column) under the mouse, or None; `fit_wanted` is a double click."""

    hovered = Signal(object)
    fit_wanted = Signal()

    def __init__(self, title: str, kind: MapKind, theme: Theme) -> None:
        super().__init__()
        self._kind, self._theme = kind, theme
        self.title = label(title, role="muted")
        self.plot = pg.PlotWidget(enableMenu=False)
        self.plot.setAccessibleName(f"Map of {title}")
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the values are told beside it, too
        self.plot.hideButtons()
        self.plot.hideAxis("left")
        self.plot.hideAxis("bottom")
        self.plot.invertY(True)
        self.plot.setMinimumSize(8 * GRID, 8 * GRID)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.mark = pg.ScatterPlotItem(
            symbol="s", size=13, brush=None, pen=pg.mkPen("w", width=2 * self.devicePixelRatioF())
        )
        self.shadow = pg.ScatterPlotItem(
            symbol="s", size=16, brush=None, pen=pg.mkPen("k", width=self.devicePixelRatioF())
        )
        self.ground = QGraphicsRectItem()
        self.ground.setPen(Qt.PenStyle.NoPen)
        for item in (self.ground, self.image, self.shadow, self.mark):
            self.plot.addItem(item, ignoreBounds=item is not self.image)
        self.plot.getViewBox().setDefaultPadding(0.04)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.plot, 1)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self.plot.viewport().installEventFilter(self)
        theme.changed.connect(self.paint_theme)
        self.paint_theme()

    def show_values(
        self, values: Float64, low: float, high: float, *, worst: tuple[int, int] | None, square: bool
    ) -> None:
        """Draw values of shape (rows, columns); NaN cells are grey, infinity takes the rim's colour.

        `square` cells, unless the map would be a hair then."""
        new_shape = self.image.image is None or self.image.image.shape != values.shape
        clipped = np.clip(values, low, high)  # NaN stays
        self.image.setImage(clipped, levels=(low, high), autoLevels=False)
        spots = [] if worst is None else [(worst[1] + 0.5, worst[0] + 0.5)]
        self.mark.setData(pos=spots)
        self.shadow.setData(pos=spots)
        if new_shape:
            rows, columns = values.shape
            self.ground.setRect(0, 0, columns, rows)
            ratio = max(rows, 1) / max(columns, 1)
            self.plot.setAspectLocked(square and 1 / _SQUARE_UP_TO <= ratio <= _SQUARE_UP_TO)
            self.fit()

    def fit(self) -> None:
        """Show the whole map, also after the panel has changed its size."""
        self.plot.getViewBox().enableAutoRange()

    def cell_at(self, scene_point: QPointF) -> tuple[int, int] | None:
        """Row and column under a point of the scene."""
        if self.image.image is None:
            return None
        point = self.plot.getViewBox().mapSceneToView(scene_point)
        row, column = math.floor(point.y()), math.floor(point.x())
        rows, columns = self.image.image.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def paint_theme(self) -> None:
        """Take the colours in force."""
        self.plot.setBackground(self._theme.colours.surface)
        self.ground.setBrush(QColor(self._theme.colours.line))
        self.image.setLookupTable(table(self._kind, self._theme.colours))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hovered.emit(None)
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self.fit_wanted.emit()
        return False

    def _moved(self, scene_point: QPointF) -> None:
        self.hovered.emit(self.cell_at(scene_point))


class ScaleBar(QWidget):
    """The colours of a map from its lowest to its highest value, with the numbers at the ends."""

    def __init__(self, kind: MapKind, theme: Theme) -> None:
        super().__init__()
        self._kind, self._theme = kind, theme
        self.low, self.high = 0.0, 1.0
        self.setFont(numbers_font())
        self.setFixedHeight(self.fontMetrics().height() + GRID + 2)
        theme.changed.connect(self.update)

    def show_range(self, low: float, high: float) -> None:
        """The values at the two ends."""
        self.low, self.high = low, high
        self.setToolTip(tooltip(f"from {full(low)} to {full(high)}"))
        self.setAccessibleName(f"Colours from {short(low)} to {short(high)}")
        self.update()

    def texts(self) -> tuple[str, str, str]:
        """What stands at the left end, in the middle and at the right end."""
        low, high = short(self.low), short(self.high)
        if self._kind == "even":
            return low, "", high
        room = self.width() - self.fontMetrics().horizontalAdvance(f"{low}+{high}")
        if room < GRID:
            return "", f"±{high}", ""
        return low, "0" if room > 5 * GRID else "", f"+{high}"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colours = np.ascontiguousarray(table(self._kind, self._theme.colours))
        strip = QImage(colours.tobytes(), len(colours), 1, 3 * len(colours), QImage.Format.Format_RGB888)
        painter.drawImage(QRectF(0, 0, self.width(), GRID - 1), strip)
        painter.setPen(self._theme.colours.muted)
        words = QRectF(0, GRID, self.width(), self.height() - GRID)
        flags = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
        for text, flag in zip(self.texts(), flags, strict=True):
            painter.drawText(words, int(flag), text)
