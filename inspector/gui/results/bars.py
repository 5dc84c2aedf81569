"""Cells with a number and a logarithmic bar: introduced magenta, total grey-violet, the noise floor band."""

from __future__ import annotations

import math

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from inspector.gui.charts.log_scale import LogScale
from inspector.gui.results.cells import Column, number_of
from inspector.gui.results.match_model import ROW_ROLE, MatchModel
from inspector.gui.results.rows import Row
from inspector.gui.theme import GRID, Theme, numbers_font

_WIDEST = "8.88e-88"


class BarDelegate(QStyledItemDelegate):
    """Paints the number right-aligned and the bar in what is left of the cell."""

    def __init__(self, model: MatchModel, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._model, self._theme, self._font = model, theme, numbers_font()

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.font = self._font

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        row: Row = index.data(ROW_ROLE)
        value = number_of(row, index.column())
        if value is None:
            return
        metrics = option.fontMetrics
        room = QRectF(option.rect)
        room.adjust(GRID, 0, -metrics.horizontalAdvance(_WIDEST) - GRID, 0)
        if room.width() < 2 * GRID:
            return
        colours = self._theme.colours
        fill = colours.introduced if index.column() == Column.INTRODUCED else colours.total
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        draw_bar(painter, room, self._model.scale, value, row.noise_floor, fill=fill, noise=colours.noise)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width() + 6 * GRID, hint.height())


class WordsDelegate(QStyledItemDelegate):
    """Cells whose beginning says most: left out is the end, not the middle."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


def draw_bar(
    painter: QPainter,
    room: QRectF,
    scale: LogScale,
    value: float,
    floor: float | None,
    *,
    fill: str,
    noise: str,
) -> None:
    """The noise floor as a pale band over the whole height, the value as a slim bar with a round end.

    A zero is a point on the base line. A NaN fills the bar: nothing is worse."""
    if floor is not None and not math.isnan(floor):
        painter.setBrush(QColor(noise))
        painter.drawRect(QRectF(room.left(), room.top() + 2, room.width() * scale.share(floor), room.height() - 4))
    share = scale.share(value)
    length = room.width() * (1.0 if math.isnan(share) else share)
    thick = GRID * 0.75
    painter.setBrush(QColor(fill))
    top = room.center().y() - thick / 2
    painter.drawRoundedRect(QRectF(room.left(), top, max(length, 2.0), thick), 2, 2)
