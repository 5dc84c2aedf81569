"""An error as a panel, where its result would have been: what, where, what to do; copy and try again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget
from superqt import QFlowLayout

from inspector.domain.errors import InspectorError
from inspector.domain.files import Side
from inspector.gui.plain import ElidedLabel, label, shortened
from inspector.gui.theme import GRID

LONGEST = 1200  # characters of an error's text that are laid out; all of it is on copy

#: What a runner says to a user of the command, and where the same is in the window.
IN_WINDOW = (
    (" (--python)", " (Options, Environment)"),
    (" (--custom FILE.py)", " (Options, Code)"),
    (" (--custom)", " (Options, Code)"),
    ("open it with --trust", "trust this file"),
    ("allow the network (online=on)", "allow the network (Options, Code)"),
    ("--set-a architecture=FILE (", "Options, Architecture ("),
)


class ErrorPanel(QFrame):
    """Shows one InspectorError. `retry` asks for the same again, `dismissed` goes back.

    `trusted` carries the error of a file that was refused since it brings code of its own, `options_wanted`
    the side whose file the error names."""

    retry = Signal()
    options_wanted = Signal(str)
    trusted = Signal(object)
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
        self._show_buttons({self.trust_button: error.code == "CONTAINS_CODE", self.options_button: side is not None})
        self.what.setText(f"✕  {_sentence(error.what)}")
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
            self.trust_button, self.retry_button, self.options_button, self.copy_button, self.dismiss_button,
        )  # fmt: skip
        for button in self._all:
            buttons.addWidget(button)
        layout.addLayout(buttons)
        layout.addStretch()


def in_window(todo: str) -> str:
    """What to do, in the words of the window instead of the command's."""
    for command, here in IN_WINDOW:
        todo = todo.replace(command, here)
    return todo


def _sentence(text: str) -> str:
    text = shortened(text, LONGEST)
    return text[:1].upper() + text[1:]
