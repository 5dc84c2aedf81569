"""The answer: one sentence with the verdict's mark, the largest thing there is; progress in its place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from inspector.gui.plain import label, shortened, tooltip
from inspector.gui.snapshot import Snapshot
from inspector.gui.state import Busy
from inspector.gui.theme import GRID, MARKS, Theme

LONGEST = 400
LARGE = 110  # characters that stand in large type: two lines of the smallest window


class AnswerBanner(QFrame):
    """Shows a snapshot's status, sentence and detail, and how far a job is."""

    stop_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self._theme = theme
        self._status = ""
        self.mark = label(role="answer")
        self.mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.mark.setFixedSize(5 * GRID, 5 * GRID)
        self.sentence = _line("answer")
        self.detail = _line("muted")
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName("Progress")
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop (Esc)")
        self.stop.clicked.connect(self.stop_wanted)
        self._lay_out()
        theme.changed.connect(self._paint_mark)
        self.show_busy(None)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._status = snapshot.status
        mark, word = MARKS.get(snapshot.status, ("", ""))
        self.mark.setText(mark)
        self.mark.setVisible(bool(mark))
        self.mark.setToolTip(word)
        answer, rest = in_two(snapshot.sentence.replace("`", ""))
        self.sentence.setText(shortened(answer, LONGEST))
        self.sentence.setToolTip(tooltip(snapshot.sentence))
        detail = "  ·  ".join(part for part in (word, rest, snapshot.detail) if part)
        self.detail.setText(shortened(detail, LONGEST))
        self.detail.setVisible(bool(detail))
        self.setAccessibleName(f"{word}: {snapshot.sentence}" if word else snapshot.sentence)
        self._paint_mark()

    def show_busy(self, busy: Busy | None) -> None:
        """How far a job is; None when none is under way."""
        self.progress.setVisible(busy is not None)
        self.stop.setVisible(busy is not None and busy.can_stop)
        if busy is not None:
            self.progress.setRange(0, busy.total)
            self.progress.setValue(busy.done)

    def _paint_mark(self) -> None:
        colours = self._theme.colours
        own = self._theme.of_status(self._status)
        corner = GRID // 2
        self.mark.setStyleSheet(f"color: {colours.on_accent}; background: {own}; border-radius: {corner}px;")

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.sentence)
        words.addWidget(self.detail)
        words.addWidget(self.progress)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        layout.setSpacing(2 * GRID)
        layout.addWidget(self.mark)
        layout.addLayout(words, 1)
        layout.addWidget(self.stop)


def in_two(sentence: str) -> tuple[str, str]:
    """The answer in large type, and what a long sentence says behind its first semicolon in small type."""
    first, semicolon, rest = sentence.partition("; ")
    return (f"{first}.", rest.rstrip(".")) if semicolon and len(sentence) > LARGE else (sentence, "")


def _line(role: str) -> QLabel:
    made = label(role=role, wrap=True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return made
