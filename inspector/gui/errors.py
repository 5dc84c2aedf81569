"""An error as a panel, where its result would have been: what, where, what to do; copy and try again."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

from inspector.domain.errors import InspectorError
from inspector.domain.files import Side
from inspector.gui.plain import ClampedLabel, ElidedLabel, label, shortened, tooltip
from inspector.gui.theme import GRID
from inspector.gui.words import in_window
from inspector.session.refused import CODES

LINES = 3  # of a notice
LONGEST = 1200  # characters of an error's text that are laid out; all of it is on copy


class ErrorPanel(QFrame):
    """Shows one InspectorError. `retry` asks for the same again, `dismissed` goes back.

    `trusted` carries the error of a file that was refused since it brings code of its own, `options_wanted`
    the side whose file the error names; `static_wanted` asks for what can be said of a file that no run takes."""

    retry = Signal()
    options_wanted = Signal(str)
    trusted = Signal(object)
    static_wanted = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.error: InspectorError | None = None
        self._side: Side | None = None
        self.what = label(role="heading", wrap=True)
        self.where = ElidedLabel(role="muted")
        self.todo = label(wrap=True)
        self.code = label(role="muted")
        self.options_button = QPushButton()
        self.options_button.clicked.connect(lambda: self.options_wanted.emit(self._side))
        self.copy_button = QPushButton("Copy")
        self.retry_button = QPushButton("Try again")
        self.trust_button = QPushButton("Trust this file and run")
        self.trust_button.setToolTip("The code that this file carries is run, on this side and for this file only")
        self.static_button = QPushButton("Compare without running")
        self.static_button.setToolTip("Lay weights over each other and compare what both files state")
        self.static_button.clicked.connect(self.static_wanted)
        self.dismiss_button = QPushButton("Close")
        self.copy_button.clicked.connect(self.copy)
        self.retry_button.clicked.connect(self.retry)
        self.dismiss_button.clicked.connect(self.dismissed)
        self.trust_button.clicked.connect(lambda: self.trusted.emit(self.error))
        self._lay_out()

    def show_error(self, error: InspectorError, side: Side | None = None) -> None:
        """Show an error; `side` is the one whose options may mend it."""
        self.error, self._side = error, side
        self.options_button.setText(f"Options of {side.upper()}" if side else "")
        offered = {self.trust_button: error.code == "CONTAINS_CODE", self.options_button: side is not None}
        self._show_buttons({**offered, self.static_button: error.code in CODES})
        self.what.setText(f"✕  {_sentence(in_window(error.what))}")
        self.where.show_text(error.where)
        self.where.setVisible(bool(error.where))
        self.todo.setText(shortened(in_window(error.todo), LONGEST))
        self.todo.setVisible(bool(error.todo))
        self.code.setText(error.code)
        self.setAccessibleName(f"Error {error.code}: {shortened(error.what)}")

    def copy(self) -> None:
        """Put the error's one line, whole and raw, on the clipboard."""
        if self.error is not None:
            QApplication.clipboard().setText(str(self.error))

    def _show_buttons(self, offered: dict[QPushButton, bool]) -> None:
        """Those that help; a hidden one is taken out, since it would leave its gap in the row."""
        for button in self._all:
            self._buttons.removeWidget(button)
            button.setVisible(offered.get(button, True))
            if offered.get(button, True):
                self._buttons.addWidget(button)

    def _lay_out(self) -> None:
        content, area = QWidget(), QScrollArea()  # where there is little room it scrolls, and nothing is cut
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setProperty("clear", True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID)
        self.what.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for sentence in (self.what, self.todo):
            sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        for part in (self.what, self.where, self.todo, self.code):
            layout.addWidget(part)
        self._buttons = buttons = QFlowLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setHorizontalSpacing(GRID)
        buttons.setVerticalSpacing(GRID // 2)
        self._all = (
            self.trust_button, self.static_button, self.retry_button, self.options_button, self.copy_button,
            self.dismiss_button,
        )  # fmt: skip
        for button in self._all:
            buttons.addWidget(button)
        layout.addLayout(buttons)
        layout.addStretch()


class Notice(QFrame):
    """An error beside what stays open: a few lines with what went wrong and what to do; all of it on hover.

    `retry` asks for the same again, `dismissed` takes it away."""

    retry = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("asking", True)
        self.error: InspectorError | None = None
        self.text = ClampedLabel(LINES)
        self.retry_button, self.dismiss_button = QPushButton("Try again"), QPushButton("Close")
        self.retry_button.clicked.connect(self.retry)
        self.dismiss_button.clicked.connect(self.dismissed)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID // 2)
        buttons.addStretch()
        for button in (self.retry_button, self.dismiss_button):
            button.setProperty("link", True)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID // 2, GRID // 2, GRID // 2)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.text)
        layout.addLayout(buttons)

    def show_error(self, error: InspectorError) -> None:
        self.error = error
        name = f"{PurePath(error.where).name}: " if error.where else ""
        self.text.show_text(in_window(f"✕  {name}{error.what}. {error.todo}".strip()))
        self.text.setToolTip(tooltip(in_window(str(error))))


def _sentence(text: str) -> str:
    text = shortened(text, LONGEST)
    return text[:1].upper() + text[1:]
