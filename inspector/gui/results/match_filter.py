"""The filter over the table of matches: words, kinds, and missing numbers always last."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, QSortFilterProxyModel, Qt

from inspector.gui.results.cells import NUMBERS, mark_of
from inspector.gui.results.match_model import ROW_ROLE, SORT_ROLE, Index
from inspector.gui.results.rows import Row


class MatchFilter(QSortFilterProxyModel):
    """Keeps what the words and the kind (`all`, `differing`, `unmatched`) ask; missing numbers sort last."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kind, self.words = "all", ""
        self.setSortRole(SORT_ROLE)

    def ask(self, *, kind: str | None = None, words: str | None = None) -> None:
        """Change the question; None leaves that part as it is."""
        self.beginFilterChange()
        self.kind = self.kind if kind is None else kind
        self.words = self.words if words is None else words.casefold().strip()
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        source = self.sourceModel()
        row: Row = source.data(source.index(source_row, 0), ROW_ROLE)
        return fits(row, self.kind) and all(word in _text(row) for word in self.words.split())

    def lessThan(self, left: Index, right: Index) -> bool:
        one, other = left.data(SORT_ROLE), right.data(SORT_ROLE)
        if left.column() not in NUMBERS:
            return bool(one < other) if one != other else left.row() < right.row()
        descending = self.sortOrder() == Qt.SortOrder.DescendingOrder
        last = -math.inf if descending else math.inf
        return _magnitude(one, last) < _magnitude(other, last)


def fits(row: Row, kind: str) -> bool:
    """Whether a row belongs to `all` (every layer of A), `differing` or `unmatched` (of both sides)."""
    if kind == "differing":
        return row.differs
    return row.unmatched if kind == "unmatched" else bool(row.a)


def _text(row: Row) -> str:
    return f"{row.a}\n{row.b or row.note}\n{row.class_name}\n{' '.join(mark_of(row))}".casefold()


def _magnitude(value: float | None, missing: float) -> float:
    if value is None:
        return missing
    return math.inf if math.isnan(value) else value  # NaN is the worst there is
