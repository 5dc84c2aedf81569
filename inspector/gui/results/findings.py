"""The findings: the chart with the culprit marked, beside it ranked cards, the verdict's reasons, the warnings."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from inspector.domain.files import Warn
from inspector.gui.charts.divergence import DivergenceChart, centred
from inspector.gui.plain import label, shortened
from inspector.gui.results.cards import Card, FindingCard, VerdictCard
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Theme
from inspector.gui.when_seen import WhenSeen

EMPTY = "Run the comparison (Ctrl+R): what differs, why, the proof and the mend stand here."
_LONGEST = 1200


class FindingsPanel(QFrame):
    """The first finding is the one to act on; a click on its layer selects it everywhere."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._state, self._theme = state, theme
        self.cards: list[Card] = []
        self.warnings: list[str] = []
        self.empty = label(EMPTY, role="muted", wrap=True)
        self.page_area = QScrollArea(widgetResizable=True)
        self.page_area.setAccessibleName("Findings")
        self.page_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.chart = DivergenceChart(state, theme, brief=True)
        answer = QWidget()
        halves = QHBoxLayout(answer)
        halves.setContentsMargins(0, 0, 0, 0)
        halves.setSpacing(0)
        halves.addWidget(self.chart, 1)
        halves.addWidget(self.page_area, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(centred(self.empty))
        self._stack.addWidget(answer)
        self._seen = WhenSeen(self, self._show)
        state.comparison_changed.connect(self._seen.ask)
        self._show()

    def _show(self) -> None:
        comparison = self._state.comparison
        self._stack.setCurrentIndex(int(comparison is not None))
        self.cards, self.warnings = [], []
        self.chart.setVisible(comparison is not None and bool(comparison.layers))
        if comparison is None:
            return
        self.cards = [FindingCard(finding, self._theme) for finding in comparison.findings]
        at = len(self.cards) if comparison.verdict == "different" else 0
        self.cards.insert(at, VerdictCard(comparison, self._theme))
        self.warnings = [warning_text(warning) for warning in comparison.warnings]
        page = self._page()
        self.page_area.setWidget(page)
        for ground in (page, self.page_area.viewport()):
            ground.setAutoFillBackground(False)

    def _page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID)
        for card in self.cards:
            card.layer_wanted.connect(lambda a, b: self._state.select(a or None, b or None))
            layout.addWidget(card)
        if self.warnings:
            layout.addWidget(label("Warnings", role="heading"))
        for text in self.warnings:
            layout.addWidget(label(text, role="muted", wrap=True))
        layout.addStretch()
        return page


def warning_text(warning: Warn) -> str:
    """A warning in one line: the mark, what it says, its code."""
    return shortened(f"⚠  {warning.text}  ({warning.code})", _LONGEST)
