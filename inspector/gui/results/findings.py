"""The findings: the chart with the culprit marked, beside it ranked cards, the verdict's reasons, the warnings."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.comparison import Comparison
from inspector.domain.files import Warn
from inspector.gui.charts.divergence import DivergenceChart, centred
from inspector.gui.plain import label, shortened
from inspector.gui.results.cards import Card, VerdictCard
from inspector.gui.results.cause_page import CausePage
from inspector.gui.results.finding_card import FindingCard
from inspector.gui.state import AppState, Selection
from inspector.gui.theme import GRID, Theme
from inspector.gui.when_seen import WhenSeen
from inspector.gui.words import in_window
from inspector.report.words import causes_found, notes
from inspector.session.hand_made import CAUSE as WRONG_MATCH

EMPTY = "Run the comparison (Ctrl+R): what differs, why, the proof and the fix stand here."
_LONGEST = 1200
_CHART = 36 * GRID  # pixels that are left to the chart by the longest line of a card
_AT_ONCE = 10  # cards that are made before somebody asks for more


class FindingsPanel(QFrame):
    """The first finding is the one to act on; a click on its layer selects it everywhere, a click on its cause
    puts the cause's page where the chart is."""

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
        self.about = CausePage(theme)
        self.beside = QStackedWidget()
        self.more = QPushButton()
        self._waiting: Iterator[Card] = iter(())
        self._count = 0
        self._lay_out()
        self.about.left.connect(self._back_to_chart)
        self._seen = WhenSeen(self, self._show)
        state.comparison_changed.connect(self._seen.ask)
        state.selection_changed.connect(lambda _name: self._follow(state.selection))
        self._show()

    def show_cause(self, cause: str) -> None:
        """Put a cause's page beside the cards; nothing changes when it has none."""
        if self.about.show_cause(cause):
            self.beside.setCurrentWidget(self.about)
            self.beside.setVisible(True)

    def show_more(self) -> None:
        """Make the cards that wait; the button for them goes when none is left."""
        made = [card for _, card in zip(range(_AT_ONCE), self._waiting, strict=False)]
        for card in made:
            self._add(card)
        left = self._count - len(self.cards)
        self.more.setText(f"Show {min(left, _AT_ONCE)} more of {left}")
        self.more.setVisible(left > 0)

    def _show(self) -> None:
        comparison = self._state.comparison
        self._stack.setCurrentIndex(int(comparison is not None))
        self._back_to_chart()
        self.cards, self.warnings = [], []
        if comparison is None:
            return
        self.warnings = [warning_text(warning) for warning in comparison.warnings]
        self._waiting, self._count = self._made(comparison), len(comparison.findings) + 1
        page = self._page()
        self.page_area.setWidget(page)
        around = self.page_area.verticalScrollBar().sizeHint().width() + 2 * self.page_area.frameWidth()
        self.page_area.setMinimumWidth(page.minimumSizeHint().width() + around)  # the chart gives way
        for ground in (page, self.page_area.viewport()):
            ground.setAutoFillBackground(False)

    def _made(self, comparison: Comparison) -> Iterator[Card]:
        """Causes in their order, then what was measured; of sides that agree the reasons come first. Notes last, but
        a match of the person's own that looks wrong: the answer begins with it."""
        causes, different = causes_found(comparison), comparison.verdict == "different"
        doubts = [finding for finding in notes(comparison) if finding.cause == WRONG_MATCH]
        for finding in doubts:
            yield FindingCard(finding, self._theme)
        if not different:
            yield VerdictCard(comparison, self._theme)
        for place, finding in enumerate(causes, 1):
            yield FindingCard(finding, self._theme, (place, len(causes)))
        if different:
            yield VerdictCard(comparison, self._theme)
        for finding in notes(comparison):
            if finding not in doubts:
                yield FindingCard(finding, self._theme)

    def _page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID)
        self._column = QVBoxLayout()
        self._column.setSpacing(GRID)
        layout.addLayout(self._column)
        self.more = QPushButton()
        self.more.clicked.connect(self.show_more)
        layout.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        if self.warnings:
            layout.addWidget(label("Warnings", role="heading"))
        for text in self.warnings:
            layout.addWidget(label(text, role="muted", wrap=True))
        layout.addStretch()
        self.show_more()
        return page

    def _add(self, card: Card) -> None:
        card.layer_wanted.connect(lambda a, b: self._state.select(a or None, b or None))
        card.cause_wanted.connect(self.show_cause)
        card.follow(self._state.selection.layer_a)
        self.cards.append(card)
        self._column.addWidget(card)

    def _follow(self, selection: Selection) -> None:
        for card in self.cards:
            card.follow(selection.layer_a)

    def _back_to_chart(self) -> None:
        comparison = self._state.comparison
        self.beside.setCurrentWidget(self.chart)
        self.beside.setVisible(comparison is not None and bool(comparison.layers))

    def _lay_out(self) -> None:
        self.beside.addWidget(self.chart)
        self.beside.addWidget(self.about)
        self.beside.setMinimumWidth(_CHART)
        answer = QWidget()
        halves = QHBoxLayout(answer)
        halves.setContentsMargins(0, 0, 0, 0)
        halves.setSpacing(0)
        halves.addWidget(self.beside, 2)
        halves.addWidget(self.page_area, 3)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(centred(self.empty))
        self._stack.addWidget(answer)


def warning_text(warning: Warn) -> str:
    """A warning in one line: the mark, what it says, its code."""
    return shortened(f"⚠  {in_window(warning.text)}  ({warning.code})", _LONGEST)
