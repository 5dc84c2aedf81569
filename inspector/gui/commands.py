"""A command is a value: id, title, shortcut, when it is enabled, what it does.

Menus, toolbar buttons and the palette are all made from the same list, so nothing can be reached in one
way only and a shortcut is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolButton, QWidget

from inspector.gui.snapshot import Snapshot


def always(_snapshot: Snapshot) -> bool:
    """A command that is never greyed out."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`menu` names the menu it stands in (empty: palette only); `hint` is said in its tool tip."""

    id: str
    title: str
    callback: Callable[[], object]
    shortcut: str = ""
    menu: str = ""
    hint: str = ""
    enabled: Callable[[Snapshot], bool] = always


class Commands:
    """The window's commands as actions. Raises ValueError for an id or a shortcut that stands twice."""

    def __init__(self, owner: QWidget, commands: Iterable[Command]) -> None:
        self.all = tuple(commands)
        self._owner = owner
        self._actions: dict[str, QAction] = {}
        shortcuts = [command.shortcut for command in self.all if command.shortcut]
        ids = [command.id for command in self.all]
        if len(set(shortcuts)) < len(shortcuts) or len(set(ids)) < len(ids):
            raise ValueError("a command's id or shortcut stands twice")
        for command in self.all:
            self._actions[command.id] = self._action(command)

    def action(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def enabled(self, command_id: str) -> bool:
        return self._actions[command_id].isEnabled()

    def refresh(self, snapshot: Snapshot) -> None:
        """Grey out what cannot be done now."""
        for command in self.all:
            self._actions[command.id].setEnabled(command.enabled(snapshot))

    def fill(self, bar: QMenuBar) -> None:
        """Put every command with a menu into its menu, in the order of the list."""
        menus: dict[str, QMenu] = {}
        for command in self.all:
            if command.menu:
                menu = menus.get(command.menu) or menus.setdefault(command.menu, bar.addMenu(command.menu))
                menu.addAction(self._actions[command.id])

    def button(self, command_id: str, *, text: str = "", primary: bool = False, narrow: bool = False) -> QToolButton:
        """A toolbar button for a command; `text` instead of its title where space is short."""
        action = self._actions[command_id]
        button = QToolButton()
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setAccessibleName(action.text())
        if text:
            action.setIconText(text)
        button.setProperty("primary", primary)
        button.setProperty("narrow", narrow)
        return button

    def _action(self, command: Command) -> QAction:
        action = QAction(command.title, self._owner)
        action.setObjectName(command.id)
        keys = QKeySequence(command.shortcut) if command.shortcut else None
        if keys is not None:
            action.setShortcut(keys)
        shown = f" ({keys.toString(QKeySequence.SequenceFormat.NativeText)})" if keys else ""
        action.setToolTip(f"{command.hint or command.title}{shown}")
        action.triggered.connect(lambda _checked=False: command.callback())
        self._owner.addAction(action)
        return action
