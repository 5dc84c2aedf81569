"""The table of matches as an item model."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from inspector.gui.charts.log_scale import LogScale, fitted
from inspector.gui.plain import tooltip
from inspector.gui.results.cells import HINTS, NUMBERS, TITLES, Column, hover, shown, sort_key
from inspector.gui.results.rows import Row
from inspector.gui.theme import Theme, numbers_font

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
SORT_ROLE = ROW_ROLE + 1
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class MatchModel(QAbstractTableModel):
    """Rows of one table; `scale` is the logarithmic scale that all bars share."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: tuple[Row, ...] = ()
        self.scale = LogScale()
        self._numbers = numbers_font()
        theme.changed.connect(self._repaint)

    def show_rows(self, rows: tuple[Row, ...]) -> None:
        """Put other rows in place of these."""
        self.beginResetModel()
        self.rows = rows
        self.scale = fitted(value for row in rows for value in (row.introduced, row.total, row.noise_floor))
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return TITLES[section]
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(HINTS[section])
            case Qt.ItemDataRole.TextAlignmentRole:
                return (
                    int(_RIGHT)
                    if section in NUMBERS
                    else int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
                )
            case Qt.ItemDataRole.InitialSortOrderRole:
                return Qt.SortOrder.DescendingOrder if section in NUMBERS else Qt.SortOrder.AscendingOrder
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self.rows):
            return None
        row, column = self.rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shown(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(hover(row, column))
            case Qt.ItemDataRole.TextAlignmentRole:
                return int(_RIGHT) if column in NUMBERS else None
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(row, column)
            case Qt.ItemDataRole.FontRole:
                return self._numbers if column in NUMBERS else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{TITLES[column]}: {shown(row, column) or 'none'}"
        return row if role == ROW_ROLE else sort_key(row, column) if role == SORT_ROLE else None

    def _colour(self, row: Row, column: int) -> QColor | None:
        colours = self._theme.colours
        if column == Column.STATUS:
            if row.status == "weights-differ":
                return QColor(colours.different)
            return QColor(self._theme.of_status(row.status))
        quiet = column in (Column.CLASS, Column.EVIDENCE, Column.NOISE) or (column == Column.B and row.b is None)
        return QColor(colours.muted) if quiet else None

    def _repaint(self) -> None:
        if self.rows:
            last = self.index(len(self.rows) - 1, len(Column) - 1)
            self.dataChanged.emit(self.index(0, 0), last, [int(Qt.ItemDataRole.ForegroundRole)])
