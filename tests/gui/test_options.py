"""The options of a side as a person sets them: the popover, the button, the chips, what follows of a change."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import FakeSession
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from inspector.domain.files import Side
from inspector.domain.options import SideOptions
from inspector.gui.options.panel import OptionsPanel
from inspector.gui.window import MainWindow

LEFT = Qt.MouseButton.LeftButton
CHECK = QPoint(8, 10)  # within the box of a check box


def open_as(qtbot: QtBot, window: MainWindow, side: Side, path: Path) -> None:
    window.files.open(side, path)
    qtbot.waitUntil(lambda: window.state.files[side] is not None and window.state.files[side].path == str(path))
    settled(qtbot, window)


def settled(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.state.jobs.busy)


def opened(qtbot: QtBot, window: MainWindow, side: Side) -> OptionsPanel:
    """The options of a side, opened by a click on what is in force."""
    qtbot.mouseClick(window.sides[side].options.button, LEFT)
    settled(qtbot, window)
    return window.options.panels[side]


def test_the_button_says_what_is_in_force(qtbot: QtBot, matched: MainWindow, tmp_path: Path) -> None:
    bar = matched.sides["a"].options
    assert (bar.button.raw, bar.button.accessibleName()) == ("Our Python", "Options of A: Our Python")
    folder = tmp_path / "saved"
    folder.mkdir()
    open_as(qtbot, matched, "a", folder)
    assert bar.button.raw == "Our Python · serving_default"
    assert bar.texts() == []


def test_without_a_file_there_is_nothing_to_choose(window: MainWindow) -> None:
    assert not window.sides["a"].options.button.isVisible()
    assert not window.commands.enabled("options-a")
    window.options.toggle("a")
    assert not any(popover.isVisible() for popover in window.options.popovers.values())


def test_choices_of_the_file_reach_the_session_and_open_it_anew(
    qtbot: QtBot, matched: MainWindow, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    open_as(qtbot, matched, "b", folder)
    panel = opened(qtbot, matched, "b")
    box = panel.choices.boxes["signature"]
    assert [box.itemText(i) for i in range(box.count())] == ["serving_default", "train"]
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: matched.state.session.options("b").choices == {"signature": "train"})
    settled(qtbot, matched)
    assert matched.sides["b"].options.button.raw == "Our Python · train"
    assert matched.state.files["b"].choices[0].chosen == "train"
    assert matched.state.assignment is not None, "matched again"


def test_a_backend_is_chosen_and_no_python(qtbot: QtBot, matched: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text("{}")
    open_as(qtbot, matched, "b", path)
    panel = opened(qtbot, matched, "b")
    assert matched.sides["b"].options.button.raw == "webgl"
    assert not panel.environment.isVisible()
    shown = {name for name, box in panel.run.numbers.items() if box.isVisible()}
    shown |= {name for name, check in panel.run.switches.items() if check.isVisible()}
    assert shown == {"batch", "twice"}
    assert not panel.run.onednn.isVisible()
    assert not panel.code.isVisible()


def test_run_options_of_a_graph(qtbot: QtBot, matched: MainWindow) -> None:
    panel = opened(qtbot, matched, "b")
    threads = panel.run.numbers["threads"]
    assert threads.text() == "default"
    threads.setFocus()
    threads.selectAll()
    QTest.keyClicks(threads, "2")
    QTest.keyClick(threads, Qt.Key.Key_Return)
    for name in ("xla", "optimise", "float64", "training", "twice"):
        qtbot.mouseClick(panel.run.switches[name], LEFT, pos=CHECK)
    panel.run.onednn.setFocus()
    for _ in range(2):
        QTest.keyClick(panel.run.onednn, Qt.Key.Key_Down)
    seed = panel.run.numbers["seed"]
    seed.setFocus()
    seed.selectAll()
    QTest.keyClicks(seed, "0")
    QTest.keyClick(seed, Qt.Key.Key_Return)
    settled(qtbot, matched)
    expected = SideOptions(
        threads=2, onednn=False, xla=True, optimise=False, float64=True, training=True, seed=0, twice=True
    )
    assert matched.state.session.options("b") == expected
    assert matched.state.session.options("a") == SideOptions()
    assert matched.sides["b"].options.texts() == [
        "2 threads", "oneDNN off", "XLA", "not optimised", "float64", "training mode", "run twice", "seed 0",
    ]  # fmt: skip
    qtbot.mouseClick(panel.reset, LEFT)
    settled(qtbot, matched)
    assert matched.state.session.options("b") == SideOptions()
    assert matched.sides["b"].options.texts() == []
    assert (threads.text(), seed.text()) == ("default", "none")


def test_quick_changes_are_made_as_one(qtbot: QtBot, matched: MainWindow) -> None:
    panel = opened(qtbot, matched, "a")
    for name in ("xla", "float64", "training"):
        qtbot.mouseClick(panel.run.switches[name], LEFT, pos=CHECK)
    settled(qtbot, matched)
    made = [call[2] for call in matched.state.session.calls if call[0] == "set_options"]
    assert made[-1] == SideOptions(xla=True, float64=True, training=True)
    assert len(made) <= 3


def test_other_options_make_the_result_untrue(qtbot: QtBot, compared: MainWindow) -> None:
    panel = opened(qtbot, compared, "a")
    qtbot.mouseClick(panel.run.switches["xla"], LEFT, pos=CHECK)
    assert compared.state.comparison is not None, "until the change is made"
    settled(qtbot, compared)
    assert compared.answer.outdated.raw.startswith("Out of date")
    assert compared.state.assignment is not None
    assert ("save_options", "a", SideOptions(xla=True)) in compared.state.session.calls
    assert compared.commands.enabled("run")


def test_a_change_stops_the_run_under_way(qtbot: QtBot, matched: MainWindow) -> None:
    matched.state.session.step = 5.0
    matched.commands.action("run").trigger()
    assert matched.work.known.running
    panel = opened_during_run(qtbot, matched)
    qtbot.mouseClick(panel.run.switches["xla"], LEFT, pos=CHECK)
    assert not matched.work.known.running
    settled(qtbot, matched)


def opened_during_run(qtbot: QtBot, window: MainWindow) -> OptionsPanel:
    qtbot.mouseClick(window.sides["a"].options.button, LEFT)
    return window.options.panels["a"]


def test_the_popover_is_reached_and_left_by_keyboard(qtbot: QtBot, matched: MainWindow) -> None:
    QTest.keyClick(matched, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    popover = matched.options.popovers["a"]
    assert popover.isVisible()
    settled(qtbot, matched)
    visited: list[QWidget] = []
    for _ in range(40):
        focus = QApplication.focusWidget()
        assert popover.isAncestorOf(focus)
        visited.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    panel = matched.options.panels["a"]
    reached = {
        panel.run.onednn,
        panel.run.switches["twice"],
        panel.code.trust,
        panel.environment.add,
        panel.close_button,
    }
    assert reached <= set(visited)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not popover.isVisible()
    assert matched.sides["a"].options.button.hasFocus()


def test_turning_elsewhere_closes_it(qtbot: QtBot, matched: MainWindow) -> None:
    opened(qtbot, matched, "a")
    popover = matched.options.popovers["a"]
    matched.commands.action("search").trigger()
    assert not popover.isVisible()
    opened(qtbot, matched, "a")
    qtbot.mouseClick(matched.answer, LEFT)
    assert not popover.isVisible()
    opened(qtbot, matched, "a")
    qtbot.mouseClick(matched.sides["a"].options.button, LEFT)
    assert not popover.isVisible()


@pytest.mark.parametrize("size", [(1000, 700), (1440, 900)])
@pytest.mark.parametrize("side", ["a", "b"])
def test_it_lies_within_the_window_and_nothing_is_cut_off(
    qtbot: QtBot, matched: MainWindow, size: tuple[int, int], side: Side
) -> None:
    matched.resize(*size)
    panel = opened(qtbot, matched, side)
    popover = matched.options.popovers[side]
    qtbot.waitUntil(lambda: matched.rect().contains(popover.geometry()))
    qtbot.waitUntil(lambda: panel.width() <= popover.area.viewport().width())
    assert matched.minimumSizeHint().width() <= 1000
    assert matched.minimumSizeHint().height() <= 700


def test_environments_are_added_shown_with_versions_chosen_and_removed(
    qtbot: QtBot, matched: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = opened(qtbot, matched, "a")
    rows = panel.environment
    qtbot.waitUntil(lambda: rows.items[0].choose.text() == "Our own · Python 3.11.7 · TensorFlow 2.21.0")
    pick(monkeypatch, "/envs/tf1/bin/python")
    qtbot.mouseClick(rows.add, LEFT)
    qtbot.waitUntil(lambda: matched.state.session.options("a").python == "/envs/tf1/bin/python")
    settled(qtbot, matched)
    added = rows.items[1]
    assert added.choose.text() == "Python 3.7.16 · TensorFlow 1.15.5"
    assert added.where.raw == "Keras 2.2.4 · /envs/tf1/bin/python"
    assert (added.choose.isChecked(), rows.items[0].choose.isChecked()) == (True, False)
    assert matched.sides["a"].options.button.raw == "Python 3.7.16 · TensorFlow 1.15.5"
    other = opened(qtbot, matched, "b")
    assert [item.path for item in other.environment.items] == ["", "/envs/tf1/bin/python"]
    assert other.environment.items[0].choose.isChecked()
    panel = opened(qtbot, matched, "a")
    qtbot.mouseClick(panel.environment.items[1].remove, LEFT)
    settled(qtbot, matched)
    qtbot.waitUntil(lambda: [item.path for item in panel.environment.items] == [""])
    assert matched.state.session.options("a").python == ""


def test_what_is_no_python_is_said_and_not_added(
    qtbot: QtBot, matched: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = opened(qtbot, matched, "a").environment
    pick(monkeypatch, "/bin/ls")
    qtbot.mouseClick(rows.add, LEFT)
    qtbot.waitUntil(lambda: rows.message.text().startswith("✕"))
    assert rows.message.text() == "✕  there is no such interpreter. Choose a Python interpreter."
    assert [item.path for item in rows.items] == [""]
    assert matched.state.session.options("a") == SideOptions()


def test_an_interpreter_that_is_gone_says_so_and_cannot_be_chosen(
    qtbot: QtBot, matched: MainWindow, session: FakeSession
) -> None:
    session.environments.added.append("/gone/bin/python")
    rows = opened(qtbot, matched, "a").environment
    qtbot.waitUntil(lambda: rows.items[1].choose.text() == "✕  there is no such interpreter")
    assert not rows.items[1].choose.isEnabled()


def test_the_confinement_in_force_is_on_the_screen(qtbot: QtBot, matched: MainWindow) -> None:
    rows = opened(qtbot, matched, "a").environment
    qtbot.waitUntil(
        lambda: (
            rows.confinement.text() == "Confinement: Landlock 6: writes only in its spill, starts no program, no TCP."
        )
    )
    assert rows.confinement.isVisible()


def test_options_of_the_last_time_are_taken_up(
    qtbot: QtBot, window: MainWindow, session: FakeSession, files: tuple[Path, Path]
) -> None:
    session.recalled = {"b": SideOptions(threads=3)}
    window.files.open_pair(*files)
    qtbot.waitUntil(lambda: window.sides["b"].options.texts() == ["3 threads"])


def test_another_file_has_neither_the_choices_nor_the_trust_of_the_last(
    qtbot: QtBot, matched: MainWindow, tmp_path: Path
) -> None:
    session = matched.state.session
    session.chosen["a"] = SideOptions(trust=True, choices={"signature": "train"}, threads=1)
    path = tmp_path / "other.h5"
    path.write_bytes(b"x")
    open_as(qtbot, matched, "a", path)
    assert session.options("a") == SideOptions(threads=1)
    assert matched.sides["a"].options.texts() == ["1 thread"]


def test_swapping_takes_the_options_along(qtbot: QtBot, matched: MainWindow) -> None:
    panel = opened(qtbot, matched, "a")
    qtbot.mouseClick(panel.run.switches["xla"], LEFT, pos=CHECK)
    settled(qtbot, matched)
    matched.commands.action("swap").trigger()
    qtbot.waitUntil(lambda: matched.sides["b"].options.texts() == ["XLA"])
    assert matched.sides["a"].options.texts() == []


def pick(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Whatever file dialog opens next, this is chosen in it."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (path, ""))
