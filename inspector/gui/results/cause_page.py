"""The page of a cause (docs/causes), read from our own files and shown without loading anything else."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout

from inspector.domain.resources import resource
from inspector.gui.theme import BODY_POINTS, GRID, Theme, code_font
from inspector.gui.words import page_in_window

_ID = re.compile(r"[a-z0-9-]+")
_PLAIN = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML


def page_text(cause: str) -> str | None:
    """The page of a cause as markdown; None where there is none."""
    if not _ID.fullmatch(cause):
        return None
    try:
        return resource("causes", f"{cause}.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


class _Offline(QTextBrowser):
    """Text alone: nothing that a page names is loaded, and no link leaves the window."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return None


class CausePage(QFrame):
    """Links to other causes are followed; `left` is emitted by the button that leads back."""

    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.cause = ""
        self.back = QPushButton("←  Back to the chart")
        self.back.clicked.connect(self.left)
        self.text = _Offline()
        self.text.setAccessibleName("About this cause")
        self.text.anchorClicked.connect(self._follow)
        self._lay_out()
        theme.changed.connect(self._show)

    def show_cause(self, cause: str) -> bool:
        """Show a cause's page; False, and nothing changes, when it has none."""
        if page_text(cause) is None:
            return False
        self.cause = cause
        self._show()
        return True

    def _show(self) -> None:
        text = page_text(self.cause)
        if text is None:
            return
        document = self.text.document()
        document.setMarkdown(page_in_window(text), _PLAIN)
        block = document.begin()
        while block.isValid():
            self._dress(block)
            block = block.next()
        self.text.moveCursor(QTextCursor.MoveOperation.Start)

    def _dress(self, block: QTextBlock) -> None:
        """Two sizes of text, and code in the window's fixed-width font on a pale ground."""
        how, own = QTextCharFormat(), block.blockFormat()
        cursor = QTextCursor(block)
        if own.headingLevel():
            how.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)
            how.setFontPointSize(BODY_POINTS)
            how.setFontWeight(QFont.Weight.DemiBold)
            own.setTopMargin(0 if block.blockNumber() == 0 else 2 * GRID)
            own.setBottomMargin(GRID // 2)
        elif own.hasProperty(QTextFormat.Property.BlockCodeFence) or own.hasProperty(
            QTextFormat.Property.BlockCodeLanguage
        ):
            how.setFont(code_font())
            own.setBackground(QColor(self._theme.colours.ground))
            own.setNonBreakableLines(False)
        cursor.setBlockFormat(own)
        cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
        cursor.mergeCharFormat(how)

    def _follow(self, link: QUrl) -> None:
        if not link.scheme() and not link.host():
            self.show_cause(PurePosixPath(link.path()).stem)

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.addWidget(self.back)
        above.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID // 2)
        layout.addLayout(above)
        layout.addWidget(self.text, 1)
