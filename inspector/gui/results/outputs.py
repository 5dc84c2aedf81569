"""The outputs of both sides as paired bars with their numbers: classes for scores, else the worst elements."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.comparison import OutputDifference
from inspector.domain.errors import InspectorError
from inspector.domain.wording import percent
from inspector.gui.browse.wording import shape_text
from inspector.gui.charts.divergence import centred
from inspector.gui.charts.legend import legend
from inspector.gui.plain import ElidedLabel, label, shortened
from inspector.gui.results.metrics_grid import MetricsGrid
from inspector.gui.results.output_values import OutputValue, top_classes, values_of
from inspector.gui.results.pair_cells import PairDelegate
from inspector.gui.results.small_table import Cell, SmallTable, number_cell, text_cell
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, MARKS, Theme
from inspector.gui.when_seen import WhenSeen

EMPTY = "Run the comparison (Ctrl+R): the outputs of both sides stand here side by side."
NO_OUTPUTS = "No output of A has a partner in B."
_JOB = "output-values"
_BARS = 1


class OutputsPanel(QFrame):
    """Several outputs are chosen from a list. The arrays are read off the GUI thread."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._state = state
        self._outputs: tuple[OutputDifference, ...] = ()
        self.values: tuple[OutputValue, ...] = ()
        self.empty = label(EMPTY, role="muted", wrap=True)
        self.which = QComboBox()
        self.which.setAccessibleName("Output")
        self.name = ElidedLabel(role="heading")
        self.verdict = label()
        self.overlap = ElidedLabel(role="muted")
        self.table = SmallTable(("Element", "", "A", "B", "B − A", ""), "Values of A and B", theme, stretch=_BARS)
        self.bars = PairDelegate(theme, self.table)
        self.table.setItemDelegateForColumn(_BARS, self.bars)
        self.metrics = MetricsGrid("Numbers of the output")
        self.legend = legend(theme, ("bar", "a", "A"), ("bar", "b", "B"))
        self._lay_out()
        self.which.currentIndexChanged.connect(self._choose)
        self._seen = WhenSeen(self, self._show)
        state.comparison_changed.connect(self._seen.ask)
        self._show()

    def _show(self) -> None:
        comparison = self._state.comparison
        self._outputs = comparison.outputs if comparison else ()
        self.empty.setText(NO_OUTPUTS if comparison else EMPTY)
        self._stack.setCurrentIndex(int(bool(self._outputs)))
        self.which.blockSignals(True)
        self.which.clear()
        for output in self._outputs:
            self.which.addItem(shortened(f"{MARKS[status_of(output)][0]} {output.a}", 60))
        self.which.blockSignals(False)
        self.which.setVisible(len(self._outputs) > 1)
        if self._outputs:
            self._choose(0)

    def _choose(self, index: int) -> None:
        output, session = self._outputs[index], self._state.session
        self.name.show_text(f"{output.a}  ↔  {output.b}   {shape_text(output.shape)}")
        self.verdict.setText(" ".join(MARKS[status_of(output)]))
        self.overlap.show_text(overlap_text(output))
        self.metrics.show_metrics([("total", output.metrics)], [("noise floor", output.noise_floor)])
        self._fill(top_classes(output.scores) if output.scores else ())
        self._state.jobs.run(lambda: values_of(session, index, output), self._fill, self._failed, key=_JOB)

    def _fill(self, values: tuple[OutputValue, ...]) -> None:
        self.values = values
        known = [number for value in self.values for number in (value.a, value.b) if number is not None]
        self.bars.fit(known)
        self.table.show_cells([_row(value) for value in self.values])

    def _failed(self, error: InspectorError) -> None:
        self.overlap.show_text(shortened(f"✕  {error}"))

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(2 * GRID)
        for part, stretch in ((self.which, 0), (self.name, 3), (self.verdict, 0), (self.overlap, 4), (self.legend, 0)):
            above.addWidget(part, stretch)
        below = QHBoxLayout()
        below.setSpacing(2 * GRID)
        below.addWidget(self.table, 1)
        below.addWidget(self.metrics)
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        inner.addLayout(above)
        inner.addLayout(below, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(centred(self.empty))
        self._stack.addWidget(body)


def status_of(output: OutputDifference) -> str:
    """The status whose mark an output carries."""
    if output.identical:
        return "same"
    return "within-noise" if output.within_noise else "different"


def overlap_text(output: OutputDifference) -> str:
    """How far the class scores agree, in words; empty when these are no scores."""
    if (scores := output.scores) is None:
        return "the elements that differ most"
    shared = min(len(scores.top5_a), len(scores.top5_b))
    return f"{scores.top5_overlap} of the top {shared} shared, first class agrees in {percent(scores.top1_agreement)}"


def _row(value: OutputValue) -> list[Cell]:
    bars = Cell(text="", whole=value.label, pair=(value.a, value.b))
    numbers = [number_cell(number) for number in (value.a, value.b, value.difference)]
    return [text_cell(value.label), bars, *numbers, text_cell(value.note, role="muted")]
