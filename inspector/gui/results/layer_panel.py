"""The layer panel: A, B and the difference as maps, A over B, the differences counted, the worst position."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QStackedLayout

from inspector.domain.comparison import LayerDifference
from inspector.domain.errors import InspectorError
from inspector.gui.charts.divergence import centred
from inspector.gui.charts.triptych import Pictures
from inspector.gui.plain import label, shortened
from inspector.gui.results.layer_arrays import LayerArrays, Mode, cut, gather
from inspector.gui.results.layer_body import LayerBody
from inspector.gui.state import AppState
from inspector.gui.theme import Theme

NOT_RUN = "Run the comparison (Ctrl+R), then select a layer: its activations on both sides are drawn here."
NOT_CHOSEN = "Select a layer in the table, a tree or the chart: its activations on both sides are drawn here."
NOT_KEPT = {
    "introduced": "This layer was not computed again from the same inputs, so there is nothing to draw. "
    "“As run” shows the two ordinary runs.",
    "total": "The activations of this layer were not kept. Run again (Ctrl+R) to keep them.",
}
READING = "Reading the activations…"
_REST = 80  # milliseconds the selection must rest, so that held arrow keys do not read every layer on the way
_GATHER, _CUT = "layer-arrays", "layer-maps"


class LayerPanel(QFrame):
    """Follows the selection. Reads arrays only while it is on the screen, and never on the GUI thread."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._state = state
        self._layer: LayerDifference | None = None
        self._arrays: LayerArrays | None = None
        self._wanted: tuple[str, Mode] | None = None
        self.message = label(NOT_RUN, role="muted", wrap=True)
        self.body = LayerBody(theme)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(centred(self.message))
        self._stack.addWidget(self.body)
        self._rest = QTimer(self, singleShot=True, interval=_REST)
        self._rest.timeout.connect(self._gather)
        self.body.mode_changed.connect(self._follow)
        self.body.chooser.chosen.connect(self._cut)
        self.body.worst_wanted.connect(self._go_to_worst)
        state.comparison_changed.connect(self._forget)
        state.selection_changed.connect(self._follow)

    @property
    def arrays(self) -> LayerArrays | None:
        """What is drawn."""
        return self._arrays

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    def _forget(self) -> None:
        self._arrays, self._wanted = None, None
        self._follow()

    def _follow(self, *_told: object) -> None:
        """Show the selected layer's numbers at once, and its pictures when the selection rests."""
        self._layer = self._state.difference_of(self._state.selection.layer_a)
        if self._layer is None:
            self._wanted = None
            return self._say(NOT_RUN if self._state.comparison is None else NOT_CHOSEN)
        if self._layer.b is None or self._layer.total is None:
            self._wanted = None
            return self._say(f"{shortened(self._layer.a)}: {self._layer.note or 'not compared'}.")
        if not self.isVisible() or self._wanted == (self._layer.a, self.body.mode):
            return None
        self._wanted = (self._layer.a, self.body.mode)
        self.body.show_layer(self._layer)
        self._rest.start()
        return None

    def _gather(self) -> None:
        if (layer := self._layer) is None or self._wanted is None:
            return
        session, mode = self._state.session, self.body.mode
        if self._arrays is None:
            self._say(READING)
        self._state.jobs.run(lambda: gather(session, layer, mode), self._gathered, self._failed, key=_GATHER)

    def _gathered(self, arrays: LayerArrays | None) -> None:
        self._arrays = arrays
        if arrays is None:
            self.body.say(NOT_KEPT[self.body.mode])
            self._stack.setCurrentIndex(1)
            return
        self.body.show_arrays(arrays)
        self._stack.setCurrentIndex(1)
        self._cut(arrays.worst_sample, arrays.worst_channel)

    def _cut(self, sample: int, channel: int) -> None:
        if (arrays := self._arrays) is not None:
            self._state.jobs.run(lambda: cut(arrays, sample, channel), self._draw, self._failed, key=_CUT)

    def _draw(self, pictures: Pictures) -> None:
        self.body.show_pictures(pictures)

    def _go_to_worst(self) -> None:
        if (arrays := self._arrays) is not None:
            self.body.offer(arrays)
            self._cut(arrays.worst_sample, arrays.worst_channel)

    def _failed(self, error: InspectorError) -> None:
        self._arrays = None
        self.body.say(shortened(f"✕  {error}", 800))
        self._stack.setCurrentIndex(1)

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self._stack.setCurrentIndex(0)
