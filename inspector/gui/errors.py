"""An error as a panel, where its result would have been: what, where, what to do; copy and try again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.gui.plain import ElidedLabel, label, shortened
from inspector.gui.theme import GRID

LONGEST = 1200  # characters of an error's text that are laid out; all of it is on copy


class ErrorPanel(QFrame):
    """Shows one InspectorError. `retry` asks for the same again, `dismissed` goes back.

    `trusted` carries the error of a file that was refused since it brings code of its own."""

    retry = Signal()
    trusted = Signal(object)
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.error: InspectorError | None = None
        self.what = label(role="heading", wrap=True)
        self.where = ElidedLabel(role="muted")
        self.todo = label(wrap=True)
        self.code = label(role="muted")
        self.copy_button = QPushButton("Copy")
        self.retry_button = QPushButton("Try again")
        self.trust_button = QPushButton("Trust this file and run")
        self.trust_button.setToolTip("The code that this file carries is run, on this side and for this file only")
        self.dismiss_button = QPushButton("Close")
        self.copy_button.clicked.connect(self.copy)
        self.retry_button.clicked.connect(self.retry)
        self.dismiss_button.clicked.connect(self.dismissed)
        self.trust_button.clicked.connect(lambda: self.trusted.emit(self.error))
        self._lay_out()

    def show_error(self, error: InspectorError) -> None:
        self.error = error
        self.what.setText(f"✕  {_sentence(error.what)}")
        self.where.show_text(error.where)
        self.where.setVisible(bool(error.where))
        self.todo.setText(shortened(error.todo, LONGEST))
        self.todo.setVisible(bool(error.todo))
        self.code.setText(error.code)
        self.trust_button.setVisible(error.code == "CONTAINS_CODE")
        self.setAccessibleName(f"Error {error.code}: {shortened(error.what)}")

    def copy(self) -> None:
        """Put the error's one line, whole and raw, on the clipboard."""
        if self.error is not None:
            QApplication.clipboard().setText(str(self.error))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        self.what.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for part in (self.what, self.where, self.todo, self.code):
            layout.addWidget(part)
        buttons = QHBoxLayout()
        for button in (self.trust_button, self.retry_button, self.copy_button, self.dismiss_button):
            buttons.addWidget(button)
        buttons.addStretch()
        layout.addLayout(buttons)
        layout.addStretch()


def _sentence(text: str) -> str:
    text = shortened(text, LONGEST)
    return text[:1].upper() + text[1:]
