"""Small drawn icons for the kinds of entries, in the theme's colours."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

SIZE = 16
SCALE = 2  # drawn at twice the size, for sharp edges on a 200% screen


def entry_icon(kind: str, *, muted: str, accent: str) -> QIcon:
    """A square for a layer, a grid for values, a circle for a node, a folder's tab for what only groups."""
    pixmap = QPixmap(SIZE * SCALE, SIZE * SCALE)
    pixmap.setDevicePixelRatio(SCALE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(accent if kind == "layer" else muted), 1.2))
    _SHAPES.get(kind, _group)(painter)
    painter.end()
    return QIcon(pixmap)


def _layer(painter: QPainter) -> None:
    painter.drawRoundedRect(QRectF(2.5, 4.5, 11, 7), 2, 2)
    painter.drawLine(QPointF(5, 8), QPointF(11, 8))


def _values(painter: QPainter) -> None:
    painter.drawRect(QRectF(3, 3, 10, 10))
    for at in (6.33, 9.67):
        painter.drawLine(QPointF(at, 3), QPointF(at, 13))
        painter.drawLine(QPointF(3, at), QPointF(13, at))


def _node(painter: QPainter) -> None:
    painter.drawEllipse(QRectF(4, 4, 8, 8))


def _link(painter: QPainter) -> None:
    painter.drawLine(QPointF(4, 12), QPointF(12, 4))
    painter.drawLine(QPointF(7, 4), QPointF(12, 4))
    painter.drawLine(QPointF(12, 4), QPointF(12, 9))


def _group(painter: QPainter) -> None:
    painter.drawPolyline([QPointF(2.5, 12.5), QPointF(2.5, 4), QPointF(6.5, 4), QPointF(8, 5.5)])
    painter.drawPolyline([QPointF(8, 5.5), QPointF(13.5, 5.5), QPointF(13.5, 12.5), QPointF(2.5, 12.5)])


_SHAPES = {
    "layer": _layer, "weight": _values, "dataset": _values, "tensor": _values, "node": _node,
    "function": _node, "link": _link,
}  # fmt: skip
