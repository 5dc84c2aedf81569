"""The options of both sides in the window: their bars kept true, their popovers opened where they are asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from inspector.domain.files import SIDES, Side
from inspector.gui.options.bar import OptionsBar
from inspector.gui.options.interpreters import OWN, Interpreters
from inspector.gui.options.panel import OptionsPanel
from inspector.gui.options.popover import Popover
from inspector.gui.options.setting import OptionSetter
from inspector.gui.options.wording import python_text
from inspector.gui.state import AppState
from inspector.gui.work import Work


class OptionPopovers(QObject):
    """A popover is made when it is first opened."""

    def __init__(self, state: AppState, work: Work, bars: dict[Side, OptionsBar], window: QWidget) -> None:
        super().__init__(window)
        self._state, self._window, self._bars = state, window, bars
        self.setter = OptionSetter(state, work, self)
        self.interpreters = Interpreters(state, self)
        self.popovers: dict[Side, Popover] = {}
        self.panels: dict[Side, OptionsPanel] = {}
        for side, bar in bars.items():
            bar.wanted.connect(lambda side=side: self.toggle(side))
        state.options_changed.connect(self._show_bar)
        self.interpreters.changed.connect(self._show_bars)
        self._show_bars()

    def toggle(self, side: Side) -> None:
        """Open the options of a side, or close them."""
        popover = self._popover(side)
        if popover.isVisible():
            popover.leave()
        elif self._state.files[side] is not None:
            self.panels[side].refresh()
            popover.open_under(self._bars[side])
            self.panels[side].ask_confinement()

    def leave(self) -> None:
        """Close what is open."""
        for popover in self.popovers.values():
            popover.leave()

    def fit(self) -> None:
        """The window has another size."""
        for popover in self.popovers.values():
            if popover.isVisible():
                popover.fit()

    def _popover(self, side: Side) -> Popover:
        if side not in self.popovers:
            panel = self.panels[side] = OptionsPanel(side, self._state, self.setter, self.interpreters)
            popover = self.popovers[side] = Popover(panel, self._window)
            popover.setAccessibleName(f"Options of {side.upper()}")
            panel.done.connect(popover.leave)
        return self.popovers[side]

    def _show_bars(self) -> None:
        for side in SIDES:
            self._show_bar(side)

    def _show_bar(self, side: Side) -> None:
        file, options = self._state.files[side], self.setter.options(side)
        if options.python != OWN:
            self.interpreters.look(options.python)
        python = python_text(options.python, self.interpreters.environment(options.python))
        self._bars[side].show_options(file, options, python, stands_in=self._state.stands_in(side))
        if file is None and side in self.popovers:
            self.popovers[side].leave()
