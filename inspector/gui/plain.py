"""Text from files, always plain: names are hostile, so nothing guesses at rich text or is endless."""

from __future__ import annotations

import html

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

SHOWN = 300  # characters of one name that are ever laid out; the rest is on copy
TOLD = 1500  # characters in a tool tip


def shortened(text: str, limit: int = SHOWN) -> str:
    """The text in one line, cut in the middle beyond `limit` characters."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[-limit // 2 :]}"
    return " ".join(text.splitlines()) if "\n" in text or "\r" in text else text


def tooltip(text: str) -> str:
    """The text for a tool tip: escaped, since Qt's tool tips guess whether they are rich text."""
    if len(text) > TOLD:
        text = f"{text[: TOLD // 2]}…{text[-TOLD // 2 :]}"
    return f"<p style='white-space: pre-wrap'>{html.escape(text)}</p>" if text else ""


def label(text: str = "", *, role: str = "", wrap: bool = False, parent: QWidget | None = None) -> QLabel:
    """A label of plain text. `role` is one of the style sheet's: answer, heading, muted, error."""
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


class ClampedLabel(QLabel):
    """A plain sentence in a few lines at most, cut at its end; whole in the tool tip, raw in `raw`."""

    def __init__(self, lines: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = lines
        self.raw = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str) -> None:
        self.raw = text
        self.setToolTip(tooltip(text))
        self.setAccessibleName(shortened(text))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """A line is not filled to its end where a long word goes to the next one."""
        room = int(self.width() * (self._lines - 0.5))
        self.setText(self.fontMetrics().elidedText(shortened(self.raw, TOLD), Qt.TextElideMode.ElideRight, room))
        wide = QRect(0, 0, max(1, self.contentsRect().width()), 1 << 16)
        needed = self.fontMetrics().boundingRect(wide, Qt.TextFlag.TextWordWrap, self.text()).height()
        self.setFixedHeight(min(needed, self._lines * self.fontMetrics().lineSpacing()) + 2)


class ElidedLabel(QLabel):
    """One line of plain text, elided in the middle (a name) or at its end (a sentence); whole in the tool tip,
    raw in `raw`."""

    def __init__(
        self, text: str = "", *, role: str = "", sentence: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._elide = Qt.TextElideMode.ElideRight if sentence else Qt.TextElideMode.ElideMiddle
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.raw = ""
        if role:
            self.setProperty("role", role)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        self.raw = text
        self.setAccessibleName(shortened(text))
        self.setToolTip(tooltip(text))
        self.update()

    def shown(self) -> str:
        """What stands on the screen at the present width."""
        room = self.contentsRect().width()
        return self.fontMetrics().elidedText(shortened(self.raw), self._elide, room)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 4, self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(shortened(self.raw)), metrics.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), int(self.alignment()), self.shown())
