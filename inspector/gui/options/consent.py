"""Consent to run a Python file: its path, its fingerprint, where it will run, and two buttons."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.gui.options.fields import button, hint
from inspector.gui.plain import ElidedLabel, label
from inspector.gui.state import AppState
from inspector.gui.theme import GRID

DIGITS = 12  # of the SHA-256
UNCONFINED = "none"  # how a runner's words begin where the system gives no confinement


def fingerprint(path: str) -> str:
    """The SHA-256 of a file in hexadecimal. Raises InspectorError NOT_FOUND."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InspectorError(
            "NOT_FOUND", f"this file cannot be read: {error.strerror}", where=path, todo="Choose another file."
        ) from error


def where_it_runs(side: str, confinement: str) -> str:
    """What the code may do, in words: `confinement` is the runner's, empty while it is not known."""
    if not confinement:
        return f"This file's code will be run in the process of side {side.upper()}, confined as that process is."
    if confinement.startswith(UNCONFINED):
        return (
            f"This file's code will be run in the process of side {side.upper()}. It is not confined "
            f"({confinement}): it can do what you can do."
        )
    return f"This file's code will be run, confined to the process of side {side.upper()}. {confinement}."


class Consent(QFrame):
    """Hidden until `ask`; `agreed` carries what was asked for."""

    agreed = Signal(str)
    refused = Signal()

    def __init__(self, side: str, state: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("asking", True)
        self._side, self._state = side, state
        self._what = ""
        self.confinement = ""
        self.path = ElidedLabel(role="heading")
        self.digest = label(role="muted")
        self.meaning = hint()
        self.agree, self.cancel = button("Run this file's code"), button("Cancel")
        self.agree.clicked.connect(self._agree)
        self.cancel.clicked.connect(self._refuse)
        self._lay_out()
        self.hide()

    def ask(self, what: str, path: str) -> None:
        """Ask for consent to run `path`; `what` is handed back when it is given."""
        self._what = what
        self.path.show_text(path)
        self.digest.setText("Reading the file…")
        self.meaning.setText(where_it_runs(self._side, self.confinement))
        self.agree.setEnabled(False)
        self.show()
        self._state.jobs.run(lambda: fingerprint(path), self._read, self._failed, key=f"consent-{id(self)}")
        self.cancel.setFocus()

    def _read(self, digest: str) -> None:
        self.digest.setText(f"SHA-256 {digest[:DIGITS]}…")
        self.digest.setToolTip(digest)
        self.agree.setEnabled(True)

    def _failed(self, error: InspectorError) -> None:
        self.digest.setText(f"✕  {error.what}")

    def _agree(self) -> None:
        self.hide()
        self.agreed.emit(self._what)

    def _refuse(self) -> None:
        self.hide()
        self.refused.emit()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID // 2)
        for part in (self.path, self.digest, self.meaning):
            layout.addWidget(part)
        buttons = QHBoxLayout()
        buttons.addWidget(self.agree)
        buttons.addWidget(self.cancel)
        buttons.addStretch()
        layout.addLayout(buttons)
