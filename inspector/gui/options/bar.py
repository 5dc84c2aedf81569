"""What is in force on a side: a button that says it in words and opens the options, chips for what is unusual."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QFlowLayout

from inspector.domain.files import ModelFile, Side
from inspector.domain.options import SideOptions
from inspector.gui.arrow import paint_arrow
from inspector.gui.options.wording import Chip, chips, summary
from inspector.gui.plain import label, shortened, tooltip
from inspector.gui.theme import GRID

ARROW = 3 * GRID  # pixels at the right end


class SummaryButton(QPushButton):
    """One line, elided in the middle; whole in the tool tip, raw in `raw`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("summary", True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.raw = ""

    def show_text(self, text: str, more: str) -> None:
        """`more` is said on hover below the text."""
        self.raw = text
        self.setToolTip(tooltip("\n".join(part for part in (text, more) if part)))
        self._elide()

    def minimumSizeHint(self) -> QSize:
        return QSize(6 * GRID, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_arrow(self)

    def _elide(self) -> None:
        room = max(0, self.width() - ARROW - 2 * GRID)
        shown = self.fontMetrics().elidedText(shortened(self.raw), Qt.TextElideMode.ElideMiddle, room)
        self.setText(shown.replace("&", "&&"))


class OptionsBar(QWidget):
    """`wanted` when the options are to be opened."""

    wanted = Signal()

    def __init__(self, side: Side, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side: Side = side
        self.button = SummaryButton()
        self.button.clicked.connect(self.wanted)
        self.setFocusProxy(self.button)
        self.shown: tuple[Chip, ...] = ()
        self._chips = QWidget()
        self._flow = QFlowLayout(self._chips)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setHorizontalSpacing(GRID // 2)
        self._flow.setVerticalSpacing(GRID // 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.button)
        layout.addWidget(self._chips)

    def show_options(
        self, file: ModelFile | None, options: SideOptions, python: str, *, stands_in: bool = False
    ) -> None:
        """`python` is the interpreter in words, as `wording.python_text` says it; `stands_in`: the file is run
        as the other side's graph."""
        self.setVisible(file is not None)
        if file is None:
            return
        text = summary(file, self._side, python, stands_in=stands_in)
        self.button.show_text(text, "Choose what is run, where and how")
        self.button.setAccessibleName(f"Options of {self._side.upper()}: {shortened(text)}")
        if (found := chips(options)) != self.shown:
            self.shown = found
            self._fill()
        self._chips.setVisible(bool(self.shown))

    def texts(self) -> list[str]:
        """What the chips say."""
        return [chip.text for chip in self.shown]

    def _fill(self) -> None:
        while (item := self._flow.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.deleteLater()
        for chip in self.shown:
            made = label(chip.text)
            made.setProperty("chip", True)
            made.setToolTip(tooltip(chip.meaning))
            self._flow.addWidget(made)
