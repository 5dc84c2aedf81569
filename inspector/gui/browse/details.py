"""The details of one entry: attributes as rows, statistics, a histogram and a picture of the values."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.errors import InspectorError
from inspector.domain.files import Details, Entry, Side, ValueSummary
from inspector.gui.browse.small_charts import Histogram, Picture
from inspector.gui.browse.wording import bytes_text, number_text, shape_text
from inspector.gui.plain import ElidedLabel, label, shortened, tooltip
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Theme

Index = QModelIndex | QPersistentModelIndex
_INVALID = QModelIndex()
NOTHING = "Choose a row in one of the trees: its attributes, statistics and values are shown here."


class RowModel(QAbstractTableModel):
    """Label and value, plain text. Copy takes the raw value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[tuple[str, str], ...] = ()

    def show_rows(self, rows: tuple[tuple[str, str], ...]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = _INVALID) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _INVALID) -> int:
        return 0 if parent.isValid() else 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text = self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return shortened(text)
        return tooltip(text) if role == Qt.ItemDataRole.ToolTipRole else None


class RowTable(QTableView):
    """The rows; Ctrl+C copies the raw value."""

    def __init__(self, model: RowModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = model
        self.setModel(model)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        self.horizontalHeader().setMaximumSectionSize(28 * GRID)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setStretchLastSection(True)

    def copy_name(self) -> None:
        """Put the raw value of the marked row on the clipboard."""
        row = self.currentIndex().row()
        if 0 <= row < len(self._rows.rows):
            QApplication.clipboard().setText(self._rows.rows[row][1])


class DetailsPanel(QFrame):
    """Asks the reader for the details and, where there are values, their summary."""

    def __init__(self, state: AppState, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self._state = state
        self.entry: Entry | None = None
        self.side = label("")
        self.name = ElidedLabel(NOTHING, role="heading")
        self.rows = RowModel(self)
        self.table = RowTable(self.rows)
        self.table.setAccessibleName("Attributes and statistics")
        self.histogram, self.picture = Histogram(theme), Picture(theme)
        self._lay_out()
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say what would fill the panel."""
        self.entry = None
        self._state.jobs.drop("details")
        self._state.jobs.drop("summary")
        self.side.setText("")
        self.name.show_text(NOTHING)
        self._show((), None)

    def show_entry(self, side: Side, entry: Entry) -> None:
        """Show an entry of a side; what comes late for an earlier one is dropped."""
        self.entry = entry
        self.side.setText(side.upper())
        self.side.setProperty("side", side)
        self.side.style().polish(self.side)
        self.name.show_text(entry.tensor or entry.name)
        self._show(_known(entry), None)
        session, jobs = self._state.session, self._state.jobs
        jobs.run(lambda: session.reader(side).details(entry.id), self._arrived, self._failed, key="details")
        if entry.value_id:
            values = entry.value_id
            jobs.run(lambda: session.reader(side).summary(values), self._summed, self._failed, key="summary")
        else:
            jobs.drop("summary")

    def _arrived(self, details: Details) -> None:
        self.rows.show_rows(self.rows.rows + details.rows)

    def _summed(self, summary: ValueSummary) -> None:
        self._show(_statistics(summary) + self.rows.rows, summary)

    def _failed(self, error: InspectorError) -> None:
        self.rows.show_rows((*self.rows.rows, ("could not be read", str(error))))

    def _show(self, rows: tuple[tuple[str, str], ...], summary: ValueSummary | None) -> None:
        self.rows.show_rows(rows)
        self.table.setVisible(bool(rows))
        for chart in (self.histogram, self.picture):
            chart.show_summary(summary)
        self._pictures.setVisible(summary is not None)

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.addWidget(self.side)
        heading.addWidget(self.name, 1)
        self._pictures = QWidget()
        pictures = QHBoxLayout(self._pictures)
        pictures.setContentsMargins(GRID, 0, 0, 0)
        pictures.setSpacing(2 * GRID)
        pictures.addWidget(self.histogram, 1)
        pictures.addWidget(self.picture, 1)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(self._pictures)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.addLayout(heading)
        layout.addWidget(parts, 1)


def _known(entry: Entry) -> tuple[tuple[str, str], ...]:
    rows = [
        ("kind", " ".join(part for part in (entry.kind, entry.class_name) if part)),
        ("shape", shape_text(entry.shape)),
        ("dtype", entry.dtype),
        ("size", bytes_text(entry.size) if entry.size else ""),
        ("note", entry.note),
    ]
    return tuple(row for row in rows if row[1])


def _statistics(summary: ValueSummary) -> tuple[tuple[str, str], ...]:
    numbers = (summary.minimum, summary.maximum, summary.mean, summary.deviation)
    least, most, mean, deviation = (number_text(number) for number in numbers)
    rows = [("range", f"{least} … {most}"), ("mean ± deviation", f"{mean} ± {deviation}")]
    rows.append(("values", f"{summary.count:,}".replace(",", " ")))
    for name, count in (("zeros", summary.zeros), ("NaN", summary.nan), ("infinite", summary.infinite)):
        if count:
            rows.append((name, f"{count:,}".replace(",", " ")))
    return tuple(rows)
