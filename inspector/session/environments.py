"""The Python interpreters that a person added: kept in the session file, looked into when they are asked for."""

from __future__ import annotations

import sys

from inspector.session.store import Store
from inspector.workers.environments import Environment, inspect_python

__all__ = ["Environment", "Environments"]


class Environments:
    """Blocking; any thread may call."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def paths(self) -> tuple[str, ...]:
        """The interpreters that were added, in that order."""
        return self._store.environments()

    def inspect(self, path: str) -> Environment:
        """What an interpreter has; an empty path is our own. Raises InspectorError: NOT_A_PYTHON,
        PYTHON_TOO_OLD, FRAMEWORK_MISSING."""
        return inspect_python(path or sys.executable)

    def add(self, path: str) -> Environment:
        """Look into an interpreter and keep it. Raises as `inspect` does; it is not kept then."""
        found = inspect_python(path)
        self._store.add_environment(found.path)
        return found

    def forget(self, path: str) -> None:
        """Take an interpreter off the list."""
        self._store.forget_environment(path)
