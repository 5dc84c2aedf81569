"""What each side really receives: shape, dtype, range, mean, and a picture; and the range of random input."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QRegularExpression, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QRegularExpressionValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.comparison import InputUsed
from inspector.domain.errors import InspectorError
from inspector.domain.files import Side
from inspector.gui.browse.wording import number_text, shape_text
from inspector.gui.plain import ElidedLabel, label, shortened, tooltip
from inspector.gui.state import AppState
from inspector.gui.theme import GRID
from inspector.gui.words import in_window
from inspector.session.strings import is_text

PICTURE = 88  # pixels
WORDS = 20  # texts that are told
SIZES = (
    "Lengths for the dimensions that the model leaves open, behind the batch and in order: 224, 224. The last "
    "one is used again where there are more. A file that is fed brings its own."
)


def sizes_of(text: str) -> tuple[int, ...] | None:
    """The whole numbers of a line such as `224, 224` or `224x224`; None for none."""
    return tuple(int(word) for word in re.findall(r"\d+", text) if int(word)) or None


def sample_image(array: NDArray[Any]) -> QImage | None:
    """The first sample [batch, ...] as a picture over its own range; None when it is no picture.

    [H, W, 1|3|4] and [1|3|4, H, W] are pictures, [H, W] is grey, a vector is wrapped to about a square. Text is
    none."""
    if is_text(array):
        return None
    sample = np.asarray(array[0] if array.ndim > 1 else array, np.float64)
    if sample.ndim == 3 and sample.shape[0] in (1, 3, 4) and sample.shape[2] not in (1, 3, 4):
        sample = np.moveaxis(sample, 0, 2)
    if sample.ndim == 1 and sample.size:
        side = int(np.ceil(np.sqrt(sample.size)))
        sample = np.pad(sample, (0, side * side - sample.size)).reshape(side, side)
    if sample.ndim == 2:
        sample = sample[..., None]
    if sample.ndim != 3 or sample.shape[2] not in (1, 3, 4) or not sample.size:
        return None
    return _grey_or_rgb(np.nan_to_num(sample, posinf=0.0, neginf=0.0))


def _grey_or_rgb(sample: NDArray[np.float64]) -> QImage:
    low, high = float(sample.min()), float(sample.max())
    scaled = ((sample - low) / ((high - low) or 1.0) * 255).round().astype(np.uint8)[..., :3]
    rgb = np.ascontiguousarray(np.broadcast_to(scaled, (*scaled.shape[:2], 3)))
    rows, columns = rgb.shape[:2]
    return QImage(rgb.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()


class SamplePicture(QWidget):
    """One sample, sharp pixels, as large as fits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self.setFixedSize(QSize(PICTURE, PICTURE))

    def show_array(self, array: NDArray[Any]) -> None:
        self.image = sample_image(array)
        self.setVisible(self.image is not None)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image is not None:
            size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            QPainter(self).drawImage(QRectF(0, 0, size.width(), size.height()), self.image)


class Received(QWidget):
    """One side of one input."""

    def __init__(self, side: Side, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side: Side = side
        letter = label(side.upper())
        letter.setProperty("side", side)
        self.picture = SamplePicture()
        self.name = ElidedLabel(role="heading")
        self.facts = label()
        self.statistics = label()
        for line in (self.facts, self.statistics):
            line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.picture, 0, 0, 4, 1)
        layout.addWidget(letter, 0, 1)
        layout.addWidget(self.name, 0, 2)
        layout.addWidget(self.facts, 1, 1, 1, 2)
        layout.addWidget(self.statistics, 2, 1, 1, 2)
        layout.setRowStretch(3, 1)
        layout.setColumnStretch(2, 1)

    def show_input(self, used: InputUsed, array: NDArray[Any]) -> None:
        a = self.side == "a"
        stats = used.stats_a if a else used.stats_b
        low, high, mean, deviation = (number_text(number) for number in stats)
        self.name.show_text(used.name_a if a else used.name_b)
        shape, dtype = (used.shape_a, used.dtype_a) if a else (used.shape_b, used.dtype_b)
        self.facts.setText(f"{shape_text(shape)}  {dtype}")
        if is_text(array):
            words = [f"“{word.decode('utf-8', 'replace')}”" for word in np.asarray(array, np.bytes_).ravel()[:WORDS]]
            self.statistics.setText(shortened(", ".join(words)))
            self.statistics.setToolTip(tooltip("\n".join(words)))
        else:
            self.statistics.setText(f"{low} … {high},  mean {mean} ± {deviation}")
            self.statistics.setToolTip(tooltip(", ".join(map(repr, stats))))
        self.picture.show_array(array)


class PreviewPanel(QFrame):
    """The preview under the input bar. It is worked out only while it is shown."""

    def __init__(self, state: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self._state = state
        self.low, self.high = QDoubleSpinBox(), QDoubleSpinBox()
        self.batch = QSpinBox()
        self.sizes = QLineEdit(placeholderText="as stated")
        self.message = label(role="muted", wrap=True)
        self._received = QVBoxLayout()
        self.rows: list[tuple[Received, Received]] = []
        self._prepare_boxes()
        self._lay_out()
        state.settings_changed.connect(self.refresh)
        state.assignment_changed.connect(self._assigned)

    def refresh(self) -> None:
        """Work the preview out anew, if it can be seen."""
        if not self.isVisible():
            return
        if self._state.assignment is None:
            self._say("Open two files: what each of them receives is shown here.")
            return
        self._say("Preparing the inputs…")
        self._state.jobs.run(
            self._state.session.preview,
            self._show,
            self._failed,
            lambda text, _done, _total: self._say(f"{text}…"),
            key="preview",
        )

    def show_settings(self) -> None:
        """Show the session's settings; they may have been taken up from an earlier time."""
        settings = self._state.session.settings
        self.low.setValue(settings.low)
        self.high.setValue(settings.high)
        self.batch.setValue(settings.batch or 0)
        self.sizes.setText(", ".join(map(str, settings.size or ())))

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def _show(self, previews: Any) -> None:
        self._clear()
        self.message.hide()
        for preview in previews:
            pair = Received("a"), Received("b")
            row = QHBoxLayout()
            row.setSpacing(3 * GRID)
            for received, array in zip(pair, (preview.array_a, preview.array_b), strict=True):
                received.show_input(preview.used, array)
                row.addWidget(received, 1)
            self._received.addLayout(row)
            self.rows.append(pair)

    def _failed(self, error: InspectorError) -> None:
        self._say(f"✕  {shortened(in_window(str(error)), 800)}")

    def _say(self, text: str) -> None:
        self._clear()
        self.message.setText(text)
        self.message.show()

    def _clear(self) -> None:
        for pair in self.rows:
            for received in pair:
                received.hide()
                received.deleteLater()
        self.rows.clear()
        while (item := self._received.takeAt(0)) is not None:
            if (row := item.layout()) is not None:
                row.deleteLater()

    def _assigned(self, _assignment: object) -> None:
        self.show_settings()
        self.refresh()

    def _commit(self) -> None:
        session = self._state.session
        changed = replace(
            session.settings,
            low=self.low.value(),
            high=self.high.value(),
            batch=self.batch.value() or None,
            size=sizes_of(self.sizes.text()),
        )
        if changed != session.settings:
            session.settings = changed
            self._state.settings_changed.emit()

    def _prepare_boxes(self) -> None:
        for box, name in ((self.low, "Random numbers from"), (self.high, "Random numbers up to")):
            box.setRange(-1e6, 1e6)
            box.setDecimals(3)
            box.setAccessibleName(name)
        self.batch.setRange(0, 4096)
        self.batch.setSpecialValueText("as stated")
        self.batch.setAccessibleName("Batch")
        self.sizes.setAccessibleName("Sizes of open dimensions")
        self.sizes.setToolTip(tooltip(SIZES))
        self.sizes.setValidator(QRegularExpressionValidator(QRegularExpression(r"\s*(\d{1,6}[\s,x×]*)*")))
        self.show_settings()
        boxes: tuple[QAbstractSpinBox | QLineEdit, ...] = (self.low, self.high, self.batch, self.sizes)
        for spin in (self.low, self.high, self.batch):
            spin.lineEdit().setTextMargins(GRID // 2, 0, 0, 0)
        for edited in boxes:
            edited.editingFinished.connect(self._commit)

    def _lay_out(self) -> None:
        options = QFormLayout()
        options.setVerticalSpacing(GRID // 2)
        for name, widget in (
            ("Random from", self.low),
            ("up to", self.high),
            ("Batch", self.batch),
            ("Open sizes", self.sizes),
        ):
            widget.setFixedWidth(12 * GRID)
            options.addRow(label(name, role="muted"), widget)
        content, self.area = QWidget(), QScrollArea()  # several inputs scroll: the window never grows for them
        received = QVBoxLayout(content)
        received.setContentsMargins(0, 0, 0, 0)
        received.addWidget(self.message)
        received.addLayout(self._received)
        received.addStretch()
        self.area.setWidget(content)
        self.area.setWidgetResizable(True)
        self.area.setProperty("clear", True)
        self.area.setAccessibleName("What each side receives")
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        layout.setSpacing(4 * GRID)
        layout.addLayout(options)
        layout.addWidget(self.area, 1)
