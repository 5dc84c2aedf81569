"""Where the sides part: introduced and total difference and the noise floor of every layer over depth."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from inspector.gui.charts.depth import depth
from inspector.gui.charts.depth_plot import DepthPlot
from inspector.gui.charts.legend import legend
from inspector.gui.plain import ElidedLabel, label
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Theme
from inspector.gui.when_seen import WhenSeen

EMPTY = "Run the comparison (Ctrl+R): this chart shows at which layer the sides part."
NO_LAYERS = "No layers were compared, so there is nothing to draw over depth."
KEYS = "Arrow keys step, Page keys go to the next different layer, + and - zoom, 0 shows all"


class DivergenceChart(QFrame):
    """Follows the comparison and the selection; a click or a key selects everywhere.

    A `brief` one, for a small place, has no line with the numbers; they are on hover all the same."""

    def __init__(self, state: AppState, theme: Theme, *, brief: bool = False) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._state = state
        self.plot = DepthPlot(theme)
        self.plot.setAccessibleName("Divergence over depth")
        self.plot.setAccessibleDescription(KEYS)
        self.readout = ElidedLabel()
        self.empty = label(EMPTY, role="muted", wrap=True)
        self.legend = legend(
            theme,
            ("stem", "introduced", "introduced by the layer alone"),
            ("line", "total", "total"),
            ("band", "noise", "noise floor"),
        )
        self._lay_out()
        self.readout.setVisible(not brief)
        self.plot.picked.connect(self._picked)
        self.plot.hovered.connect(self._tell)
        self._seen = WhenSeen(self, self._show)
        state.comparison_changed.connect(self._seen.ask)
        state.selection_changed.connect(lambda _name: self._follow())
        self._show()

    def _show(self) -> None:
        comparison = self._state.comparison
        drawable = comparison is not None and bool(comparison.layers)
        self._stack.setCurrentIndex(int(drawable))
        self.empty.setText(EMPTY if comparison is None else NO_LAYERS)
        if comparison is not None and drawable:
            self.plot.show_depth(depth(comparison))
            self._follow()

    def _picked(self, position: int) -> None:
        if (drawn := self.plot.depth) is not None:
            layer = drawn.layers[position]
            self._state.select(layer.a, layer.b)

    def _follow(self) -> None:
        if (drawn := self.plot.depth) is not None:
            chosen = self._state.selection
            self.plot.mark(drawn.position(chosen.layer_a, chosen.tensor_b))
        self._tell(None)

    def _tell(self, hovered: Any) -> None:
        """Name and numbers of the layer under the mouse, or else of the selected one."""
        place = self.plot.selected if hovered is None else hovered
        drawn = self.plot.depth
        self.readout.show_text("" if drawn is None or place is None else drawn.told(place))

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(2 * GRID)
        above.addWidget(self.legend)
        above.addWidget(self.readout, 1)
        above.addStretch()
        drawn = QWidget()
        inner = QVBoxLayout(drawn)
        inner.setContentsMargins(GRID, GRID // 2, GRID, 0)
        inner.setSpacing(GRID // 2)
        inner.addLayout(above)
        inner.addWidget(self.plot, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(centred(self.empty))
        self._stack.addWidget(drawn)


def centred(message: QLabel) -> QWidget:
    """A page with one message in its middle."""
    message.setAlignment(Qt.AlignmentFlag.AlignCenter)
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(4 * GRID, 2 * GRID, 4 * GRID, 2 * GRID)
    layout.addStretch()
    layout.addWidget(message)
    layout.addStretch()
    return page
