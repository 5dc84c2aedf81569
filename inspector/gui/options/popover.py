"""A panel that floats over the window under the button that opened it, and goes when one turns elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QVBoxLayout, QWidget

from inspector.gui.theme import GRID

WIDTH = 56 * GRID
SCROLL = 2 * GRID  # pixels for a scroll bar and the frame
TOP = 8 * GRID  # the menu and the tool bar above stay free


class Popover(QFrame):
    """No dialog and no window of its own: file dialogs open over it, Tab stays in it, Esc leaves it.

    A click elsewhere or a command that moves the keyboard closes it too."""

    closed = Signal()

    def __init__(self, content: QWidget, window: QWidget) -> None:
        super().__init__(window)
        self.setProperty("popover", True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.content = content
        self._over = window
        self._opener: QWidget | None = None
        self.area = QScrollArea()
        self.area.setWidget(content)
        self.area.setWidgetResizable(True)
        self.area.setProperty("clear", True)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self.area)
        self.hide()
        content.installEventFilter(self)
        QApplication.instance().focusChanged.connect(self._focus_changed)  # type: ignore[union-attr]

    def open_under(self, opener: QWidget) -> None:
        """Show it under a widget of the same window, as high as its content wants and the window lets it."""
        self._opener = opener
        self.fit()
        self.show()
        self.raise_()
        stops = self._stops()
        (stops[0] if stops else self).setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Hide, and give the keyboard back to the opener."""
        if self.isVisible():
            opener, self._opener = self._opener, None
            if opener is not None and self.isAncestorOf(QApplication.focusWidget() or self):
                opener.setFocus(Qt.FocusReason.PopupFocusReason)
            self.hide()
            self.closed.emit()

    def fit(self) -> None:
        """Take the place and size that suit the content and the window as they are now."""
        if self._opener is None:
            return
        window = self._over
        if (laid := self.content.layout()) is not None:
            laid.activate()
        width = min(WIDTH, window.width() - 2 * GRID)
        wanted = max(self.content.heightForWidth(width - SCROLL), 0) or self.content.sizeHint().height()
        self.content.setMinimumHeight(wanted)  # sentences that take several lines are not squeezed into one
        height = min(wanted + 4, window.height() - TOP - GRID)
        below = self._opener.mapTo(window, QPoint(0, self._opener.height() + GRID // 2))
        room = window.height() - below.y() - GRID
        y = below.y() if height <= room else max(TOP, window.height() - height - GRID)
        x = min(below.x(), window.width() - width - GRID)
        self.setGeometry(max(GRID, x), y, width, height)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: FBT001 - Qt's signature
        """Round and round in here."""
        stops = self._stops()
        focus = QApplication.focusWidget()
        if not stops:
            return False
        here = stops.index(focus) if focus in stops else (-1 if forward else 0)
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(here + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            QTimer.singleShot(0, self.fit)  # the content wants another height
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()  # here Esc closes this, and stops no run
            return True
        return super().event(event)

    def _stops(self) -> list[QWidget]:
        """What Tab stops at, in order."""
        found = []
        widget = self.nextInFocusChain()
        while widget is not None and widget is not self:
            inside = self.isAncestorOf(widget) and widget.isVisibleTo(self) and widget.isEnabled()
            if inside and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
                found.append(widget)
            widget = widget.nextInFocusChain()
        return found

    def _is_opener(self, widget: QWidget) -> bool:
        return self._opener is not None and (widget is self._opener or self._opener.isAncestorOf(widget))

    def _focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        if not self.isVisible() or new is None or new is self or self._is_opener(new):
            return
        if new.window() is self.window() and not self.isAncestorOf(new):
            self.leave()
