"""Work for a widget that is done when it is on the screen: at once, or as soon as it is shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


class WhenSeen(QObject):
    """Calls `refresh` for `ask`; while the widget is hidden, once for all that was asked, when it is shown."""

    def __init__(self, widget: QWidget, refresh: Callable[[], None]) -> None:
        super().__init__(widget)
        self._widget, self._refresh, self._stale = widget, refresh, False
        widget.installEventFilter(self)

    def ask(self, *_told: object) -> None:
        """What the widget shows is no longer true. Takes and ignores what a signal carries."""
        if self._widget.isVisible():
            self._refresh()
        else:
            self._stale = True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and self._stale:
            self._stale = False
            self._refresh()
        return False
