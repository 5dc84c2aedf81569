"""A table of plain texts and numbers for the panels: no grid, tabular figures, whole text on hover, copying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QHeaderView, QTableWidget, QTableWidgetItem

from inspector.gui.plain import shortened, tooltip
from inspector.gui.results.pair_cells import PAIR_ROLE
from inspector.gui.theme import GRID, numbers_font
from inspector.report.numbers import full, short

RAW_ROLE = int(Qt.ItemDataRole.UserRole)


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


class SmallTable(QTableWidget):
    """Rows of cells; the arrow keys walk, Ctrl+C copies the cell whole."""

    def __init__(self, titles: Sequence[str], name: str, *, stretch: int = 0) -> None:
        super().__init__(0, len(titles))
        self.setHorizontalHeaderLabels(list(titles))
        self.setAccessibleName(name)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setStyleSheet(f"QTableView::item {{ padding: 0 {GRID // 2}px; }}")
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + GRID)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setResizeContentsPrecision(50)
        header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)

    def show_cells(self, rows: Sequence[Sequence[Cell]], colours: object) -> None:
        """Put these rows in place of all others."""
        self.setRowCount(len(rows))
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                self.setItem(y, x, _item(cell, colours))
        for x, cell in enumerate(rows[0] if rows else ()):
            side = Qt.AlignmentFlag.AlignRight if cell.number else Qt.AlignmentFlag.AlignLeft
            if (title := self.horizontalHeaderItem(x)) is not None:
                title.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)

    def texts(self) -> list[list[str]]:
        """What stands in the table."""
        shape = range(self.rowCount()), range(self.columnCount())
        return [[item.text() if (item := self.item(y, x)) else "" for x in shape[1]] for y in shape[0]]

    def copy_name(self) -> None:
        """Put the cell under the cursor, whole, on the clipboard."""
        if (item := self.currentItem()) is not None:
            QApplication.clipboard().setText(item.data(RAW_ROLE))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_name()
        else:
            super().keyPressEvent(event)


def _item(cell: Cell, colours: object) -> QTableWidgetItem:
    item = QTableWidgetItem(shortened(cell.text))
    item.setData(RAW_ROLE, cell.whole)
    item.setToolTip(tooltip(cell.whole))
    if cell.pair is not None:
        item.setData(PAIR_ROLE, cell.pair)
    if cell.role:
        item.setForeground(QColor(getattr(colours, cell.role)))
    if cell.number:
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setFont(numbers_font())
    return item
