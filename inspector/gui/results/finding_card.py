"""One finding as a card: what, where, why it is believed, the proof, and the mend as a line to copy."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton

from inspector.domain.comparison import Finding
from inspector.gui.plain import label, shortened
from inspector.gui.results.cards import Card, for_window, sentence
from inspector.gui.results.cause_page import page_text
from inspector.gui.results.code_line import CodeLine
from inspector.gui.results.layer_link import LayerLink, MoreLayers
from inspector.gui.results.proof_bars import ProofBars
from inspector.gui.theme import GRID, Theme
from inspector.gui.words import in_window
from inspector.report.proofs import proof_text, unproved
from inspector.report.words import sureness


class FindingCard(Card):
    """`place` is its rank and how many there are. The first one, to act on, has the large title; a note is quiet."""

    def __init__(self, finding: Finding, theme: Theme, place: tuple[int, int] = (1, 1)) -> None:
        role = "muted" if finding.note_only else "answer" if place[0] == 1 else "heading"
        super().__init__(for_window(finding.title), "different", theme, role=role, quiet=finding.note_only)
        self.finding = finding
        self._about = frozenset(finding.layers or (finding.layer_a,)) - {""}
        self.layer = LayerLink(finding.layer_a, finding.layer_b)
        self.more = MoreLayers(tuple(name for name in finding.layers if name != finding.layer_a))
        self.cause = QPushButton(shortened(finding.cause, 32).replace("&", "&&"))
        self.aside = label(_aside(finding, place), role="muted")
        self.evidence = sentence(for_window(finding.evidence), "muted" if finding.note_only else "")
        self.mend = CodeLine(in_window(finding.mend))
        self.copy_button = QPushButton("Copy")
        self._add_where()
        if finding.evidence:
            self.rows.addWidget(self.evidence)
        self._add_proof(theme)
        self._add_mend()

    def is_about(self, layer: str | None) -> bool:
        return layer in self._about

    def copy_mend(self) -> None:
        """Put the fix, whole, on the clipboard, and say so."""
        QApplication.clipboard().setText(in_window(self.finding.mend))
        self.copy_button.setText("Copied")

    def _add_where(self) -> None:
        """The layers; at the right the cause's id, which leads to its page, and how sure it is."""
        finding = self.finding
        row = QHBoxLayout()
        row.setSpacing(GRID // 2)
        self.layer.clicked.connect(lambda: self.layer_wanted.emit(finding.layer_a, finding.layer_b))
        self.more.chosen.connect(lambda name: self.layer_wanted.emit(name, ""))
        self.cause.clicked.connect(lambda: self.cause_wanted.emit(finding.cause))
        has_page = page_text(finding.cause) is not None
        self.cause.setProperty("link", True)
        self.cause.setEnabled(has_page)
        self.cause.setToolTip("What this cause is, how it is told and fixed" if has_page else "")
        row.addWidget(self.layer)
        row.addWidget(self.more)
        if self.layer.names:
            row.addStretch()
        row.addWidget(self.cause)
        row.addWidget(self.aside)
        if not self.layer.names:
            row.addStretch()
        self.layer.setVisible(bool(self.layer.names))
        self.more.setVisible(bool(self.more.layers))
        self.rows.addLayout(row)

    def _add_proof(self, theme: Theme) -> None:
        self.proof: QLabel | None = None
        if self.finding.proof is not None:
            self.proof = sentence(for_window(proof_text(self.finding.proof, alone=False)))
            self.rows.addWidget(self.proof)
            self.rows.addWidget(ProofBars(self.finding.proof, theme))
        elif why := unproved(self.finding):
            self.proof = sentence(for_window(f"No proof: {why}."), "muted")
            self.rows.addWidget(self.proof)

    def _add_mend(self) -> None:
        self.mend.setAccessibleName("Fix")
        self.copy_button.setAccessibleName("Copy the fix")
        self.copy_button.clicked.connect(self.copy_mend)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(label("Fix", role="muted"))
        row.addWidget(self.mend, 1)
        row.addWidget(self.copy_button)
        if self.finding.mend:
            self.rows.addLayout(row)


def _aside(finding: Finding, place: tuple[int, int]) -> str:
    """How sure it is, and its rank where there are several."""
    if finding.note_only:
        return ""
    rank, count = place
    sure = sureness(finding)
    return ", ".join(part for part in (sure, f"{rank} of {count}" if count > 1 else "") if part)
