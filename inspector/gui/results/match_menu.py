"""What can be done with one row of the table of matches."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from inspector.domain.files import Entry, Side
from inspector.gui.results.chooser import TensorChooser
from inspector.gui.results.rows import Row
from inspector.gui.state import AppState


class MatchMenu(QObject):
    """Makes the context menu of a row. `find_wanted` carries the side and the tensor to look up."""

    find_wanted = Signal(str, str)

    def __init__(self, state: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self._state, self._parent = state, parent
        self.chooser = TensorChooser(state, parent)
        self.chooser.chosen.connect(state.change_match)

    def menu(self, row: Row, at: QPoint) -> QMenu:
        """The menu of a row; what the row lacks is greyed out."""
        menu = QMenu(self._parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        b = row.b or ""
        self._add(menu, "Copy name of A", bool(row.a), lambda: copy(row.a))
        self._add(menu, "Copy tensor of B", bool(b), lambda: copy(b))
        self._add(menu, "Copy snippet for A", bool(row.a), lambda: self.copy_snippet("a", row.a))
        self._add(menu, "Copy snippet for B", bool(b), lambda: self.copy_snippet("b", b))
        menu.addSeparator()
        self._add(menu, "Change match…", bool(row.a), lambda: self.chooser.open_for(row.a, row.b, at))
        self._add(menu, "Mark as unmatched", bool(row.a and b), lambda: self._state.change_match(row.a, None))
        self._add(menu, "Reset to automatic", row.changed, lambda: self._state.clear_match(row.a))
        menu.addSeparator()
        side: Side = "a" if row.a else "b"
        self._add(menu, "Find in the other side by value", bool(row.a or b),
                  lambda: self.find_wanted.emit(side, row.a or b))  # fmt: skip
        self._add(menu, "Show in chart", bool(row.a), lambda: self._show_in("divergence", row))
        self._add(menu, "Show the layer", bool(row.a), lambda: self._show_in("layer", row))
        return menu

    def copy_snippet(self, side: Side, tensor: str) -> None:
        """Put Python text that feeds or fetches the tensor on the clipboard."""
        entry = Entry(id=tensor, name=tensor, kind="layer" if side == "a" else "tensor", tensor=tensor)
        session = self._state.session
        self._state.jobs.run(
            lambda: session.snippet(side, entry),
            copy,
            lambda error: self._state.set_status(str(error)),
            key="copy-snippet",
        )

    def _show_in(self, tab: str, row: Row) -> None:
        self._state.select(row.a or None, row.b)
        self._state.reveal(tab)

    @staticmethod
    def _add(menu: QMenu, title: str, enabled: bool, call: Callable[[], None]) -> None:  # noqa: FBT001
        menu.addAction(title, call).setEnabled(enabled)


def copy(text: str) -> None:
    """Put a text on the clipboard, raw."""
    QApplication.clipboard().setText(text)
