"""Two small pictures of one array: its histogram and a map of its values. Painted, no chart library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.domain.files import ValueSummary
from inspector.gui.browse.wording import number_text
from inspector.gui.plain import tooltip
from inspector.gui.theme import GRID, Theme

#: Nine stops of viridis (matplotlib, CC0), RGB 0..255: even to the eye, also to a colour-blind one.
VIRIDIS = np.array([
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99),
    (170, 220, 50), (253, 231, 37),
], float)  # fmt: skip


class SummaryChart(QWidget):
    """What both pictures share: a summary, the theme, and a caption under the picture."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.summary: ValueSummary | None = None
        self.setMinimumSize(QSize(12 * GRID, 9 * GRID))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_summary(self, summary: ValueSummary | None) -> None:
        self.summary = summary
        self.setVisible(summary is not None and self.drawable(summary))
        self.update()

    def drawable(self, summary: ValueSummary) -> bool:
        """Whether there is anything to paint of it."""
        return summary.count > 0

    def plot(self) -> QRectF:
        """The picture's rectangle, above the caption line."""
        return QRectF(self.rect()).adjusted(0, 0, 0, -self.fontMetrics().height() - 4)

    def caption(self, painter: QPainter, left: str, right: str = "") -> None:
        painter.setPen(QColor(self.theme.colours.muted))
        line = QRectF(self.rect()).adjusted(0, self.plot().bottom() + 2, 0, 0)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, left)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, right)


class Histogram(SummaryChart):
    """Counts over value, with zero marked."""

    def drawable(self, summary: ValueSummary) -> bool:
        return bool(summary.counts) and max(summary.counts) > 0

    def show_summary(self, summary: ValueSummary | None) -> None:
        super().show_summary(summary)
        if summary is not None and self.drawable(summary):
            told = f"{summary.count} values from {summary.minimum!r} to {summary.maximum!r}"
            self.setToolTip(tooltip(told))
            self.setAccessibleName(f"Histogram: {told}")

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.summary is None:
            return
        painter, plot, edges = QPainter(self), self.plot(), self.summary.edges
        span = (edges[-1] - edges[0]) or 1.0
        top = max(self.summary.counts)

        def across(value: float) -> float:
            return plot.left() + (value - edges[0]) / span * plot.width()

        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.colours.total))
        for low, high, count in zip(edges, edges[1:], self.summary.counts, strict=False):
            height = plot.height() * count / top
            width = max(across(high) - across(low) - 1, 1)
            painter.drawRect(QRectF(across(low), plot.bottom() - height, width, height))
        if edges[0] < 0 < edges[-1]:
            painter.setPen(QColor(self.theme.colours.muted))
            painter.drawLine(QPointF(across(0), plot.top()), QPointF(across(0), plot.bottom()))
        self.caption(painter, number_text(edges[0]), number_text(edges[-1]))


class Picture(SummaryChart):
    """The array as a map in perceptually even colours; hover tells the value."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._image: QImage | None = None
        self._values = np.zeros((0, 0))
        theme.changed.connect(self._draw)
        self.setMouseTracking(True)

    def drawable(self, summary: ValueSummary) -> bool:
        return bool(summary.picture)

    def show_summary(self, summary: ValueSummary | None) -> None:
        super().show_summary(summary)
        self._draw()
        if summary is not None:
            self.setAccessibleName(f"Picture of the values: {summary.picture_note}")

    def value_at(self, point: QPointF) -> str:
        """Row, column and value under a point of the widget, empty beside the picture."""
        target = self._target()
        if not target.contains(point) or not self._values.size:
            return ""
        rows, columns = self._values.shape
        row = min(int((point.y() - target.top()) / target.height() * rows), rows - 1)
        column = min(int((point.x() - target.left()) / target.width() * columns), columns - 1)
        return f"row {row}, column {column}: {self._values[row, column]!s}"

    def mouseMoveEvent(self, event: object) -> None:
        self.setToolTip(tooltip(self.value_at(event.position())))  # type: ignore[attr-defined]

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.summary is None or self._image is None:
            return
        painter = QPainter(self)
        painter.drawImage(self._target(), self._image)
        note = self.fontMetrics().elidedText(self.summary.picture_note, Qt.TextElideMode.ElideRight, self.width())
        self.caption(painter, note)

    def _draw(self) -> None:
        self._image = None
        if self.summary is not None and self.summary.picture:
            self._values = np.asarray(self.summary.picture, np.float64)
            self._image = even_image(self._values, self.theme)
        self.update()

    def _target(self) -> QRectF:
        plot = self.plot()
        if self._image is None:
            return plot
        scale = min(plot.width() / self._image.width(), plot.height() / self._image.height())
        if scale > 1:
            scale = float(int(scale))
        return QRectF(plot.left(), plot.top(), self._image.width() * scale, self._image.height() * scale)


def even_image(values: NDArray[np.float64], theme: Theme) -> QImage:
    """Values [rows, columns] as an image, perceptually even over their range; NaN shows the ground."""
    finite = np.isfinite(values)
    low = float(np.min(values[finite], initial=np.inf)) if finite.any() else 0.0
    span = (float(np.max(values[finite])) - low if finite.any() else 0.0) or 1.0
    place = np.where(finite, (np.where(finite, values, low) - low) / span, 0.0) * (len(VIRIDIS) - 1)
    stops = np.arange(len(VIRIDIS))
    pixels = np.stack([np.interp(place, stops, VIRIDIS[:, channel]) for channel in range(3)], axis=-1)
    ground = QColor(theme.colours.ground)
    pixels[~finite] = (ground.red(), ground.green(), ground.blue())
    drawn = np.ascontiguousarray(pixels.round().astype(np.uint8))
    rows, columns = values.shape
    return QImage(drawn.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
