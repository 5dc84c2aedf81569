"""Which sample and which channel the maps show; channels stand in the order of their largest difference."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QSpinBox, QVBoxLayout, QWidget

from inspector.compare.charts import ChannelDifference
from inspector.domain.wording import full, short
from inspector.gui.plain import label, tooltip
from inspector.gui.theme import GRID, numbers_font

_CHANNEL = Qt.ItemDataRole.UserRole


class ChannelChooser(QWidget):
    """`chosen` carries sample and channel when a person changes one of them."""

    chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.sample, self.channel = QSpinBox(), QSpinBox()
        self.sample.setAccessibleName("Sample")
        self.channel.setAccessibleName("Channel")
        self.list = QListWidget()
        self.list.setAccessibleName("Channels, largest difference first")
        self.list.setUniformItemSizes(True)
        self.list.setFont(numbers_font())
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sample_row = _row("Sample", self.sample)
        self._channel_row = _row("Channel", self.channel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        for part in (self._sample_row, self._channel_row, self.list):
            layout.addWidget(part)
        layout.addStretch()
        self.sample.valueChanged.connect(lambda _value: self._tell())
        self.channel.valueChanged.connect(self._stepped)
        self.list.currentItemChanged.connect(self._listed)

    def offer(
        self, samples: int, channels: tuple[ChannelDifference, ...], *, sample: int = 0, channel: int = 0
    ) -> None:
        """Offer so many samples and these channels, and show one of each; tells nobody."""
        for part in (self.sample, self.channel, self.list):
            part.blockSignals(True)
        self.sample.setRange(0, max(0, samples - 1))
        self.sample.setValue(sample)
        self.channel.setRange(0, max(0, len(channels) - 1))
        self.channel.setValue(channel)
        self.list.clear()
        for ranked in channels:
            item = QListWidgetItem(f"{ranked.channel}\u2003{short(ranked.max_abs)}")
            item.setData(_CHANNEL, ranked.channel)
            item.setToolTip(tooltip(f"channel {ranked.channel}: largest difference {full(ranked.max_abs)}"))
            self.list.addItem(item)
        self._mark(channel)
        for part in (self.sample, self.channel, self.list):
            part.blockSignals(False)
        self._sample_row.setVisible(samples > 1)
        self._channel_row.setVisible(len(channels) > 1)
        self.list.setVisible(len(channels) > 1)
        self.setFixedWidth((18 if len(channels) > 1 else 13) * GRID)
        self.setVisible(samples > 1 or len(channels) > 1)

    def _stepped(self, channel: int) -> None:
        self.list.blockSignals(True)
        self._mark(channel)
        self.list.blockSignals(False)
        self._tell()

    def _listed(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.channel.setValue(item.data(_CHANNEL))

    def _mark(self, channel: int) -> None:
        for row in range(self.list.count()):
            if self.list.item(row).data(_CHANNEL) == channel:
                self.list.setCurrentRow(row)
                return

    def _tell(self) -> None:
        self.chosen.emit(self.sample.value(), self.channel.value())


def _row(word: str, spin: QSpinBox) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID // 2)
    named = label(word, role="muted")
    named.setBuddy(spin)
    layout.addWidget(named)
    layout.addWidget(spin, 1)
    return row
