"""The window before anything is open: drop two files, open recent ones, or try the demo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.files import SIDES, Side
from inspector.gui.drops import WHAT_OPENS
from inspector.gui.plain import label, shortened, tooltip
from inspector.gui.theme import GRID, Theme

Pair = tuple[str, str]
QUESTION = "Two files, one model: where do their numbers part?"
_HINTS: dict[Side, tuple[str, str]] = {
    "a": ("a model file or folder", "Ctrl+O"),
    "b": ("what was made of it", "Ctrl+Shift+O"),
}


class DropTarget(QFrame):
    """A dashed field for one side; the window takes the drop, the button opens a dialog."""

    open_wanted = Signal(str)

    def __init__(self, side: Side, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side, self._theme = side, theme
        self._over = False
        letter = label(side.upper(), role="answer")
        letter.setProperty("side", side)
        hint, keys = _HINTS[side]
        button = QPushButton(f"Open {side.upper()}…")
        button.setToolTip(keys)
        button.clicked.connect(lambda: self.open_wanted.emit(side))
        layout = QVBoxLayout(self)
        layout.setSpacing(GRID)
        layout.addStretch()
        invitation = label(f"Drop {hint} here", wrap=True)
        for text in (letter, invitation):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(text)
        layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        self.setMinimumSize(QSize(28 * GRID, 20 * GRID))
        self.setMaximumHeight(32 * GRID)
        theme.changed.connect(self.update)

    def set_over(self, *, over: bool) -> None:
        """Show that a drop now would land here."""
        self._over = over
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        own = colours.a if self.side == "a" else colours.b
        painter.setPen(QPen(QColor(own if self._over else colours.line), 2, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(colours.selection if self._over else colours.surface))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), GRID, GRID)


class EmptyPage(QWidget):
    """`open_wanted(side)`, `pair_wanted(a, b)`, `demo_wanted`."""

    open_wanted = Signal(str)
    pair_wanted = Signal(str, str)
    demo_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.targets = {side: DropTarget(side, theme) for side in SIDES}
        self.recent_heading = label("Open again", role="heading")
        self.recent = QListWidget()
        self.recent.setAccessibleName("Pairs opened before")
        self.recent.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.demo = QPushButton("Try the demo")
        self.demo.setProperty("primary", True)
        for target in self.targets.values():
            target.open_wanted.connect(self.open_wanted)
        self.recent.itemActivated.connect(self._activated)
        self.recent.itemClicked.connect(self._activated)
        self.demo.clicked.connect(self.demo_wanted)
        self._lay_out()
        self.show_recent(())

    def show_recent(self, pairs: Sequence[Pair]) -> None:
        """List the pairs that were opened before, newest first."""
        self.recent.clear()
        for a, b in pairs:
            item = QListWidgetItem(f"{shortened(Path(a).name, 80)}   and   {shortened(Path(b).name, 80)}")
            item.setData(Qt.ItemDataRole.UserRole, (a, b))
            item.setToolTip(tooltip(f"A  {a}\nB  {b}"))
            self.recent.addItem(item)
        for part in (self.recent, self.recent_heading):
            part.setVisible(bool(pairs))

    def show_over(self, side: Side | None) -> None:
        """Mark the field that a drop would land on."""
        for own, target in self.targets.items():
            target.set_over(over=own == side)

    def _activated(self, item: QListWidgetItem) -> None:
        self.pair_wanted.emit(*item.data(Qt.ItemDataRole.UserRole))

    def _lay_out(self) -> None:
        fields = QHBoxLayout()
        fields.setSpacing(2 * GRID)
        for target in self.targets.values():
            fields.addWidget(target, 1)
        demo = QHBoxLayout()
        demo.addWidget(label("No files at hand?", role="muted"))
        demo.addWidget(self.demo)
        demo.addStretch()
        column = QWidget()
        column.setMaximumWidth(100 * GRID)
        layout = QVBoxLayout(column)
        layout.setSpacing(2 * GRID)
        layout.addStretch(1)
        layout.addWidget(label(QUESTION, role="answer", wrap=True))
        for said in ("Drop both at once, or one on each side.", f"What opens: {WHAT_OPENS}"):
            layout.addWidget(label(said, role="muted", wrap=True))
        layout.addLayout(fields, 4)
        layout.addLayout(demo)
        layout.addWidget(self.recent_heading)
        layout.addWidget(self.recent, 2)
        layout.addStretch(1)
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        outer.addWidget(column, 100)
        outer.addStretch(1)
