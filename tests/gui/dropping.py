"""Dropping on a window, as the system would deliver it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget


def dropped(*paths: Path | str) -> QMimeData:
    """What a file manager offers for these files."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop_on(window: QWidget, mime: QMimeData, share: float = 0.5) -> None:
    """Drop on the window at a share of its width."""
    at = QPoint(int(window.width() * share), window.height() // 2)
    actions = Qt.DropAction.CopyAction
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(at, actions, mime, buttons, keys))
    QApplication.sendEvent(window, QDropEvent(QPointF(at), actions, mime, buttons, keys))
