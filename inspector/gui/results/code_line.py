"""Code to copy: whole, in a fixed-width font, as high as its lines are at the present width."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy

from inspector.gui.theme import code_font

_LINES = 8  # of a longer text the rest is scrolled to
_LONGEST = 4000  # characters that are laid out; the rest is on copy
_MARGIN = 3


class CodeLine(QPlainTextEdit):
    """Read-only plain text that wraps anywhere and can be selected; Tab goes on to the next widget."""

    def __init__(self, text: str) -> None:
        super().__init__(text[:_LONGEST])
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFont(code_font())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("code", True)
        self.document().setDocumentMargin(_MARGIN)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """A plain text's layout measures its height in lines."""
        lines = int(self.document().documentLayout().documentSize().height())
        long = lines > _LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if long else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        height = max(1, min(lines, _LINES)) * self.fontMetrics().lineSpacing()
        self.setFixedHeight(height + 2 * _MARGIN + 4)
