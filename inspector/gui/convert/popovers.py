"""Convert for both sides: a popover under the button, made when it is first opened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from inspector.domain.files import Side
from inspector.gui.convert.panel import ConvertPanel
from inspector.gui.options.popover import Popover
from inspector.gui.state import AppState
from inspector.gui.theme import Theme
from inspector.gui.work import Work
from inspector.session.convert import Conversion


class ConvertPopovers(QObject):
    """`make` makes a Conversion."""

    def __init__(self, state: AppState, theme: Theme, work: Work, window: QWidget) -> None:
        super().__init__(window)
        self._state, self._theme, self._work, self._window = state, theme, work, window
        self.make: Callable[..., Conversion] = Conversion
        self.popovers: dict[Side, Popover] = {}
        self.panels: dict[Side, ConvertPanel] = {}
        state.files_changed.connect(self._follow_files)

    def toggle(self, side: Side, opener: QWidget) -> None:
        """Open the panel of a side under a button, or close it."""
        popover = self._popover(side)
        if popover.isVisible():
            popover.leave()
        elif self._state.files[side] is not None:
            self.panels[side].refresh()
            popover.open_under(opener)

    def fit(self) -> None:
        """The window has another size."""
        for popover in self.popovers.values():
            if popover.isVisible():
                popover.fit()

    def close(self) -> None:
        """The window closes."""
        for panel in self.panels.values():
            panel.close_processes()

    def _popover(self, side: Side) -> Popover:
        if side not in self.popovers:
            panel = self.panels[side] = ConvertPanel(side, self._state, self._theme, self.make)
            popover = self.popovers[side] = Popover(panel, self._window)
            popover.setAccessibleName(f"Convert {side.upper()}")
            panel.done.connect(popover.leave)
            panel.open_wanted.connect(self._work.open)
        return self.popovers[side]

    def _follow_files(self) -> None:
        for side, popover in self.popovers.items():
            if self._state.files[side] is None:
                popover.leave()
