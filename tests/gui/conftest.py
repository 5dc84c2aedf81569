"""A window on a session in memory, with settings of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import FakeSession
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from inspector.gui.app import application, make_window
from inspector.gui.jobs import Jobs
from inspector.gui.remember import Memory
from inspector.gui.state import AppState
from inspector.gui.theme import Theme
from inspector.gui.window import MainWindow


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """Settings that end with the test."""
    return Memory(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def state(qtbot: QtBot, session: FakeSession) -> Iterator[AppState]:
    """State on the fake session, nothing opened."""
    made = AppState(session, Jobs())
    yield made
    made.jobs.close()


@pytest.fixture
def theme(qtbot: QtBot) -> Theme:
    return Theme("light")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two files that the fake session opens."""
    paths = tmp_path / "model.h5", tmp_path / "model.pb"
    for path in paths:
        path.write_bytes(b"x")
    return paths


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession, memory: Memory) -> Iterator[MainWindow]:
    """The window, shown, with nothing open."""
    application()
    made = make_window(session, memory, "light")
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


@pytest.fixture
def matched(qtbot: QtBot, window: MainWindow, files: tuple[Path, Path]) -> MainWindow:
    """The window with both files open and matched."""
    window.files.open_pair(*files)
    qtbot.waitUntil(lambda: window.state.assignment is not None)
    qtbot.waitUntil(lambda: not window.state.jobs.busy)
    return window


@pytest.fixture
def compared(qtbot: QtBot, matched: MainWindow) -> MainWindow:
    """The window after a run."""
    matched.commands.action("run").trigger()
    qtbot.waitUntil(lambda: matched.state.comparison is not None)
    qtbot.waitUntil(lambda: not matched.state.jobs.busy)
    return matched
