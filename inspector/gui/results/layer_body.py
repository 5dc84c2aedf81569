"""How the parts of the layer panel stand: in one row when the panel is low, in two when it is high."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.comparison import LayerDifference
from inspector.domain.wording import index_text, short
from inspector.gui.charts.divergence import centred
from inspector.gui.charts.small_plots import HistogramChart, ScatterChart
from inspector.gui.charts.triptych import Pictures, Triptych
from inspector.gui.plain import ElidedLabel, label
from inspector.gui.results.channels import ChannelChooser
from inspector.gui.results.layer_arrays import LayerArrays, Mode
from inspector.gui.results.metrics_grid import MetricsGrid
from inspector.gui.theme import GRID, MARKS, Theme

MODES: tuple[tuple[Mode, str, str], ...] = (
    ("total", "As run", "A and B of the two ordinary runs: the total difference"),
    ("introduced", "Same inputs", "B's layer computed from A's inputs: what this layer alone introduces"),
)
_HIGH = 52 * GRID  # from this height on there are two rows


class LayerBody(QWidget):
    """`mode_changed` when another comparison is asked for, `worst_wanted` when the worst position is."""

    mode_changed = Signal()
    worst_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.name = ElidedLabel(role="heading")
        self.status = label()
        self.modes = QTabBar(drawBase=False, expanding=False)
        self.modes.setAccessibleName("Which difference")
        self.chooser = ChannelChooser()
        self.maps = Triptych(theme)
        self.scatter = ScatterChart(theme)
        self.histogram = HistogramChart(theme)
        self.metrics = MetricsGrid("Numbers of the layer")
        self.worst = QPushButton()
        self.worst.clicked.connect(self.worst_wanted)
        self.message = label(role="muted", wrap=True)
        for i, (_mode, title, hint) in enumerate(MODES):
            self.modes.addTab(title)
            self.modes.setTabToolTip(i, hint)
        self.modes.setCurrentIndex(1)
        self.modes.currentChanged.connect(lambda _i: self.mode_changed.emit())
        self._pictures = QWidget()
        self._grid = QGridLayout(self._pictures)
        self._high: bool | None = None
        self._lay_out()
        self._arrange()

    @property
    def mode(self) -> Mode:
        """Which difference is shown."""
        return MODES[self.modes.currentIndex()][0]

    def show_layer(self, layer: LayerDifference) -> None:
        """The layer's names and numbers."""
        self.name.show_text(f"{layer.a}  ↔  {layer.b}")
        mark, word = MARKS[layer.status]
        self.status.setText(f"{mark} {word}")
        self.metrics.show_metrics(
            [("introduced", layer.introduced), ("total", layer.total)],
            [
                ("noise floor", layer.noise_floor),
                ("A's rounding", layer.error_a),
                ("B's rounding", layer.error_b),
            ],
        )

    def show_arrays(self, arrays: LayerArrays) -> None:
        """The charts over all elements, and what can be chosen."""
        self._parts.setCurrentIndex(0)
        self.scatter.show_scatter(arrays.scatter, arrays.mode)
        self.histogram.show_histogram(arrays.histogram, arrays.layer.noise_floor, arrays.mode)
        self.offer(arrays)
        worst = arrays.worst
        self.worst.setVisible(worst is not None)
        if worst is not None:
            a, b = float(arrays.a[worst]), float(arrays.b[worst])
            self.worst.setText(f"Worst {index_text(worst)}: A {short(a)}, B {short(b)}")
            self.worst.setToolTip("Show the sample and channel with the worst position; a square marks it")

    def offer(self, arrays: LayerArrays) -> None:
        """Offer the samples and channels, and show those of the worst position."""
        self.chooser.offer(arrays.samples, arrays.channels, sample=arrays.worst_sample, channel=arrays.worst_channel)

    def show_pictures(self, pictures: Pictures) -> None:
        """The maps of one sample and channel."""
        self.maps.show_pictures(pictures)

    def say(self, text: str) -> None:
        """Say why there are no pictures; the numbers stay."""
        self.message.setText(text)
        self._parts.setCurrentIndex(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        high = self.height() >= _HIGH
        if high == self._high:
            return
        self._high = high
        grid = self._grid
        for gone in (self.chooser, self.maps, self.scatter, self.histogram):
            grid.removeWidget(gone)
        grid.addWidget(self.chooser, 0, 0, 2 if high else 1, 1)
        if high:
            grid.addWidget(self.maps, 0, 1, 1, 2)
            grid.addWidget(self.scatter, 1, 1)
            grid.addWidget(self.histogram, 1, 2)
        else:
            row: tuple[QWidget, ...] = (self.maps, self.scatter, self.histogram)
            for column, part in enumerate(row, 1):
                grid.addWidget(part, 0, column)
        for column, stretch in enumerate((0, 1, 1, 0) if high else (0, 32, 10, 10)):
            grid.setColumnStretch(column, stretch)
        grid.setRowStretch(0, 3)
        grid.setRowStretch(1, 2 if high else 0)

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(GRID)
        above.addWidget(self.modes)
        above.addWidget(self.name, 1)
        above.addWidget(self.status)
        above.addWidget(self.worst)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GRID)
        self._parts = QStackedWidget()
        self._parts.addWidget(self._pictures)
        self._parts.addWidget(centred(self.message))
        below = QHBoxLayout()
        below.setSpacing(2 * GRID)
        below.addWidget(self._parts, 1)
        below.addWidget(self.metrics)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        layout.setSpacing(GRID // 2)
        layout.addLayout(above)
        layout.addLayout(below, 1)
