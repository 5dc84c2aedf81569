"""The view of the table of matches: columns that fit their room, keyboard, copying."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView, QWidget

from inspector.gui.remember import Memory
from inspector.gui.results.bars import BarDelegate, WordsDelegate
from inspector.gui.results.cells import TITLES, Column
from inspector.gui.results.columns import widths
from inspector.gui.results.match_filter import MatchFilter
from inspector.gui.results.match_model import Index, MatchModel
from inspector.gui.theme import GRID, Theme

_KEY = "matches/columns"
_USUAL_HEIGHT = 16  # of a line of body text, in pixels, at which the least widths were chosen


class MatchView(QTableView):
    """`moved` tells the current index, `opened` Enter or a double click, `menu_wanted` where a menu goes."""

    moved = Signal(QModelIndex)
    opened = Signal(QModelIndex)
    copy_wanted = Signal(QModelIndex)
    menu_wanted = Signal(QModelIndex, QPoint)

    def __init__(self, model: MatchModel, rows: MatchFilter, theme: Theme, memory: Memory | None) -> None:
        super().__init__()
        self._memory, self._compared, self._own, self._quiet = memory, False, False, False
        self.setModel(rows)
        self.setAccessibleName("Layers of A and tensors of B")
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + GRID)
        bars = BarDelegate(model, theme, self)
        for column in (Column.INTRODUCED, Column.TOTAL):
            self.setItemDelegateForColumn(column, bars)
        words = WordsDelegate(self)
        for column in (Column.CLASS, Column.EVIDENCE):
            self.setItemDelegateForColumn(column, words)
        self._prepare_header()
        self.doubleClicked.connect(self.opened)
        theme.changed.connect(self.viewport().update)

    def show_numbers(self, compared: bool) -> None:  # noqa: FBT001
        """Whether there are numbers to give columns to."""
        self._compared = compared
        self._fit()

    def put_cursor(self, index: QModelIndex) -> None:
        """Move the cursor silently: whoever moves it has selected already."""
        self._quiet = True
        try:
            if index.isValid():
                self.setCurrentIndex(index)
                self.scrollTo(index)
            else:
                self.clearSelection()
                self.setCurrentIndex(QModelIndex())
        finally:
            self._quiet = False

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid() and not self._quiet:
            self.moved.emit(current)

    def copy_name(self) -> None:
        """Have the name under the cursor copied."""
        self.copy_wanted.emit(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_name()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        below = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
        if index.isValid():
            self.menu_wanted.emit(index, event.globalPos() if by_mouse else below)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def column_menu(self, parent: QWidget) -> QMenu:
        """Which columns are shown, and the way back to columns that fit by themselves."""
        menu = QMenu(parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in Column:
            action = menu.addAction(TITLES[column])
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(column))
            action.setEnabled(column not in (Column.A, Column.B))
            action.toggled.connect(lambda on, column=column: self._choose(column, on=on))
        menu.addSeparator()
        menu.addAction("Fit columns to the window", self._release)
        return menu

    def _prepare_header(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSectionsMovable(True)
        header.setMinimumSectionSize(4 * GRID)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        if self._memory is not None and (kept := self._memory.bytes(_KEY)) and not kept.isEmpty():
            self._own = header.restoreState(kept)
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.sectionResized.connect(self._dragged)
        header.sortIndicatorChanged.connect(lambda *_sorted: self.scrollToTop())
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda at: self.column_menu(self).popup(header.mapToGlobal(at)))

    def _dragged(self) -> None:
        if not self._quiet:
            self._keep()

    def _choose(self, column: Column, *, on: bool) -> None:
        self._quiet = True
        self.setColumnHidden(column, not on)
        if on and self.columnWidth(column) < 4 * GRID:
            self.setColumnWidth(column, 12 * GRID)
        self._quiet = False
        self._keep()

    def _keep(self) -> None:
        self._own = True
        if self._memory is not None:
            self._memory.keep(_KEY, self.horizontalHeader().saveState())

    def _release(self) -> None:
        self._own = False
        if self._memory is not None:
            self._memory.keep(_KEY, QByteArray())
        self._fit()

    def _fit(self) -> None:
        if self._own:
            return
        self._quiet = True
        scale = max(1.0, self.fontMetrics().height() / _USUAL_HEIGHT)
        fitting = widths(self.viewport().width(), compared=self._compared, scale=scale)
        for column in Column:
            self.setColumnHidden(column, column not in fitting)
            if column in fitting:
                self.setColumnWidth(column, fitting[column])
        self._quiet = False
