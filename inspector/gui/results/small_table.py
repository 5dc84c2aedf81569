"""A table of plain texts and numbers for the panels: no grid, tabular figures, whole text on hover, copying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QHeaderView, QTableView

from inspector.domain.wording import full, short
from inspector.gui.plain import shortened, tooltip
from inspector.gui.results.match_model import NOWHERE, Index
from inspector.gui.results.pair_cells import PAIR_ROLE
from inspector.gui.theme import GRID, Theme, numbers_font

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`text` stands there, `whole` hovers over it and is what is copied. `role` names a theme's colour."""

    text: str
    whole: str = ""
    number: bool = False
    role: str = ""
    pair: tuple[float | None, float | None] | None = None


def text_cell(text: str, *, whole: str = "", role: str = "") -> Cell:
    """A cell of text."""
    return Cell(text=text, whole=whole or text, role=role)


def number_cell(value: float | None) -> Cell:
    """A cell with three significant digits, all of them on hover."""
    return Cell(text="" if value is None else short(value), whole=full(value), number=True)


class CellModel(QAbstractTableModel):
    """Rows of cells under titles; a column is one of numbers when its first cell is."""

    def __init__(self, titles: Sequence[str], theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._titles, self._theme, self._font = tuple(titles), theme, numbers_font()
        self.rows: tuple[tuple[Cell, ...], ...] = ()

    def show_cells(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Put these rows in place of all others."""
        self.beginResetModel()
        self.rows = tuple(tuple(row) for row in rows)
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._titles):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self.rows and self.rows[0][section].number else _LEFT
        return self._titles[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        cell = self.rows[index.row()][index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shortened(cell.text)
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(cell.whole)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if cell.number else _LEFT
            case Qt.ItemDataRole.FontRole:
                return self._font if cell.number else None
            case Qt.ItemDataRole.ForegroundRole:
                return QColor(getattr(self._theme.colours, cell.role)) if cell.role else None
        return cell.pair if role == PAIR_ROLE else None


class SmallTable(QTableView):
    """The arrow keys walk, Ctrl+C copies the cell whole. `moved` carries the row that the cursor came to."""

    moved = Signal(int)

    def __init__(self, titles: Sequence[str], name: str, theme: Theme, *, stretch: int = 0) -> None:
        super().__init__()
        self.cells = CellModel(titles, theme, self)
        self.setModel(self.cells)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setStyleSheet(f"QTableView::item {{ padding: 0 {GRID // 2}px; }}")
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + GRID)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setResizeContentsPrecision(50)
        header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        theme.changed.connect(self.viewport().update)

    def show_cells(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Put these rows in place of all others."""
        self.cells.show_cells(rows)

    def texts(self) -> list[list[str]]:
        """What stands in the table."""
        return [[cell.text for cell in row] for row in self.cells.rows]

    def copy_name(self) -> None:
        """Put the cell under the cursor, whole, on the clipboard."""
        if (index := self.currentIndex()).isValid():
            QApplication.clipboard().setText(self.cells.rows[index.row()][index.column()].whole)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.moved.emit(current.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_name()
        else:
            super().keyPressEvent(event)
