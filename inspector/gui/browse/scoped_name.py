"""A name with its scope, in two lines: what tells it from its neighbours above, the scope in grey below."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from inspector.gui.browse.icons import SIZE
from inspector.gui.theme import GRID, Theme


def in_two(path: str) -> tuple[str, str]:
    """The last part of a path, and the scope in front of it."""
    scope, _slash, name = path.rpartition("/")
    return name, scope


class ScopedNameDelegate(QStyledItemDelegate):
    """Each line is cut by itself: the name in its middle, the scope at its beginning, where paths are alike."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        self.initStyleOption(option, index)
        path, icon = str(index.data()), QIcon(option.icon)
        option.text, option.icon = "", QIcon()
        option.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        name, scope = in_two(path)
        room = option.rect.adjusted(GRID // 2, 0, -GRID // 2, 0)
        icon.paint(painter, QRect(room.left(), room.center().y() - SIZE // 2, SIZE, SIZE))
        room.setLeft(room.left() + SIZE + GRID // 2)
        colours, metrics, line = self._theme.colours, option.fontMetrics, option.fontMetrics.height()
        top = room.center().y() - (line if scope else line // 2)
        for text, colour, elide, y in (
            (name, colours.text, Qt.TextElideMode.ElideMiddle, top),
            (scope, colours.muted, Qt.TextElideMode.ElideLeft, top + line),
        ):
            painter.setPen(colour)
            place = QRect(room.left(), y, room.width(), line)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, metrics.elidedText(text, elide, room.width()))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), 2 * option.fontMetrics.height() + GRID // 2)
