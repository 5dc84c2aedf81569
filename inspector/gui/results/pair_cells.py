"""Cells with two bars, A's blue over B's orange, on one scale that has zero in it."""

from __future__ import annotations

import math

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from inspector.gui.theme import GRID, Theme

PAIR_ROLE = int(Qt.ItemDataRole.UserRole) + 2


class PairDelegate(QStyledItemDelegate):
    """Paints the (A, B) that the cell's `PAIR_ROLE` holds, over `low` to `high`."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.low, self.high = 0.0, 1.0

    def fit(self, values: list[float]) -> None:
        """Choose the scale: all values and zero."""
        finite = [value for value in values if math.isfinite(value)]
        self.low, self.high = min([0.0, *finite]), max([0.0, *finite])
        if self.low == self.high:
            self.high = 1.0

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        pair = index.data(PAIR_ROLE)
        if pair is None:
            return
        room = QRectF(option.rect).adjusted(GRID, 0, -GRID, 0)
        zero = self._across(room, 0.0)
        thick = min(room.height() * 0.3, 0.9 * GRID)
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        colours = self._theme.colours
        for value, colour, top in (
            (pair[0], colours.a, room.center().y() - thick - 0.5),
            (pair[1], colours.b, room.center().y() + 0.5),
        ):
            if value is not None and not math.isnan(value):
                end = self._across(room, min(max(value, self.low), self.high))
                painter.setBrush(QColor(colour))
                painter.drawRect(QRectF(min(zero, end), top, max(abs(end - zero), 1.0), thick))
        painter.setBrush(QColor(colours.muted))
        painter.drawRect(QRectF(zero - 0.5, room.top() + 2, 1, room.height() - 4))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(20 * GRID, super().sizeHint(option, index).height())

    def _across(self, room: QRectF, value: float) -> float:
        return room.left() + (value - self.low) / (self.high - self.low) * room.width()
