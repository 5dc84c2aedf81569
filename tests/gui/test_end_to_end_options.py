"""The options of a side on the real thing: real files, readers and runners, set in the real window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from inspector.gui.app import application, make_window
from inspector.gui.remember import Memory
from inspector.gui.window import MainWindow
from inspector.session.session import Session
from inspector.session.store import Store

pytestmark = [pytest.mark.framework, pytest.mark.window]
LONG = 150_000  # milliseconds; TensorFlow is imported anew for each change of a side's options
LEFT = Qt.MouseButton.LeftButton
CHECK = QPoint(8, 10)  # within the box of a check box
SET = ["1 thread", "oneDNN off", "float64"]


def new_window(qtbot: QtBot, folder: Path) -> MainWindow:
    """A window that remembers what another one on the same folder kept."""
    application()
    memory = Memory(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    made = make_window(Session(store=Store(folder / "state")), memory, "light")
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


def open_pair(qtbot: QtBot, window: MainWindow, a: Path, b: Path) -> None:
    window.files.open_pair(a, b)
    qtbot.waitUntil(lambda: window.state.assignment is not None, timeout=LONG)


def run(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    panel = window.results.error
    qtbot.waitUntil(
        lambda: window.state.comparison is not None or window.results.currentWidget() is panel, timeout=LONG
    )


def test_options_are_set_run_with_and_there_again(qtbot: QtBot, tmp_path: Path, demo) -> None:
    window = new_window(qtbot, tmp_path)
    open_pair(qtbot, window, demo.h5, demo.pb)
    qtbot.mouseClick(window.sides["a"].options.button, LEFT)
    panel = window.options.panels["a"]
    qtbot.waitUntil(lambda: not panel.environment.confinement.text().endswith("has started."), timeout=LONG)
    assert panel.environment.confinement.text().startswith(("Confinement: Landlock", "Confinement: none"))
    qtbot.waitUntil(lambda: " · TensorFlow 2." in panel.environment.items[0].choose.text(), timeout=LONG)
    threads = panel.run.numbers["threads"]
    threads.setFocus()
    threads.selectAll()
    QTest.keyClicks(threads, "1")
    QTest.keyClick(threads, Qt.Key.Key_Return)
    qtbot.mouseClick(panel.run.switches["float64"], LEFT, pos=CHECK)
    panel.run.onednn.setFocus()
    QTest.keyClicks(panel.run.onednn, "off")
    qtbot.waitUntil(lambda: not window.state.jobs.busy and window.state.assignment is not None, timeout=LONG)
    assert window.sides["a"].options.texts() == SET
    QTest.keyClick(panel.run.onednn, Qt.Key.Key_Escape)
    run(qtbot, window)
    comparison = window.state.comparison
    assert comparison.verdict in ("same", "within-noise")
    assert set(comparison.a.environment["options"].split(", ")) == {"threads=1", "onednn=off", "float64=on"}
    assert "options" not in comparison.b.environment
    window.close()

    again = new_window(qtbot, tmp_path)
    open_pair(qtbot, again, demo.h5, demo.pb)
    assert again.sides["a"].options.texts() == SET
    assert again.sides["b"].options.texts() == []
    again.close()
