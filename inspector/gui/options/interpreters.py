"""The Python interpreters that can be chosen, and what each has: looked into once, told to both sides."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from inspector.domain.errors import InspectorError
from inspector.gui.state import AppState
from inspector.session.environments import Environment

OWN = ""  # the path that stands for our own interpreter


class Interpreters(QObject):
    """`known` holds what an interpreter has, or why it cannot be used; None while it is looked into.

    `changed` after each change, `refused` with the error when one could not be added, `added` with the path."""

    changed = Signal()
    refused = Signal(object)
    added = Signal(str)

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.known: dict[str, Environment | InspectorError | None] = {}

    def paths(self, chosen: str = OWN) -> list[str]:
        """Our own first, then those that were added, and the one that is chosen wherever it comes from."""
        return list(dict.fromkeys((OWN, *self._state.session.environments.paths(), chosen)))

    def environment(self, path: str) -> Environment | None:
        """What an interpreter has, None when that is not known."""
        found = self.known.get(path)
        return found if isinstance(found, Environment) else None

    def look(self, *paths: str) -> None:
        """Look into those that were not looked into yet."""
        environments = self._state.session.environments
        for path in paths:
            if path not in self.known:
                self.known[path] = None
                know = partial(self._know, path)
                self._state.jobs.run(partial(environments.inspect, path), know, know, key=f"interpreter-{path}")

    def add(self, path: str) -> None:
        """Look into an interpreter and put it on the list, if it can be used."""
        session = self._state.session
        self._state.jobs.run(lambda: session.environments.add(path), self._added, self.refused.emit, key="interpreter")

    def forget(self, path: str) -> None:
        """Take an interpreter off the list."""
        session = self._state.session
        self._state.jobs.run(
            lambda: session.environments.forget(path), lambda _nothing: self.changed.emit(), key="forget-interpreter"
        )

    def _added(self, found: Environment) -> None:
        self._know(found.path, found)
        self.added.emit(found.path)

    def _know(self, path: str, found: Environment | InspectorError) -> None:
        self.known[path] = found
        self.changed.emit()
