"""Cards of the findings panel: a cause with its evidence, proof and mend, or the verdict with its reasons."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout

from inspector.domain.comparison import Comparison, Finding
from inspector.domain.wording import percent
from inspector.gui.plain import label, shortened, tooltip
from inspector.gui.results.proof_bars import ProofBars, proof_text
from inspector.gui.results.reasons import MEASURED, TITLES, Reason, reasons
from inspector.gui.theme import GRID, MARKS, Theme, code_font

_LONGEST = 1200  # characters of a sentence that are laid out
_STRIPE = 4


class Card(QFrame):
    """A pale ground with a stripe in the colour of its status. `layer_wanted` carries A's layer, B's tensor."""

    layer_wanted = Signal(str, str)

    def __init__(self, title: str, status: str, theme: Theme, aside: str = "") -> None:
        super().__init__()
        self._status, self._theme = status, theme
        self.title = label(shortened(f"{MARKS[status][0]}  {title}"), role="heading", wrap=True)
        self.setAccessibleName(shortened(title))
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(2 * GRID + _STRIPE, GRID, GRID, GRID)
        self.rows.setSpacing(GRID // 2)
        heading = QHBoxLayout()
        heading.addWidget(self.title, 1)
        heading.addWidget(label(shortened(aside), role="muted"), 0, Qt.AlignmentFlag.AlignTop)
        self.rows.addLayout(heading)
        theme.changed.connect(self.update)

    def link(self, text: str, layer_a: str, layer_b: str) -> QPushButton:
        """A button that selects a layer everywhere."""
        button = QPushButton(shortened(text, 120).replace("&", "&&"))
        button.setToolTip(tooltip(f"{layer_a}\n{layer_b}" if layer_b else layer_a))
        button.setAccessibleName(f"Select {shortened(layer_a or layer_b)}")
        button.clicked.connect(lambda: self.layer_wanted.emit(layer_a, layer_b))
        return button

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.colours.ground))
        painter.drawRoundedRect(QRectF(self.rect()), _STRIPE, _STRIPE)
        painter.setBrush(QColor(self._theme.of_status(self._status)))
        painter.drawRect(QRectF(0, 0, _STRIPE, self.height()))


class FindingCard(Card):
    """One finding: what, where, why it is believed, the proof, and the mend as a line to copy."""

    def __init__(self, finding: Finding, theme: Theme) -> None:
        aside = f"{finding.cause}, {percent(finding.confidence)} sure"
        super().__init__(for_window(finding.title), "different", theme, aside)
        self.finding = finding
        names = [name for name in (finding.layer_a, finding.layer_b) if name]
        self.layer = self.link("  ↔  ".join(shortened(name, 56) for name in names), finding.layer_a, finding.layer_b)
        self.layer.setVisible(bool(names))
        self.rows.addWidget(self.layer, 0, Qt.AlignmentFlag.AlignLeft)
        self.evidence = _sentence(for_window(finding.evidence))
        self.rows.addWidget(self.evidence)
        if finding.proof is not None:
            self.proof = _sentence(for_window(proof_text(finding.proof)))
            self.rows.addWidget(self.proof)
            self.rows.addWidget(ProofBars(finding.proof, theme))
        self.mend = QLineEdit(finding.mend, readOnly=True)
        self.copy_button = QPushButton("Copy")
        self._add_mend()

    def copy_mend(self) -> None:
        """Put the mend, whole, on the clipboard."""
        QApplication.clipboard().setText(self.finding.mend)

    def _add_mend(self) -> None:
        self.mend.setFont(code_font())
        self.mend.setCursorPosition(0)
        self.mend.setAccessibleName("Mend")
        self.mend.setToolTip(tooltip(self.finding.mend))
        self.copy_button.setAccessibleName("Copy the mend")
        self.copy_button.clicked.connect(self.copy_mend)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(label("Mend", role="muted"))
        row.addWidget(self.mend, 1)
        row.addWidget(self.copy_button)
        if self.finding.mend:
            self.rows.addLayout(row)


class VerdictCard(Card):
    """The verdict with the reasons it rests on."""

    def __init__(self, comparison: Comparison, theme: Theme) -> None:
        explained = comparison.verdict == "different" and comparison.findings
        title = MEASURED if explained else TITLES[comparison.verdict]
        super().__init__(title, comparison.verdict, theme)
        self.reasons: tuple[Reason, ...] = reasons(comparison)
        for reason in self.reasons:
            row = QHBoxLayout()
            row.setSpacing(GRID)
            row.addWidget(_sentence(reason.text), 1)
            if reason.layer:
                row.addWidget(self.link("Show", reason.layer, ""))
            self.rows.addLayout(row)


def _sentence(text: str) -> QLabel:
    return label(shortened(text, _LONGEST), wrap=True)


def for_window(text: str) -> str:
    """A sentence of the session as the window writes it: with a capital, and without the backticks that mark
    names in a terminal. A name at the beginning keeps its own letter."""
    plain = text.replace("`", "")
    return plain if text.startswith("`") else plain[:1].upper() + plain[1:]
