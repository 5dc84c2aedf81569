"""Ctrl+K: all commands in one list that narrows as one types."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from rapidfuzz import fuzz

from inspector.gui.commands import Command, Commands
from inspector.gui.theme import GRID

LEAST = 55.0  # a title below this score is not what was meant


def ranked(commands: tuple[Command, ...], query: str) -> list[Command]:
    """The commands whose title fits the query, best first; all in their order for an empty query."""
    query = query.strip().lower()
    if not query:
        return list(commands)
    scored = [(_score(command.title.lower(), query), command) for command in commands]
    return [command for score, command in sorted(scored, key=lambda pair: -pair[0]) if score >= LEAST]


def _score(title: str, query: str) -> float:
    if query in title:
        return 400.0 - len(title)
    if all(word in title for word in query.split()):
        return 200.0 - len(title)
    return float(fuzz.partial_ratio(query, title))


class Palette(QDialog):
    """Type, arrow keys, Enter. Escape leaves."""

    def __init__(self, commands: Commands, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._commands = commands
        self.setAccessibleName("All commands")
        self.query = QLineEdit(placeholderText="What do you want to do?")
        self.query.setAccessibleName("Search commands")
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setRootIsDecorated(False)
        self.list.setHeaderHidden(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.addWidget(self.query)
        layout.addWidget(self.list)
        self.query.textChanged.connect(self._fill)
        self.query.returnPressed.connect(self.run_current)
        self.query.installEventFilter(self)
        self.list.itemClicked.connect(lambda _item, _column: self.run_current())

    def open_over(self, window: QWidget) -> None:
        """Show the palette in the upper middle of the window."""
        self.query.clear()
        self._fill("")
        self.resize(min(520, window.width() - 2 * GRID), min(420, window.height() - 8 * GRID))
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 6 * GRID)
        self.show()
        self.query.setFocus()

    def run_current(self) -> None:
        """Close, then do what is marked."""
        if (item := self.list.currentItem()) is not None:
            self.close()
            self._commands.action(item.data(0, Qt.ItemDataRole.UserRole)).trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step:
                self._step(step)
                return True
        return super().eventFilter(watched, event)

    def _fill(self, query: str) -> None:
        self.list.clear()
        for command in ranked(self._commands.all, query):
            if self._commands.enabled(command.id):
                keys = QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
                item = QTreeWidgetItem([command.title, keys])
                item.setData(0, Qt.ItemDataRole.UserRole, command.id)
                self.list.addTopLevelItem(item)
        self._mark(0)

    def _step(self, step: int) -> None:
        count = self.list.topLevelItemCount()
        item = self.list.currentItem()
        if count and item is not None:
            self._mark((self.list.indexOfTopLevelItem(item) + step) % count)

    def _mark(self, row: int) -> None:
        if (item := self.list.topLevelItem(row)) is not None:
            self.list.setCurrentItem(item)
