"""Convert in the real window: a real file is written, proved, and opened as B."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from inspector.gui.app import application, make_window
from inspector.gui.remember import Memory
from inspector.gui.window import MainWindow
from inspector.session.session import Session
from inspector.session.store import Store

pytestmark = [pytest.mark.framework, pytest.mark.window]
LEFT = Qt.MouseButton.LeftButton
LONG = 150_000  # milliseconds; TensorFlow is imported twice


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    application()
    memory = Memory(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    made = make_window(Session(store=Store(tmp_path / "state")), memory, "light")
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def test_a_keras_file_becomes_a_frozen_graph_and_side_b(qtbot: QtBot, window: MainWindow, demo, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    path = Path(shutil.copy(demo.h5, folder / "digits.h5"))
    window.files.open("a", path)
    qtbot.waitUntil(lambda: window.state.files["a"] is not None, timeout=LONG)
    qtbot.mouseClick(window.sides["a"].convert, LEFT)
    panel = window.converting.panels["a"]
    qtbot.waitUntil(lambda: "optimizer" in panel.losses.text(), timeout=LONG)
    assert window.rect().contains(window.converting.popovers["a"].geometry())
    qtbot.mouseClick(panel.go, LEFT)
    qtbot.waitUntil(panel.answer.isVisible, timeout=LONG)
    assert panel.answer.text() == "✓  digits.pb computes the same."
    names = {file.name for file in folder.iterdir()}
    assert names == {"digits.h5", "digits.pb", "digits.pb.txt", "digits.pb.report.html", "digits.pb.report.json"}
    qtbot.mouseClick(panel.open_button, LEFT)
    qtbot.waitUntil(lambda: window.state.assignment is not None, timeout=LONG)
    paired = {match.a: match.tensor_b for match in window.state.assignment.matches}
    assert str(paired["bn2"]).startswith("bn2/")
