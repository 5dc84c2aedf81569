"""The lower half: the result tabs and the details; or a lookup's hits, or an error, in their place."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QWidget

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry, Side
from inspector.gui.browse.details import DetailsPanel
from inspector.gui.errors import ErrorPanel
from inspector.gui.hits import HitsPanel
from inspector.gui.options.setting import sides_named
from inspector.gui.results.tabs import ResultTabs
from inspector.gui.state import AppState
from inspector.gui.theme import Theme


class Results(QStackedWidget):
    """`show_tab` takes the tab's name in lower case."""

    def __init__(self, state: AppState, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.tabs = ResultTabs(state, theme)
        self.details = DetailsPanel(state, theme)
        self.hits = HitsPanel(state)
        self.error = ErrorPanel()
        self.tabs.addTab(self.details, "Details")
        for widget in (self.tabs, self.hits, self.error):
            self.addWidget(widget)
        self.hits.dismissed.connect(self._leave_hits)
        self.error.dismissed.connect(lambda: self.setCurrentWidget(self.tabs))
        state.comparison_failed.connect(self.show_error)
        state.comparison_changed.connect(lambda _comparison: self._leave_error())
        state.files_changed.connect(self._leave_error)
        state.reveal_requested.connect(self.show_tab)

    def show_tab(self, tab: str) -> None:
        """Bring a tab to the front."""
        self.setCurrentWidget(self.tabs)
        for place in range(self.tabs.count()):
            if self.tabs.tabText(place).lower() == tab:
                self.tabs.setCurrentIndex(place)

    def show_details(self, side: Side, entry: Entry, *, to_front: bool) -> None:
        """Fill the details with an entry."""
        self.details.show_entry(side, entry)
        if to_front:
            self.show_tab("details")

    def show_error(self, error: InspectorError | None) -> None:
        """Put an error where the result would have been; None takes it away."""
        if error is None:
            self._leave_error()
        else:
            self.error.show_error(error, next(iter(sides_named(self._state, error)), None))
            self.setCurrentWidget(self.error)

    def find_by_value(self, side: Side, tensor: str) -> None:
        """Look a tensor up in the other side."""
        self.setCurrentWidget(self.hits)
        self.hits.look_up(side, tensor)

    def focus_body(self) -> None:
        """Put the keyboard on what is shown."""
        targets: dict[QWidget | None, QWidget] = {
            self.tabs: self.tabs.tabBar(),
            self.error: self.error.retry_button,
            self.hits: self.hits.table,
        }
        targets[self.currentWidget()].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _leave_hits(self) -> None:
        self.hits.leave()
        if self.currentWidget() is self.hits:
            self.setCurrentWidget(self.tabs)

    def _leave_error(self) -> None:
        if self.currentWidget() is self.error:
            self.setCurrentWidget(self.tabs)
