"""The weights of matched layers, compared without running: those of the selected layer, and all that differ."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from inspector.domain.match import WeightDifference
from inspector.domain.wording import index_text
from inspector.gui.browse.wording import shape_text
from inspector.gui.charts.divergence import centred
from inspector.gui.plain import ElidedLabel, label
from inspector.gui.results.rows import Row, rows_of
from inspector.gui.results.small_table import Cell, SmallTable, number_cell, text_cell
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Theme
from inspector.gui.when_seen import WhenSeen

EMPTY = "Open A and B: the weights of layers that belong together are compared here, without running anything."
NO_WEIGHTS = "has no weights that could be compared"
TITLES = ("Role", "Relation", "Largest", "Relative", "Worst at", "Shape A", "Shape B")
#: The mark of a relation; what is equal after undoing it carries an equals sign.
RELATIONS = {
    "exact": "=", "transposed": "=", "permuted": "=", "rounded": "≈", "folded": "≈", "split": "≈",
    "different": "≠", "missing": "∅",
}  # fmt: skip
_DIFFERING = frozenset({"different", "missing"})


class WeightsPanel(QFrame):
    """Left the selected layer, right the whole model's weights that differ; a click there selects."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._state = state
        self._rows: tuple[Row, ...] = ()
        self._differing: list[tuple[Row, WeightDifference]] = []
        self.empty = label(EMPTY, role="muted", wrap=True)
        self.layer = ElidedLabel(role="heading")
        self.note = label(role="muted", wrap=True)
        self.table = SmallTable(TITLES, "Weights of the selected layer", theme, stretch=1)
        self.count = ElidedLabel(role="heading")
        self.all = SmallTable(("Layer", "Role", "Relation", "Largest"), "Weights that differ", theme)
        self._lay_out()
        self.all.moved.connect(self._select)
        self._seen = WhenSeen(self, self._show)
        for changed in (state.assignment_changed, state.comparison_changed):
            changed.connect(self._seen.ask)
        state.selection_changed.connect(self._follow)
        self._show()

    def _show(self) -> None:
        self._rows = tuple(row for row in rows_of(self._state.assignment, self._state.comparison) if row.a)
        self._stack.setCurrentIndex(int(bool(self._rows)))
        weights = [(row, weight) for row in self._rows for weight in row.weights]
        self._differing = [(row, weight) for row, weight in weights if weight.relation in _DIFFERING]
        self._differing.sort(key=lambda pair: -(pair[1].max_rel or 0.0))
        exact = sum(weight.relation in ("exact", "transposed", "permuted") for _, weight in weights)
        many = f"{len(self._differing)} of {len(weights)} weights differ"
        self.count.show_text(
            many if self._differing else f"No weight differs; {exact} of {len(weights)} are exactly equal"
        )
        self.all.show_cells([_short_row(row, weight) for row, weight in self._differing])
        self.all.setVisible(bool(self._differing))
        self._follow()

    def _follow(self, *_told: object) -> None:
        chosen = self._state.selection
        row = next((row for row in self._rows if _is_chosen(row, chosen.layer_a, chosen.tensor_b)), None)
        self.layer.show_text(row.a if row else "No layer selected")
        weights = row.weights if row else ()
        self.table.show_cells([_row(weight) for weight in weights])
        self.table.setVisible(bool(weights))
        told = f"{row.a} {NO_WEIGHTS}." if row else "Select a layer in the table, a tree or the chart."
        self.note.setText(told)
        self.note.setVisible(not weights)

    def _select(self, row: int) -> None:
        if 0 <= row < len(self._differing):
            chosen = self._differing[row][0]
            self._state.select(chosen.a, chosen.b)

    def _lay_out(self) -> None:
        halves = QWidget()
        row = QHBoxLayout(halves)
        row.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        row.setSpacing(3 * GRID)
        for parts, share in (((self.layer, self.note, self.table), 3), ((self.count, self.all), 2)):
            half = QVBoxLayout()
            half.setSpacing(GRID // 2)
            for part in parts:
                half.addWidget(part)
            half.addStretch()
            half.setStretch(len(parts) - 1, 1)
            row.addLayout(half, share)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(centred(self.empty))
        self._stack.addWidget(halves)


def _is_chosen(row: Row, layer_a: str | None, tensor_b: str | None) -> bool:
    return row.a == layer_a if layer_a else tensor_b is not None and row.b == tensor_b


def _relation(weight: WeightDifference) -> Cell:
    mark = RELATIONS.get(weight.relation, "")
    role = "different" if weight.relation in _DIFFERING else ""
    whole = "\n".join(part for part in (weight.relation, weight.detail, f"A: {weight.a}", f"B: {weight.b}") if part)
    return text_cell(f"{mark} {weight.relation}", whole=whole, role=role)


def _row(weight: WeightDifference) -> list[Cell]:
    worst = "" if weight.worst_index is None or not weight.max_abs else index_text(weight.worst_index)
    role = text_cell(weight.role, whole=f"A: {weight.a}\nB: {weight.b}")
    shapes = [text_cell(shape_text(shape), role="muted") for shape in (weight.shape_a, weight.shape_b)]
    return [
        role,
        _relation(weight),
        number_cell(weight.max_abs),
        number_cell(weight.max_rel),
        text_cell(worst),
        *shapes,
    ]


def _short_row(row: Row, weight: WeightDifference) -> list[Cell]:
    return [text_cell(row.a), text_cell(weight.role), _relation(weight), number_cell(weight.max_abs)]
