"""Moving between panels by keyboard, and what Ctrl+F and Ctrl+C mean where the keyboard is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QApplication, QWidget


@dataclass(frozen=True, slots=True)
class Panel:
    """A widget of the window and how the keyboard enters it."""

    widget: QWidget
    enter: Callable[[], object]


class PanelRing:
    """The panels in the order in which F6 visits them; hidden ones are passed over."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        self._panels = tuple(panels)

    def current(self) -> int:
        """Which panel has the keyboard, -1 for none."""
        focus = QApplication.focusWidget()
        for place, panel in enumerate(self._panels):
            if focus is not None and (panel.widget is focus or panel.widget.isAncestorOf(focus)):
                return place
        return -1

    def move(self, step: int) -> None:
        """Go to the next (1) or previous (-1) panel that can be seen."""
        count = len(self._panels)
        start = self.current() if self.current() >= 0 or step > 0 else 0
        for away in range(1, count + 1):
            panel = self._panels[(start + step * away) % count]
            if panel.widget.isVisible():
                panel.enter()
                return


def copy_where_focus_is() -> bool:
    """Let the innermost focused widget that has a name to copy copy it; False when none has."""
    widget = QApplication.focusWidget()
    while widget is not None:
        copy = getattr(widget, "copy_name", None)
        if callable(copy):
            copy()
            return True
        widget = widget.parentWidget()
    return False
