"""The outputs of both sides, one sample at a time, as paired bars: classes for scores, else the worst elements."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.comparison import OutputDifference
from inspector.domain.errors import InspectorError
from inspector.gui.arrow import ChoiceBox
from inspector.gui.browse.wording import shape_text
from inspector.gui.charts.divergence import centred
from inspector.gui.charts.legend import legend
from inspector.gui.plain import ElidedLabel, label, shortened
from inspector.gui.results.metrics_grid import MetricsGrid
from inspector.gui.results.output_values import OutputValue
from inspector.gui.results.pair_cells import PairDelegate
from inspector.gui.results.samples import OutputSamples, samples_of
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
        self.samples: OutputSamples | None = None
        self.empty = label(EMPTY, role="muted", wrap=True)
        self.which = QComboBox()
        self.which.setAccessibleName("Output")
        self.name = ElidedLabel(role="heading")
        self.verdict = label()
        self.overlap = ElidedLabel(role="muted")
        self.sample = ChoiceBox()
        self.worse, self.better = QToolButton(), QToolButton()
        self.worse.setText("◀")
        self.better.setText("▶")
        self.table = SmallTable(("Element", "", "A", "B", "B − A", ""), "Values of A and B", theme, stretch=_BARS)
        self.bars = PairDelegate(theme, self.table)
        self.table.setItemDelegateForColumn(_BARS, self.bars)
        self.metrics = MetricsGrid("Numbers of the output")
        self.legend = legend(theme, ("bar", "a", "A"), ("bar", "b", "B"))
        self._lay_out()
        self._name_parts()
        self.which.currentIndexChanged.connect(self._choose)
        self.sample.currentIndexChanged.connect(self._choose_sample)
        self.worse.clicked.connect(lambda: self._step(-1))
        self.better.clicked.connect(lambda: self._step(1))
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
        output, session, comparison = self._outputs[index], self._state.session, self._state.comparison
        self.name.show_text(f"{output.a}  ↔  {output.b}   {shape_text(output.shape)}")
        self.verdict.setText(" ".join(MARKS[status_of(output)]))
        self.overlap.show_text(overlap_text(output))
        self.metrics.show_metrics([("total", output.metrics)], [("noise floor", output.noise_floor)])
        self._show_samples(None)
        if comparison is not None:
            self._state.jobs.run(
                lambda: samples_of(session, index, comparison), self._show_samples, self._failed, key=_JOB
            )

    def _show_samples(self, samples: OutputSamples | None) -> None:
        """Fill the list of samples, and show the worst one."""
        self.samples = samples
        ranked = samples.ranked if samples is not None else ()
        self.sample.blockSignals(True)
        self.sample.clear()
        for sample in ranked:
            self.sample.addItem(sample.text(len(ranked)))
        self.sample.blockSignals(False)
        self.sample.setEnabled(len(ranked) > 1)
        self._choose_sample(0 if ranked else -1)

    def _choose_sample(self, row: int) -> None:
        """Show the sample that stands in a row of the list."""
        samples = self.samples
        self.worse.setEnabled(row > 0)
        self.better.setEnabled(0 <= row < self.sample.count() - 1)
        self._fill(samples.values(samples.ranked[row].place) if samples is not None and row >= 0 else ())

    def _step(self, by: int) -> None:
        self.sample.setCurrentIndex(min(max(self.sample.currentIndex() + by, 0), self.sample.count() - 1))

    def _fill(self, values: tuple[OutputValue, ...]) -> None:
        self.values = values
        known = [number for value in self.values for number in (value.a, value.b) if number is not None]
        self.bars.fit(known)
        self.table.show_cells([_row(value) for value in self.values])

    def _failed(self, error: InspectorError) -> None:
        self.overlap.show_text(shortened(f"✕  {error}"))

    def _name_parts(self) -> None:
        parts: tuple[tuple[QWidget, str, str], ...] = (
            (self.sample, "Sample", "The samples that were fed, the one with the largest difference first"),
            (self.worse, "Previous sample", "The sample before, with a larger difference"),
            (self.better, "Next sample", "The next sample, with a smaller difference"),
        )
        for widget, name, hint in parts:
            widget.setAccessibleName(name)
            widget.setToolTip(hint)
            widget.setProperty("narrow", True)
        self.sample.setMinimumContentsLength(8)
        self.sample.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def _lay_out(self) -> None:
        stepping = QHBoxLayout()
        stepping.setSpacing(GRID // 2)
        stepping.addWidget(self.worse)
        stepping.addWidget(self.sample, 2)
        stepping.addWidget(self.better)
        stepping.addStretch(1)
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
        inner.addLayout(stepping)
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
    """In how many samples both sides' first class is the same; where these are no scores, what the rows are."""
    if (scores := output.scores) is None:
        return "the elements that differ most"
    count = output.shape[0] if output.shape else 1
    return f"top-1 agreement {round(scores.top1_agreement * count)}/{count}"


def _row(value: OutputValue) -> list[Cell]:
    bars = Cell(text="", whole=value.label, pair=(value.a, value.b))
    numbers = [number_cell(number) for number in (value.a, value.b, value.difference)]
    return [text_cell(value.label), bars, *numbers, text_cell(value.note, role="muted")]
