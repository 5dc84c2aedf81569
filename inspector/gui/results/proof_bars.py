"""What a mend took away: the output's difference before and after it, on one linear scale, as in the report."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.domain.comparison import Proof
from inspector.domain.wording import full, percent, short
from inspector.gui.plain import tooltip
from inspector.gui.theme import GRID, Theme, numbers_font

_PROVED = 0.5  # of the difference must go before the word is right


class ProofBars(QWidget):
    """Two bars under each other with their numbers."""

    def __init__(self, proof: Proof, theme: Theme) -> None:
        super().__init__()
        self._proof, self._theme = proof, theme
        self.setFont(numbers_font())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(proof_text(proof))
        self.setToolTip(tooltip(f"before {full(proof.before)}\nafter {full(proof.after)}"))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID, 2 * (self.fontMetrics().height() + 2))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), self._theme.colours
        line = self.fontMetrics().height() + 2
        words = self.fontMetrics().horizontalAdvance("before ") + GRID
        numbers = self.fontMetrics().horizontalAdvance("8.88e-88") + GRID
        widest = max(self._proof.before, self._proof.after)
        room = max(min(self.width() - words - numbers, 60 * GRID), 0)
        for row, (word, value) in enumerate((("before", self._proof.before), ("after", self._proof.after))):
            top = row * line
            length = room * (value / widest if 0 < value < math.inf else float(value != 0))
            painter.setPen(QColor(colours.muted))
            painter.drawText(QRectF(0, top, words, line), Qt.AlignmentFlag.AlignVCenter, word)
            painter.setPen(QColor(colours.text))
            painter.drawText(
                QRectF(words + length + GRID, top, numbers, line), Qt.AlignmentFlag.AlignVCenter, short(value)
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.total))
            painter.drawRoundedRect(QRectF(words, top + (line - GRID) // 2, max(length, 2), GRID), 2, 2)


def proof_text(proof: Proof) -> str:
    """The experiment in one sentence."""
    word = "Proved" if proof.gone >= _PROVED else "Tried"
    return f"{word}: with {proof.edit}, {percent(proof.gone)} of the output's difference is gone."
