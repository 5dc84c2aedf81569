"""Code that a side may run: consent in words, the fingerprint, trust for one file, architectures."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from fakes import FakeSession
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from inspector.domain.errors import InspectorError
from inspector.domain.files import Side
from inspector.domain.options import SideOptions
from inspector.gui.options.consent import where_it_runs
from inspector.gui.options.panel import OptionsPanel
from inspector.gui.window import MainWindow

LEFT = Qt.MouseButton.LeftButton
CHECK = QPoint(8, 10)  # within the box of a check box


@pytest.fixture
def layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with custom layers, chosen in whatever file dialog opens."""
    path = tmp_path / "layers.py"
    path.write_text("class Mine: ...\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
    return path


@pytest.fixture
def weights(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> MainWindow:
    """The window with weights alone on A and a graph on B."""
    paths = tmp_path / "weights.hdf5", tmp_path / "model.pb"
    for path in paths:
        path.write_bytes(b"x")
    window.files.open_pair(*paths)
    qtbot.waitUntil(lambda: window.state.assignment is not None)
    settled(qtbot, window)
    return window


def settled(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.state.jobs.busy)


def opened(qtbot: QtBot, window: MainWindow, side: Side) -> OptionsPanel:
    qtbot.mouseClick(window.sides[side].options.button, LEFT)
    settled(qtbot, window)
    return window.options.panels[side]


def test_custom_layers_are_run_only_with_consent(qtbot: QtBot, matched: MainWindow, layers: Path) -> None:
    code = opened(qtbot, matched, "a").code
    session = matched.state.session
    qtbot.mouseClick(code.choose, LEFT)
    qtbot.waitUntil(code.consent.agree.isEnabled)
    digest = hashlib.sha256(b"class Mine: ...\n").hexdigest()
    assert code.consent.path.raw == str(layers)
    assert code.consent.digest.text() == f"SHA-256 {digest[:12]}…"
    assert code.consent.meaning.text() == (
        "This file's code will be run, confined to the process of side A. "
        "Landlock 6: writes only in its spill, starts no program, no TCP."
    )
    qtbot.mouseClick(code.consent.cancel, LEFT)
    assert not code.consent.isVisible()
    assert session.options("a") == SideOptions()

    qtbot.mouseClick(code.choose, LEFT)
    qtbot.waitUntil(code.consent.agree.isEnabled)
    qtbot.mouseClick(code.consent.agree, LEFT)
    settled(qtbot, matched)
    assert session.options("a") == SideOptions(custom=str(layers))
    assert session.options("b") == SideOptions()
    assert code.path.raw == str(layers)
    qtbot.waitUntil(lambda: code.digest.text() == f"SHA-256 {digest[:12]}…")
    assert matched.sides["a"].options.texts() == ["custom layers"]
    qtbot.mouseClick(code.drop, LEFT)
    settled(qtbot, matched)
    assert session.options("a") == SideOptions()


def test_a_file_that_is_gone_cannot_be_agreed_to(qtbot: QtBot, matched: MainWindow, layers: Path) -> None:
    code = opened(qtbot, matched, "a").code
    layers.unlink()
    qtbot.mouseClick(code.choose, LEFT)
    qtbot.waitUntil(lambda: code.consent.digest.text().startswith("✕  this file cannot be read"))
    assert not code.consent.agree.isEnabled()


def test_where_nothing_confines_that_is_said() -> None:
    said = where_it_runs("b", "none: this system has no Landlock")
    assert said.endswith("It is not confined (none: this system has no Landlock): it can do what you can do.")
    assert "side B" in where_it_runs("b", "")


def test_a_refused_file_is_trusted_and_run_on_its_side_only(qtbot: QtBot, matched: MainWindow) -> None:
    session: FakeSession = matched.state.session
    path = matched.state.files["b"].path
    session.fail_compare = InspectorError(
        "CONTAINS_CODE", "program code in Lambda layers: scale", where=path, todo="If you trust its author, trust it."
    )
    matched.commands.action("run").trigger()
    panel = matched.results.error
    qtbot.waitUntil(lambda: matched.results.currentWidget() is panel)
    assert panel.trust_button.isVisible()
    assert panel.trust_button.text() == "Trust this file and run"
    session.fail_compare = None
    qtbot.mouseClick(panel.trust_button, LEFT)
    qtbot.waitUntil(lambda: matched.state.comparison is not None)
    assert session.options("b") == SideOptions(trust=True)
    assert session.options("a") == SideOptions()
    assert matched.sides["b"].options.texts() == ["trusted"]
    assert matched.results.currentWidget() is matched.results.tabs


def test_other_errors_offer_no_trust(qtbot: QtBot, matched: MainWindow) -> None:
    matched.state.session.fail_compare = InspectorError("RUN_FAILED", "it failed")
    matched.commands.action("run").trigger()
    qtbot.waitUntil(lambda: matched.results.currentWidget() is matched.results.error)
    assert not matched.results.error.trust_button.isVisible()


def test_trust_is_taken_back_in_the_options(qtbot: QtBot, matched: MainWindow) -> None:
    code = opened(qtbot, matched, "a").code
    qtbot.mouseClick(code.trust, LEFT, pos=CHECK)
    settled(qtbot, matched)
    assert matched.state.session.options("a").trust
    qtbot.mouseClick(code.trust, LEFT, pos=CHECK)
    settled(qtbot, matched)
    assert matched.state.session.options("a") == SideOptions()


def test_weights_alone_stand_in_the_other_sides_graph(qtbot: QtBot, weights: MainWindow) -> None:
    panel = weights.sides["a"]
    assert panel.options.button.raw == "Our Python · architecture of B"
    assert panel.facts.raw == "Runs as the graph of B with the weights of this file"
    assert weights.commands.enabled("run")
    weights.commands.action("close-b").trigger()
    assert panel.cannot_run.isVisible()
    assert panel.cannot_run.raw == "Cannot run: Keras weights"
    assert panel.options.button.raw == "Our Python · no architecture"


def test_an_architecture_is_typed(qtbot: QtBot, weights: MainWindow) -> None:
    box = opened(qtbot, weights, "a").choices.boxes["architecture"]
    box.setFocus()
    QTest.keyClicks(box.lineEdit(), "keras.applications:ResNet50")
    QTest.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    settled(qtbot, weights)
    assert weights.state.session.options("a").choices == {"architecture": "keras.applications:ResNet50"}
    assert weights.sides["a"].options.button.raw == "Our Python · ResNet50"


def test_the_other_sides_graph_is_chosen_in_words(qtbot: QtBot, weights: MainWindow) -> None:
    box = opened(qtbot, weights, "a").choices.boxes["architecture"]
    assert box.itemText(1) == "from the graph of B"
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    settled(qtbot, weights)
    assert weights.state.session.options("a").choices == {"architecture": "graph"}
    assert box.currentText() == "from the graph of B"


def test_an_architecture_that_is_none_is_said_in_its_place(qtbot: QtBot, weights: MainWindow) -> None:
    panel = opened(qtbot, weights, "a")
    line = panel.choices.boxes["architecture"].lineEdit()
    QTest.keyClicks(line, "nowhere.json")
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.error.isVisible)
    assert panel.error.text() == "✕  there is no architecture nowhere.json. Name a file."
    assert weights.state.session.options("a").choices == {}


def test_an_architecture_that_is_code_asks_for_consent(qtbot: QtBot, weights: MainWindow, layers: Path) -> None:
    panel = opened(qtbot, weights, "a")
    rows = panel.choices
    rows.browse()
    line = rows.boxes["architecture"].lineEdit()
    assert line.text() == f"{layers}:"
    assert line.hasFocus() or rows.boxes["architecture"].hasFocus()
    QTest.keyClicks(line, "build")
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(rows.consent.agree.isEnabled)
    assert weights.state.session.options("a").choices == {}
    qtbot.mouseClick(rows.consent.agree, LEFT)
    settled(qtbot, weights)
    assert weights.state.session.options("a").choices == {"architecture": f"{layers}:build"}


def test_an_error_of_a_sides_file_leads_to_its_options(qtbot: QtBot, matched: MainWindow) -> None:
    path = matched.state.files["b"].path
    matched.state.session.fail_compare = InspectorError("UNKNOWN_CLASS", "class Mine is not known", where=path)
    matched.commands.action("run").trigger()
    panel = matched.results.error
    qtbot.waitUntil(lambda: matched.results.currentWidget() is panel)
    assert (panel.options_button.isVisible(), panel.options_button.text()) == (True, "Options of B")
    qtbot.mouseClick(panel.options_button, LEFT)
    assert matched.options.popovers["b"].isVisible()
