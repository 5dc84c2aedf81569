"""Legends as a row of words, each with the mark that its series has in the chart."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from inspector.gui.plain import label
from inspector.gui.theme import GRID, Theme

Shape = Literal["stem", "line", "band", "bar", "culprit"]


class Swatch(QWidget):
    """A small picture of one series. `role` names a colour of the theme."""

    def __init__(self, shape: Shape, role: str, theme: Theme) -> None:
        super().__init__()
        self._shape, self._role, self._theme = shape, role, theme
        self.setFixedSize(QSize(2 * GRID, 2 * GRID))
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(getattr(self._theme.colours, self._role))
        room = QRectF(self.rect()).adjusted(1, 2, -1, -2)
        centre = room.center()
        painter.setPen(QPen(colour, 2))
        painter.setBrush(colour)
        if self._shape == "stem":
            painter.drawLine(QPointF(centre.x(), centre.y()), QPointF(centre.x(), room.bottom()))
            painter.drawEllipse(QPointF(centre.x(), room.top() + 3), 2.5, 2.5)
        elif self._shape == "line":
            painter.drawLine(QPointF(room.left(), centre.y()), QPointF(room.right(), centre.y()))
        elif self._shape == "culprit":
            painter.translate(centre)
            painter.rotate(45)
            painter.drawRect(QRectF(-3, -3, 6, 6))
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRect(room if self._shape == "band" else room.adjusted(0, 3, 0, -3))


def legend(theme: Theme, *series: tuple[Shape, str, str]) -> QWidget:
    """A row of (shape, colour role, word)."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID // 2)
    for shape, role, word in series:
        layout.addWidget(Swatch(shape, role, theme))
        layout.addWidget(label(word, role="muted"))
        layout.addSpacing(GRID)
    return row
