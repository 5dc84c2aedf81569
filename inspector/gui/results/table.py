"""The table of matches: A's layers beside B's tensors, with the differences as bars. Filters above it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QStackedLayout, QTabBar, QVBoxLayout, QWidget

from inspector.gui.plain import label
from inspector.gui.remember import Memory
from inspector.gui.results.cells import Column
from inspector.gui.results.match_filter import MatchFilter, fits
from inspector.gui.results.match_menu import MatchMenu, copy
from inspector.gui.results.match_model import ROW_ROLE, MatchModel
from inspector.gui.results.match_view import MatchView
from inspector.gui.results.rows import Row, rows_of
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Theme

KINDS = (("all", "All"), ("differing", "Differing"), ("unmatched", "Unmatched"))
NOTHING_OPEN = "Open A and B: their layers and tensors are paired here."
NOTHING_FITS = "Nothing fits the filter."


class MatchTable(QFrame):
    """Before a run the static assignment, after it the comparison's layers. `find_wanted` carries the side
    (`a`, `b`) and the tensor to look up in the other side by value."""

    find_wanted = Signal(str, str)

    def __init__(self, state: AppState, theme: Theme, memory: Memory | None = None) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._state = state
        self.model = MatchModel(theme, self)
        self.rows = MatchFilter(self)
        self.rows.setSourceModel(self.model)
        self.view = MatchView(self.model, self.rows, theme, memory)
        self.menus = MatchMenu(state, self)
        self.words = QLineEdit(placeholderText="Filter layers and tensors", clearButtonEnabled=True)
        self.words.setAccessibleName("Filter layers and tensors")
        self.kinds = QTabBar(drawBase=False, expanding=False)
        self.kinds.setAccessibleName("Which rows are shown")
        for _kind, title in KINDS:
            self.kinds.addTab(title)
        self.empty = label(NOTHING_OPEN, role="muted", wrap=True)
        self._lay_out()
        self._connect()
        self._fill()

    def shown_rows(self) -> list[Row]:
        """The rows in the order in which they stand."""
        return [self.rows.index(i, 0).data(ROW_ROLE) for i in range(self.rows.rowCount())]

    def focus_filter(self) -> None:
        """Put the cursor into the filter."""
        self.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.words.selectAll()

    def _connect(self) -> None:
        state = self._state
        state.assignment_changed.connect(lambda _assignment: self._fill())
        state.comparison_changed.connect(lambda _comparison: self._fill())
        state.selection_changed.connect(lambda _name: self._follow())
        self.words.textChanged.connect(lambda text: self._ask(words=text))
        self.words.returnPressed.connect(self.view.setFocus)
        self.kinds.currentChanged.connect(lambda i: self._ask(kind=KINDS[i][0]))
        self.view.moved.connect(self._moved)
        self.view.opened.connect(self._opened)
        self.view.copy_wanted.connect(self._copy)
        self.view.menu_wanted.connect(self._menu)
        self.menus.find_wanted.connect(self.find_wanted)

    def _fill(self) -> None:
        self.model.show_rows(rows_of(self._state.assignment, self._state.comparison))
        self.view.show_numbers(self._state.comparison is not None)
        for i, (kind, title) in enumerate(KINDS):
            count = sum(fits(row, kind) for row in self.model.rows)
            self.kinds.setTabText(i, f"{title} {count}" if self.model.rows else title)
        self._tell()
        self._follow()

    def _ask(self, *, kind: str | None = None, words: str | None = None) -> None:
        self.rows.ask(kind=kind, words=words)
        self._tell()
        self._follow()

    def _tell(self) -> None:
        """Show the table, or say why there is nothing in it."""
        self.empty.setText(NOTHING_FITS if self.model.rows else NOTHING_OPEN)
        self.empty.setVisible(not self.rows.rowCount())

    def _follow(self) -> None:
        chosen, column = self._state.selection, max(self.view.currentIndex().column(), Column.A)
        for i, row in enumerate(self.model.rows):
            if row.a == chosen.layer_a if chosen.layer_a else chosen.tensor_b and row.b == chosen.tensor_b:
                self.view.put_cursor(self.rows.mapFromSource(self.model.index(i, column)))
                return
        self.view.put_cursor(QModelIndex())

    def _moved(self, index: QModelIndex) -> None:
        row: Row = index.data(ROW_ROLE)
        self._state.select(row.a or None, row.b)

    def _opened(self, index: QModelIndex) -> None:
        if index.isValid():
            self._moved(index)
            self._state.reveal("layer")

    def _copy(self, index: QModelIndex) -> None:
        if index.isValid():
            row: Row = index.data(ROW_ROLE)
            copy(row.a if index.column() == Column.A or row.b is None else row.b)

    def _menu(self, index: QModelIndex, at: QPoint) -> None:
        self.menus.menu(index.data(ROW_ROLE), at).popup(at)

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(GRID)
        above.addWidget(self.kinds)
        above.addWidget(self.words, 1)
        body = QWidget()
        stack = QStackedLayout(body)
        stack.setStackingMode(QStackedLayout.StackingMode.StackAll)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        stack.addWidget(self.empty)
        stack.addWidget(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID // 2)
        layout.addLayout(above)
        layout.addWidget(body, 1)
