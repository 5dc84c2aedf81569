"""The numbers of a layer or output in rows: introduced and total beside each other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QWidget

from inspector.domain.comparison import Metrics
from inspector.domain.wording import full, index_text, percent, short
from inspector.gui.plain import label, tooltip
from inspector.gui.theme import GRID, numbers_font

ROWS: tuple[tuple[str, str], ...] = (
    ("max_abs", "largest"),
    ("mean_abs", "mean"),
    ("max_rel", "relative"),
    ("cosine", "cosine"),
    ("sqnr_db", "SQNR, dB"),
    ("fraction_beyond_noise", "beyond noise"),
    ("worst_index", "worst at"),
)
_LAST = 99  # an empty row and column behind all others takes the room that is left
_COUNTS = (("nan_a", "NaN in A"), ("nan_b", "NaN in B"), ("inf_a", "∞ in A"), ("inf_b", "∞ in B"))


class MetricsGrid(QScrollArea):
    """Columns of metrics with a heading each, and further rows of single numbers below; as wide as they need."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._page = QWidget()
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(0, 0, GRID, 0)
        self.setWidget(self._page)
        for ground in (self._page, self.viewport()):
            ground.setAutoFillBackground(False)
        self._grid.setHorizontalSpacing(2 * GRID)
        self._grid.setVerticalSpacing(2)
        self._grid.setRowStretch(_LAST, 1)
        self._grid.setColumnStretch(_LAST, 1)
        self._font = numbers_font()
        self._cells: dict[tuple[int, int], QLabel] = {}
        self.texts: dict[tuple[str, str], str] = {}

    def show_metrics(self, columns: list[tuple[str, Metrics | None]], more: list[tuple[str, float | None]]) -> None:
        """Fill the grid; `texts` then holds what stands at (row's word, column's heading)."""
        self.texts.clear()
        known = [(heading, metrics) for heading, metrics in columns if metrics is not None]
        rows = list(ROWS) + [
            (name, word) for name, word in _COUNTS if any(getattr(metrics, name) for _, metrics in known)
        ]
        shown = [self._put(0, at, heading) for at, (heading, _) in enumerate(known, 1)]
        for line, (name, word) in enumerate(rows if known else [], 1):
            shown.append(self._put(line, 0, word))
            for at, (heading, metrics) in enumerate(known, 1):
                text, whole = written(name, metrics)
                self.texts[word, heading] = text
                shown.append(self._put(line, at, text, whole))
        for line, (word, value) in enumerate(more, len(rows) + 1):
            self.texts[word, ""] = short(value)
            shown += [self._put(line, 0, word), self._put(line, 1, short(value), full(value))]
        for place, cell in self._cells.items():
            cell.setVisible(place in shown)
        self._grid.activate()
        self.setFixedWidth(self._page.sizeHint().width() + self.verticalScrollBar().sizeHint().width())

    def _put(self, row: int, column: int, text: str, hover: str = "") -> tuple[int, int]:
        """Write into a cell, which is made when it is not there yet; gives its place."""
        place = row, column
        if place not in self._cells:
            self._cells[place] = self._made(row, column)
        self._cells[place].setText(text)
        self._cells[place].setToolTip(tooltip(hover))
        return place

    def _made(self, row: int, column: int) -> QLabel:
        cell = label(role="muted" if not row or not column else "")
        if column:
            cell.setAlignment(Qt.AlignmentFlag.AlignRight)
            cell.setFont(self._font)
        if row and column:
            cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._grid.addWidget(cell, row, column)
        return cell


def written(name: str, metrics: Metrics) -> tuple[str, str]:
    """A metric in short, and with every digit."""
    value = getattr(metrics, name)
    if name == "worst_index":
        return index_text(value), index_text(value)
    if name == "fraction_beyond_noise":
        return percent(value), full(value)
    if name == "cosine":
        return (f"{value:.6f}", full(value)) if value == value else ("NaN", "NaN")  # noqa: PLR0124
    if isinstance(value, int):
        return str(value), str(value)
    return short(value), full(value)
