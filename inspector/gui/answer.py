"""The answer: one sentence with the verdict's mark, the largest thing there is; progress in its place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from inspector.gui.plain import ClampedLabel, ElidedLabel, label, tooltip
from inspector.gui.snapshot import Snapshot
from inspector.gui.state import Busy
from inspector.gui.theme import GRID, MARKS, Theme
from inspector.gui.words import in_window

LINES = 2  # of the answer, and of what is said of it
LARGE = 110  # characters that stand in large type: two lines of the smallest window


class AnswerBanner(QFrame):
    """Shows a snapshot's status, sentence and detail, why it no longer holds, and how far a job is."""

    stop_wanted = Signal()
    run_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self._theme = theme
        self._status, self._outdated = "", False
        self.mark = label(role="answer")
        self.mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.mark.setFixedSize(5 * GRID, 5 * GRID)
        self.sentence, self.detail = ClampedLabel(LINES), ClampedLabel(LINES)
        for line, role in ((self.sentence, "answer"), (self.detail, "muted")):
            line.setProperty("role", role)
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName("Progress")
        self.outdated = ElidedLabel(role="outdated", sentence=True)
        self.run = QPushButton("Run")
        self.run.setToolTip("Compare again, as it is set now (Ctrl+R)")
        self.run.setAccessibleName("Run again")
        self.run.clicked.connect(self.run_wanted)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop (Esc)")
        self.stop.clicked.connect(self.stop_wanted)
        self._lay_out()
        theme.changed.connect(self._paint_mark)
        self.show_busy(None)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._status, self._outdated = snapshot.status, bool(snapshot.outdated)
        mark, word = MARKS.get(snapshot.status, ("", ""))
        self.mark.setText(mark)
        self.mark.setVisible(bool(mark))
        self.mark.setToolTip(word)
        answer, rest = in_two(in_window(snapshot.sentence))
        self.sentence.show_text(answer)
        self.sentence.setToolTip(tooltip(in_window(snapshot.sentence)))
        self.sentence.setEnabled(not snapshot.outdated)
        detail = "  ·  ".join(part for part in (word, rest, in_window(snapshot.detail)) if part)
        self.detail.show_text(detail)
        self.detail.setVisible(bool(detail) and not snapshot.outdated)
        self._show_outdated(snapshot)
        told = f"{word}: {snapshot.sentence}" if word else snapshot.sentence
        self.setAccessibleName(f"{self.outdated.raw}. {told}" if snapshot.outdated else told)
        self._paint_mark()

    def show_busy(self, busy: Busy | None) -> None:
        """How far a job is; None when none is under way."""
        self.progress.setVisible(busy is not None)
        self.stop.setVisible(busy is not None and busy.can_stop)
        if busy is not None:
            self.progress.setRange(0, busy.total)
            self.progress.setValue(busy.done)

    def _show_outdated(self, snapshot: Snapshot) -> None:
        """In the place of the details: they are of the old answer."""
        self.outdated.show_text(f"Out of date: {snapshot.outdated}" if snapshot.outdated else "")
        self.outdated.setVisible(bool(snapshot.outdated))
        self.run.setVisible(bool(snapshot.outdated))
        self.run.setEnabled(snapshot.can_run)

    def _paint_mark(self) -> None:
        colours = self._theme.colours
        own = colours.muted if self._outdated else self._theme.of_status(self._status)
        corner = GRID // 2
        self.mark.setStyleSheet(f"color: {colours.on_accent}; background: {own}; border-radius: {corner}px;")

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.sentence)
        for line in (self.detail, self.outdated):
            words.addWidget(line)
        words.addWidget(self.progress)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        layout.setSpacing(2 * GRID)
        layout.addWidget(self.mark)
        layout.addLayout(words, 1)
        layout.addWidget(self.run)
        layout.addWidget(self.stop)


def in_two(sentence: str) -> tuple[str, str]:
    """The answer in large type, and what a long sentence says behind its first semicolon in small type."""
    first, semicolon, rest = sentence.partition("; ")
    return (f"{first}.", rest.rstrip(".")) if semicolon and len(sentence) > LARGE else (sentence, "")
