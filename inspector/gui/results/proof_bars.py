"""What a mend took away: the output's difference before and after it, on one scale, as in the report."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.domain.comparison import Proof
from inspector.domain.wording import full, short
from inspector.gui.plain import tooltip
from inspector.gui.theme import GRID, Theme, numbers_font
from inspector.report.proofs import gone_text, proof_bars, proof_text

WORDS = ("difference before", "after")
WHAT = "The output's largest difference, everything else being put right:"
_LONGEST = 50 * GRID
_LEFT_AND_CENTRED = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


class ProofBars(QWidget):
    """Two bars under each other with their numbers, and the share that is gone. Powers of ten are marked on a
    logarithmic scale, and it is named."""

    def __init__(self, proof: Proof, theme: Theme) -> None:
        super().__init__()
        self._proof, self._theme = proof, theme
        self.bars = proof_bars(proof)
        self.setFont(numbers_font())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(proof_text(proof))
        scale = "\nlogarithmic scale" if self.bars.logarithmic else ""
        self.setToolTip(tooltip(f"{WHAT}\nbefore {full(proof.before)}\nafter {full(proof.after)}{scale}"))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID, 2 * self._line())

    def minimumSizeHint(self) -> QSize:
        return QSize(20 * GRID, 2 * self._line())

    def told(self) -> tuple[str, str]:
        """What stands behind the bars: how much is gone, and the scale where it is not linear."""
        return gone_text(self._proof), "log scale" if self.bars.logarithmic else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        words = self.fontMetrics().horizontalAdvance(f"{WORDS[0]} ") + GRID
        numbers = self.fontMetrics().horizontalAdvance("8.88e-88") + GRID
        gone = QFontMetrics(self._bold()).horizontalAdvance("100.0% gone") + GRID
        room = max(min(self.width() - words - numbers - gone, _LONGEST), GRID)
        self._draw_ticks(painter, words, room)
        rows = ((WORDS[0], self._proof.before, self.bars.before), (WORDS[1], self._proof.after, self.bars.after))
        for row, (word, value, length) in enumerate(rows):
            self._draw_bar(painter, row * self._line(), word, short(value), (words, room * length))
        self._draw_told(painter, words + room + numbers)

    def _draw_ticks(self, painter: QPainter, left: int, room: int) -> None:
        painter.setPen(QPen(QColor(self._theme.colours.line), 1))
        for tick in self.bars.ticks:
            x = round(left + room * tick) + 0.5
            painter.drawLine(QLineF(x, 2, x, 2 * self._line() - 2))

    def _draw_bar(self, painter: QPainter, top: int, word: str, number: str, place: tuple[int, float]) -> None:
        colours, line, (left, length) = self._theme.colours, self._line(), place
        painter.setPen(QColor(colours.muted))
        painter.drawText(QRectF(0, top, left, line), _LEFT_AND_CENTRED, word)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.total))
        painter.drawRoundedRect(QRectF(left, top + (line - GRID) // 2, max(length, 2), GRID), 2, 2)
        behind = QRectF(left + length + GRID // 2, top, self.fontMetrics().horizontalAdvance(number) + 4, line)
        painter.fillRect(behind.adjusted(0, 3, 0, -3), QColor(colours.ground))  # a tick never runs through a number
        painter.setPen(QColor(colours.text))
        painter.drawText(behind.adjusted(2, 0, 0, 0), _LEFT_AND_CENTRED, number)

    def _draw_told(self, painter: QPainter, left: int) -> None:
        gone, scale = self.told()
        painter.setPen(QColor(self._theme.colours.muted))
        painter.drawText(QRectF(left, self._line(), self.width() - left, self._line()), _LEFT_AND_CENTRED, scale)
        painter.setFont(self._bold())
        painter.setPen(QColor(self._theme.colours.text))
        painter.drawText(QRectF(left, 0, self.width() - left, self._line()), _LEFT_AND_CENTRED, gone)

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _line(self) -> int:
        return self.fontMetrics().height() + 2
