"""The window as a person uses it: run, stop, errors, keys, what is remembered, closing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from fakes import FakeSession
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from inspector.domain.errors import InspectorError
from inspector.gui.answer import in_two
from inspector.gui.app import make_window
from inspector.gui.remember import Memory
from inspector.gui.theme import DARK, LIGHT
from inspector.gui.window import MainWindow


def test_the_empty_window_invites(window: MainWindow) -> None:
    texts = [label.text() for label in window.empty.findChildren(QLabel) if label.isVisible()]
    assert "Drop a model file or folder here" in texts
    assert "Drop what was made of it here" in texts
    assert window.empty.demo.isVisible()
    assert not window.empty.recent.isVisible()
    assert not window.commands.enabled("run")


def test_recent_pairs_are_offered_and_open(
    qtbot: QtBot, memory: Memory, files: tuple[Path, Path], session: FakeSession
) -> None:
    session.recent = lambda: [tuple(map(str, files))]
    window = make_window(session, memory, "light")
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.empty.recent.count() == 1)
    item = window.empty.recent.item(0)
    assert item.text() == "model.h5   and   model.pb"
    place = window.empty.recent.visualItemRect(item).center()
    qtbot.mouseClick(window.empty.recent.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: window.state.assignment is not None)


def test_run_shows_the_answer_as_the_largest_text(qtbot: QtBot, compared: MainWindow) -> None:
    banner = compared.answer
    assert banner.sentence.text().startswith("B differs from bn_2 on: this layer alone introduces 2.4e-2")
    assert (banner.mark.text(), banner.mark.toolTip()) == ("≠", "different")
    assert banner.detail.text().startswith("different  ·  input random:0")
    assert banner.sentence.fontInfo().pointSizeF() > compared.status.fontInfo().pointSizeF()
    assert compared.status.raw == compared.state.comparison.sentence


def test_a_long_answer_is_large_to_its_semicolon() -> None:
    short = "B differs from bn2 on; the rest is the same."
    assert in_two(short) == (short, "")
    first = "B differs from " + "x" * 100 + " on"
    assert in_two(f"{first}; 3 others do not.") == (f"{first}.", "3 others do not")


def test_run_pressed_twice_is_one_run(qtbot: QtBot, matched: MainWindow) -> None:
    matched.state.session.step = 0.02
    matched.commands.action("run").trigger()
    matched.work.run()
    assert not matched.commands.enabled("run")
    qtbot.waitUntil(lambda: matched.state.comparison is not None)
    assert matched.state.session.runs == 1


def test_escape_stops_a_run_and_the_rest_stays(qtbot: QtBot, matched: MainWindow) -> None:
    matched.state.session.step = 5.0
    matched.commands.action("run").trigger()
    qtbot.waitUntil(lambda: matched.answer.progress.isVisible() and matched.answer.progress.maximum() == 10)
    assert matched.answer.stop.isVisible()
    QTest.keyClick(matched.sides["a"].tree, Qt.Key.Key_Escape)
    assert not matched.answer.progress.isVisible()
    assert matched.commands.enabled("run")
    assert matched.state.assignment is not None
    assert matched.status.raw == "Stopped. The files and the matches are still here."
    qtbot.waitUntil(lambda: ("stop",) in matched.state.session.calls)
    assert matched.state.comparison is None


def test_a_failed_run_is_a_panel_where_its_result_would_have_been(qtbot: QtBot, matched: MainWindow) -> None:
    session = matched.state.session
    session.fail_compare = InspectorError(
        "WORKER_KILLED", "the runner of A ended (SIGKILL)", where="process 7", todo="Run again."
    )
    matched.commands.action("run").trigger()
    panel = matched.results.error
    qtbot.waitUntil(lambda: matched.results.currentWidget() is panel)
    assert panel.what.text() == "✕  The runner of A ended (SIGKILL)"
    assert (panel.where.raw, panel.todo.text(), panel.code.text()) == ("process 7", "Run again.", "WORKER_KILLED")
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == ("WORKER_KILLED: the runner of A ended (SIGKILL) [process 7]. Run again.")
    session.fail_compare = None
    qtbot.mouseClick(panel.retry_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: matched.state.comparison is not None)
    assert matched.results.currentWidget() is matched.results.tabs


def test_a_file_that_fails_leaves_the_other_work_alone(qtbot: QtBot, compared: MainWindow, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.txt"
    wrong.write_text("hello")
    compared.files.open("b", wrong)
    panel = compared.sides["b"]
    qtbot.waitUntil(panel.notice.isVisible)
    assert panel.notice.error.code == "NOT_A_MODEL"
    assert compared.state.comparison is not None
    qtbot.mouseClick(panel.notice.dismiss_button, Qt.MouseButton.LeftButton)
    assert panel.body.currentWidget() is panel.tree
    assert panel.title.raw == "model.pb"


def test_opening_while_loading_keeps_the_last_one(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], tmp_path: Path
) -> None:
    names = [tmp_path / f"m{i}.h5" for i in range(20)]
    for name in names:
        name.write_bytes(b"x")
        window.work.open("a", name)
    qtbot.waitUntil(lambda: window.state.files["a"] is not None)
    qtbot.waitUntil(lambda: not window.state.jobs.busy)
    assert window.sides["a"].title.raw == "m19.h5"


def test_swap_and_close(qtbot: QtBot, matched: MainWindow) -> None:
    matched.commands.action("swap").trigger()
    qtbot.waitUntil(lambda: matched.sides["a"].title.raw == "model.pb")
    qtbot.waitUntil(lambda: matched.state.assignment is not None)
    matched.commands.action("close-b").trigger()
    assert matched.sides["b"].title.raw == "no file"
    assert matched.answer.sentence.text() == "Open B to compare it with model.pb."


def test_f6_goes_round_all_panels(matched: MainWindow) -> None:
    matched.sides["a"].tree.setFocus()
    visited = []
    for _ in range(5):
        visited.append(matched.ring.current())
        matched.commands.action("next-panel").trigger()
    assert visited == [1, 2, 3, 4, 0]
    assert matched.ring.current() == 1
    matched.commands.action("previous-panel").trigger()
    assert matched.ring.current() == 0


def test_ctrl_f_searches_where_the_keyboard_is(matched: MainWindow) -> None:
    matched.sides["b"].tree.setFocus()
    matched.commands.action("search").trigger()
    assert matched.sides["b"].search.hasFocus()


def test_ctrl_k_runs_what_is_typed(qtbot: QtBot, matched: MainWindow) -> None:
    matched.show_palette()
    palette = matched.palette_box
    qtbot.waitUntil(palette.isVisible)
    qtbot.keyClicks(palette.query, "dark")
    assert palette.list.currentItem().text(0) == "Dark colours"
    qtbot.keyClick(palette.query, Qt.Key.Key_Return)
    assert matched.theme.colours is DARK
    assert not palette.isVisible()
    matched.set_mode("light")
    assert matched.theme.colours is LIGHT


def test_the_palette_offers_only_what_can_be_done(qtbot: QtBot, window: MainWindow) -> None:
    window.show_palette()
    items = window.palette_box.list
    titles = [items.topLevelItem(row).text(0) for row in range(items.topLevelItemCount())]
    window.palette_box.close()
    assert "Open A…" in titles
    assert "Run" not in titles


def test_every_command_has_one_shortcut_and_everything_has_a_name(matched: MainWindow) -> None:
    shortcuts = {command.id: command.shortcut for command in matched.commands.all if command.shortcut}
    expected = {
        "open-a": "Ctrl+O", "open-b": "Ctrl+Shift+O", "search": "Ctrl+F", "run": "Ctrl+R", "stop": "Esc",
        "next-panel": "F6", "palette": "Ctrl+K", "copy-name": "Ctrl+C",
    }  # fmt: skip
    assert expected.items() <= shortcuts.items()
    nameless = [view for view in matched.findChildren(QAbstractItemView) if needs_name(view)]
    assert nameless == []


def needs_name(view: QWidget) -> bool:
    """Whether a view that can be reached by keyboard has no accessible name."""
    return view.isVisible() and view.focusPolicy() != Qt.FocusPolicy.NoFocus and not view.accessibleName()


def test_sizes_and_the_look_are_remembered(
    qtbot: QtBot, matched: MainWindow, memory: Memory, session: FakeSession
) -> None:
    matched.resize(1111, 777)
    matched.columns.setSizes([400, 300, 400])
    matched.set_mode("dark")
    sizes = matched.columns.sizes()
    matched.close()
    again = make_window(FakeSession(), memory)
    qtbot.addWidget(again)
    again.show()
    assert (again.width(), again.height()) == (1111, 777)
    again.pages.setCurrentWidget(again.workspace)
    assert [abs(new - old) <= 40 for new, old in zip(again.columns.sizes(), sizes, strict=True)] == [True] * 3
    assert again.theme.colours is DARK


def test_closing_during_a_run_ends_it(qtbot: QtBot, matched: MainWindow) -> None:
    session = matched.state.session
    session.step = 30.0
    matched.commands.action("run").trigger()
    qtbot.waitUntil(lambda: session.runs == 1)
    matched.close()
    assert session.closed
    assert not matched.isVisible()


@pytest.mark.parametrize("size", [(1000, 700), (1920, 1080)])
def test_the_window_fits_its_size(qtbot: QtBot, compared: MainWindow, size: tuple[int, int]) -> None:
    compared.resize(*size)
    qtbot.waitUntil(lambda: (compared.width(), compared.height()) == size)
    assert compared.minimumSizeHint().width() <= 1000
    assert compared.minimumSizeHint().height() <= 700


def test_the_gui_thread_is_free_while_a_side_is_slow(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path]
) -> None:
    """The session blocks for half a second; the window goes on handling events meanwhile."""
    session = window.state.session
    plain_open = session.open
    session.open = lambda *what: (time.sleep(0.5), plain_open(*what))[1]
    window.files.open("a", files[0])
    ticks = 0
    while window.state.files["a"] is None:
        qtbot.wait(10)
        ticks += 1
    assert ticks > 10


def test_report_is_written_where_it_can_be(qtbot: QtBot, compared: MainWindow, tmp_path: Path) -> None:
    compared.files.write_report(str(tmp_path / "report.json"))
    qtbot.waitUntil((tmp_path / "report.json").exists)
    qtbot.waitUntil(lambda: "The report is saved" in compared.status.raw)


def test_another_place_is_asked_for_when_a_report_cannot_be_written(
    qtbot: QtBot, compared: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(compared.files, "save_report", lambda: asked.append(True))
    compared.files.write_report(str(tmp_path / "nowhere" / "report.html"))
    qtbot.waitUntil(lambda: asked == [True])
    assert compared.status.raw.startswith("CANNOT_WRITE: the report cannot be written")
