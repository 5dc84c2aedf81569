"""The tabs below the table of matches: findings, divergence, layer, outputs, weights."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QWidget

from inspector.domain.comparison import Comparison
from inspector.gui.charts.depth import depth
from inspector.gui.charts.divergence import DivergenceChart
from inspector.gui.results.findings import FindingsPanel
from inspector.gui.results.layer_panel import LayerPanel
from inspector.gui.results.outputs import OutputsPanel
from inspector.gui.results.weights import WeightsPanel
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Theme


class ResultTabs(QTabWidget):
    """Brings a tab to the front when somebody asks for it by its name in lower case."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.setAccessibleName("Results")
        self.findings = FindingsPanel(state, theme)
        self.divergence = DivergenceChart(state, theme)
        self.layer = LayerPanel(state, theme)
        self.outputs = OutputsPanel(state, theme)
        self.weights = WeightsPanel(state, theme)
        self._names: dict[str, QWidget] = {}
        for title, panel in (
            ("Findings", self.findings),
            ("Divergence", self.divergence),
            ("Layer", self.layer),
            ("Outputs", self.outputs),
            ("Weights", self.weights),
        ):
            self._names[title.lower()] = panel
            self.addTab(panel, title)
        self.setMinimumHeight(20 * GRID)
        self._state = state
        state.reveal_requested.connect(self.reveal)
        state.comparison_changed.connect(self._point_out)

    def reveal(self, name: str) -> None:
        """Bring a tab to the front; a name that no tab has changes nothing."""
        if (panel := self._names.get(name)) is not None:
            self.setCurrentWidget(panel)

    def _point_out(self, comparison: Comparison | None) -> None:
        """After a run the findings come first, with what the first one is about selected, else the culprit, unless
        somebody has selected something."""
        if comparison is None:
            return
        self._state.reveal("findings")
        if self._state.selection.layer_a or self._state.selection.tensor_b:
            return
        first = next((finding for finding in comparison.findings if not finding.note_only), None)
        if first is not None and first.layer_a:
            self._state.select(first.layer_a, None)
            return
        drawn = depth(comparison)
        if drawn.culprit is not None:
            culprit = drawn.layers[drawn.culprit]
            self._state.select(culprit.a, culprit.b)
