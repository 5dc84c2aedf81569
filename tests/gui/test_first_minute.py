"""The first minute in the window: one file first, another pair over an open one, what is remembered, what is stale."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from dropping import drop_on, dropped
from fakes import FakeSession, FakeSettings, assignment
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from inspector.domain.files import Entry
from inspector.domain.options import SideOptions
from inspector.gui.app import _fill
from inspector.gui.results.cells import Column
from inspector.gui.window import MainWindow


def made(folder: Path, *names: str) -> list[Path]:
    """Files that the fake session opens."""
    for name in names:
        (folder / name).write_bytes(b"x")
    return [folder / name for name in names]


def settled(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until nothing is under way."""
    qtbot.waitUntil(lambda: not window.state.jobs.busy and not window.work.known.opening)


def typed(qtbot: QtBot, window: MainWindow, text: str, box: str = "spec") -> None:
    """Type a line into the input bar, and Enter."""
    line = getattr(window.input_bar, box).line
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


@pytest.mark.parametrize("by_drop", [True, False])
def test_one_file_first_and_b_invites(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], by_drop: bool
) -> None:
    if by_drop:
        drop_on(window, dropped(files[0]), 0.2)
    else:
        _fill(window, [str(files[0])], [])
    qtbot.waitUntil(lambda: window.state.files["a"] is not None)
    settled(qtbot, window)
    qtbot.wait(50)
    panel = window.sides["b"]
    assert panel.body.currentWidget() is panel.invitation
    assert "Drop one here" in panel.invitation.text()
    assert not panel.notice.isVisible()
    assert window.answer.sentence.text() == "Open B to compare it with model.h5."
    assert window.sides["a"].tree.model().rowCount() > 0
    window.work.close_side("a")
    settled(qtbot, window)
    assert window.sides["a"].body.currentWidget() is window.sides["a"].invitation


def test_another_pair_over_an_open_one_is_never_mixed(
    qtbot: QtBot, matched: MainWindow, tmp_path: Path, session: FakeSession
) -> None:
    new_a, new_b = made(tmp_path, "new.h5", "new.pb")
    plain_open, session.matched = session.open, []

    def slow_b(side: str, path: object, options: object = None) -> object:
        time.sleep(0.0 if side == "a" else 0.3)
        return plain_open(side, path, options)

    session.open = slow_b
    drop_on(matched, dropped(new_a, new_b))
    qtbot.waitUntil(lambda: matched.state.files["a"].path == str(new_a))
    assert not matched.commands.enabled("run"), "B is still being opened"
    qtbot.waitUntil(lambda: matched.state.assignment is not None and not matched.work.known.opening)
    settled(qtbot, matched)
    assert session.matched == [("new.h5", "new.pb")]
    assert (matched.sides["a"].title.raw, matched.sides["b"].title.raw) == ("new.h5", "new.pb")


def test_the_demo_over_an_open_pair_runs_on_its_own_input(
    qtbot: QtBot, matched: MainWindow, session: FakeSession
) -> None:
    typed(qtbot, matched, "ones")
    typed(qtbot, matched, "scale 1/255", "pipeline_a")
    settled(qtbot, matched)
    session.calls.clear()
    matched.commands.action("demo").trigger()
    qtbot.waitUntil(lambda: matched.state.comparison is not None)
    settled(qtbot, matched)
    assert session.matched[-1] == ("digits.h5", "digits_faulty.pb")
    assert matched.input_bar.spec.text().endswith("digits")
    assert matched.input_bar.pipeline_a.text() == ""
    given = next(call[1] for call in session.calls if call[0] == "recall_settings")
    assert {"inputs", "preprocess_a", "preprocess_b"} <= set(given)


def test_the_input_of_the_command_line_wins_over_what_is_remembered(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], session: FakeSession
) -> None:
    session.remembered = FakeSettings(inputs=("ones",), preprocess_b="bgr")
    _fill(window, [str(path) for path in files], ["random:0"])
    qtbot.waitUntil(lambda: window.state.comparison is not None)
    settled(qtbot, window)
    assert window.input_bar.spec.text() == "random:0"
    assert session.settings == FakeSettings(inputs=("random:0",), preprocess_b="bgr")
    assert window.input_bar.pipeline_b.text() == "bgr"


def test_what_a_pair_brings_is_said(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], session: FakeSession
) -> None:
    session.remembered = FakeSettings(inputs=("ones",), preprocess_b="bgr")
    drop_on(window, dropped(*files))
    qtbot.waitUntil(lambda: window.state.assignment is not None)
    assert window.status.raw == (
        "18 of 18 layers matched. With this pair the input is now ones, the preprocessing of B is now bgr."
    )


def test_an_input_set_before_the_pair_is_meant_for_it(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], session: FakeSession
) -> None:
    session.remembered = FakeSettings(inputs=("ones",))
    typed(qtbot, window, "zeros")
    drop_on(window, dropped(*files))
    qtbot.waitUntil(lambda: window.state.assignment is not None)
    assert window.input_bar.spec.text() == "zeros"


def change_input(qtbot: QtBot, window: MainWindow) -> str:
    typed(qtbot, window, "ones")
    return "the input is now ones"


def change_preprocessing(qtbot: QtBot, window: MainWindow) -> str:
    typed(qtbot, window, "bgr", "pipeline_b")
    return "the preprocessing of B is now bgr"


def change_range(qtbot: QtBot, window: MainWindow) -> str:
    window.input_bar.preview.click()
    line = window.preview.high.lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, "255")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    return "random numbers are now drawn from 0 to 255"


def change_option(qtbot: QtBot, window: MainWindow) -> str:
    window.options.setter.set("b", SideOptions(threads=1))
    qtbot.waitUntil(lambda: window.state.assignment is not None and not window.state.jobs.busy)
    return "the options of B have changed"


def change_match(qtbot: QtBot, window: MainWindow) -> str:
    window.state.change_match("bn_2", "import/bn_3:0")
    qtbot.waitUntil(lambda: not window.state.jobs.busy)
    return "the match of bn_2 has changed"


CHANGES = (change_input, change_preprocessing, change_range, change_option, change_match)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_after_any_change_the_answer_is_out_of_date(qtbot: QtBot, compared: MainWindow, change) -> None:
    told = change(qtbot, compared)
    banner = compared.answer
    assert banner.outdated.raw == f"Out of date: {told}"
    assert banner.outdated.isVisible()
    assert not banner.sentence.isEnabled(), "the old answer is grey"
    assert banner.accessibleName().startswith("Out of date")
    assert compared.state.comparison is not None, "it can still be looked at"
    qtbot.mouseClick(banner.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not compared.work.known.running and not compared.state.jobs.busy)
    assert not banner.outdated.isVisible()
    assert banner.sentence.isEnabled()
    assert compared.state.session.runs == 2


def test_what_is_taken_back_is_not_out_of_date(qtbot: QtBot, compared: MainWindow) -> None:
    typed(qtbot, compared, "ones")
    assert compared.answer.outdated.isVisible()
    typed(qtbot, compared, "random:0")
    assert not compared.answer.outdated.isVisible()


def test_while_another_pair_opens_the_old_answer_is_out_of_date(
    qtbot: QtBot, compared: MainWindow, tmp_path: Path
) -> None:
    drop_on(compared, dropped(*made(tmp_path, "other.h5", "other.pb")))
    assert compared.answer.outdated.raw == "Out of date: other.h5 and other.pb are being opened"
    assert compared.answer.outdated.isVisible()
    assert not compared.answer.sentence.isEnabled()
    qtbot.waitUntil(lambda: not compared.work.known.opening)
    assert compared.state.comparison is None
    assert not compared.answer.outdated.isVisible()


def test_a_changed_match_stands_in_the_table_without_the_old_numbers(qtbot: QtBot, compared: MainWindow) -> None:
    change_match(qtbot, compared)
    row = next(row for row in compared.table.shown_rows() if row.a == "bn_2")
    assert (row.b, row.introduced, row.changed) == ("import/bn_3:0", None, True)
    other = next(row for row in compared.table.shown_rows() if row.a == "bn_3")
    assert other.introduced == 6e-8


def test_a_folder_of_images_on_an_open_pair_is_the_input(qtbot: QtBot, compared: MainWindow, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.JPG"):
        Image.new("RGB", (4, 4)).save(folder / name)
    (folder / "labels.json").write_text("{}")
    drop_on(compared, dropped(folder), 0.2)
    assert compared.input_bar.spec.text() == str(folder)
    assert compared.answer.outdated.raw == "Out of date: the input is now photos"
    assert compared.sides["a"].title.raw == "model.h5"
    assert compared.sides["a"].body.currentWidget() is compared.sides["a"].tree


def test_an_image_dropped_with_a_pair_is_its_input(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "cat.png").write_bytes(b"x")
    drop_on(window, dropped(tmp_path / "cat.png", *files))
    qtbot.waitUntil(lambda: window.state.assignment is not None)
    assert (window.sides["a"].title.raw, window.sides["b"].title.raw) == ("model.h5", "model.pb")
    assert window.input_bar.spec.text() == str(tmp_path / "cat.png")


def test_a_failed_drop_leaves_the_open_file_in_sight(qtbot: QtBot, compared: MainWindow, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.txt"
    wrong.write_text("hello")
    drop_on(compared, dropped(wrong), 0.8)
    panel = compared.sides["b"]
    qtbot.waitUntil(panel.notice.isVisible)
    assert panel.body.currentWidget() is panel.tree
    assert panel.tree.isVisible()
    assert panel.title.raw == "model.pb"
    assert panel.notice.text.raw == ("✕  notes.txt: no format knows this file. Open a Keras .h5 or a frozen .pb.")
    assert compared.state.comparison is not None
    qtbot.mouseClick(panel.notice.dismiss_button, Qt.MouseButton.LeftButton)
    assert not panel.notice.isVisible()


@pytest.mark.parametrize("wrong_side", ["a", "b"])
def test_of_a_pair_that_half_fails_the_new_file_is_never_matched_with_the_old_one(
    qtbot: QtBot, compared: MainWindow, tmp_path: Path, wrong_side: str
) -> None:
    new, wrong = made(tmp_path, "new.h5", "wrong.txt")
    pair = (wrong, new) if wrong_side == "a" else (new, wrong)
    matched = len(compared.state.session.matched)
    compared.work.open_pair(*pair, run=True)
    settled(qtbot, compared)
    qtbot.wait(50)
    panel, other = compared.sides[wrong_side], "b" if wrong_side == "a" else "a"
    assert panel.body.currentWidget() is panel.error
    assert "No format knows this file" in panel.error.what.text()
    assert compared.state.files[other].path == str(new)
    assert compared.state.files[wrong_side] is None
    assert compared.state.session.file(wrong_side) is None
    assert (compared.state.assignment, compared.state.comparison) == (None, None)
    assert (len(compared.state.session.matched), compared.state.session.runs) == (matched, 1)


def test_counts_are_right_with_unmatched_layers_after_a_swap_and_a_change(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], session: FakeSession
) -> None:
    whole = assignment()
    lost = replace(whole.matches[4], tensor_b=None)
    session._assignment = replace(whole, matches=(*whole.matches[:4], lost, *whole.matches[5:]), unmatched_a=(lost.a,))
    drop_on(window, dropped(*files))
    qtbot.waitUntil(lambda: window.state.assignment is not None)
    assert window.answer.sentence.text() == "17 of 18 layers matched."
    assert window.table.kinds.tabText(0) == "All 18"
    assert window.table.kinds.tabText(2) == "Unmatched 2"
    window.commands.action("swap").trigger()
    settled(qtbot, window)
    assert window.answer.sentence.text() == "17 of 18 layers matched."
    window.state.change_match(whole.matches[6].a, None)
    settled(qtbot, window)
    assert window.answer.sentence.text() == "16 of 18 layers matched."


def test_sorting_shows_the_first_row(qtbot: QtBot, compared: MainWindow) -> None:
    view = compared.table.view
    view.scrollToBottom()
    assert view.verticalScrollBar().value() > 0
    header = view.horizontalHeader()
    place = header.rect().center()
    place.setX(header.sectionViewportPosition(Column.INTRODUCED) + 12)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.rowAt(1) == 0
    assert compared.table.shown_rows()[0].a == "bn_2"


def test_hits_tell_apart_what_they_are(qtbot: QtBot, matched: MainWindow, session: FakeSession) -> None:
    scope = "MobilenetV1/MobilenetV1/Conv2d_3_depthwise"
    names = [f"{scope}/BatchNorm/FusedBatchNorm:0", f"{scope}/Relu6:0"]
    session.readers["b"].tree[""] = [
        Entry(id=name, name=name, kind="node", class_name="Relu6", shape=(None, 8, 8, 32), dtype="float32", tensor=name)
        for name in names
    ]
    panel = matched.sides["b"]
    qtbot.keyClicks(panel.search, "Conv2d_3")
    qtbot.waitUntil(lambda: panel.hits.rowCount() == 2)
    assert [panel.hits.index(row, 2).data() for row in range(2)] == ["?×8×8×32"] * 2
    hit_list = panel.hit_list
    assert not hit_list.wordWrap()
    colours = matched.theme.colours
    rect = hit_list.visualRect(panel.hits.index(1, 0))
    picture = hit_list.viewport().grab(rect).toImage()
    upper, lower = darkest(picture, 0.0, 0.5), darkest(picture, 0.5, 1.0)
    assert upper < lower, "the name stands above in the text's colour, its scope below in grey"
    assert lower >= lightness(colours.muted) - 8


def lightness(name: str) -> int:
    return QColor(name).lightness()


def darkest(picture, top: float, bottom: float) -> int:
    """The least lightness right of the icon, between two shares of the height."""
    rows = range(int(picture.height() * top) + 1, int(picture.height() * bottom) - 1)
    return min(picture.pixelColor(x, y).lightness() for y in rows for x in range(28, picture.width() - 4))


def test_the_layers_are_the_section_that_stands_open(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session = window.state.session
    plain = session._opened

    def opened(side, file, options):
        found = plain(side, file, options)
        tree = session.readers[side].tree
        layers = [entry for entry in tree[""] if entry.kind == "layer"]
        tree["section:Layers"] = layers
        tree["section:Weights"] = [Entry(id=f"w{i}", name=f"w{i}", kind="group") for i in range(40)]
        tree[""] = [
            Entry(id="section:Layers", name="Layers", kind="section", child_count=len(layers)),
            Entry(id="section:Weights", name="Weights", kind="section", child_count=40),
        ]
        return found

    session._opened = opened
    drop_on(window, dropped(*made(tmp_path, "net.h5")), 0.1)
    tree = window.sides["a"].tree
    qtbot.waitUntil(lambda: tree.model().rowCount() == 2)
    qtbot.waitUntil(lambda: tree.isExpanded(tree.model().index(0, 0)))
    assert not tree.isExpanded(tree.model().index(1, 0))


def test_escape_stops_the_matching_and_run_takes_it_up(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path], session: FakeSession
) -> None:
    session.match_seconds = 1.0
    drop_on(window, dropped(*files))
    qtbot.waitUntil(lambda: window.work.known.matching)
    assert window.answer.stop.isVisible()
    QTest.keyClick(window.sides["a"].tree, Qt.Key.Key_Escape)
    assert not window.work.known.matching
    assert ("stop_matching",) in session.calls
    assert window.answer.sentence.text() == "The layers are not matched yet."
    qtbot.wait(1200)
    assert window.state.assignment is None, "what still arrives is dropped"
    session.match_seconds = 0.0
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.state.comparison is not None)


def focus_targets(window: MainWindow) -> dict[str, object]:
    return {
        "tree": window.sides["a"].tree,
        "table": window.table.view,
        "tabs": window.results.tabs.tabBar(),
        "kinds": window.table.kinds,
    }


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", ["tree", "table", "tabs", "kinds"])
def test_focus_is_seen(qtbot: QtBot, compared: MainWindow, name: str, mode: str) -> None:
    compared.set_mode(mode)
    widget = focus_targets(compared)[name]
    compared.sides["a"].tree.setCurrentIndex(compared.sides["a"].model.index(0, 0))
    compared.input_bar.spec.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.wait(20)
    without = widget.grab().toImage()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(widget.hasFocus)
    with_focus = widget.grab().toImage()
    accent = compared.theme.colours.accent
    ring = sum(
        with_focus.pixelColor(x, y).name() == accent and without.pixelColor(x, y).name() != accent
        for x in range(with_focus.width())
        for y in (0, 1)
    )
    assert ring > 40, "a line of the accent's colour, two pixels high, along the top"


def test_the_window_keeps_its_size(qtbot: QtBot, compared: MainWindow, session: FakeSession) -> None:
    """The longest answer, the preview with three inputs and a failed drop at 1000x700."""
    compared.resize(1000, 700)
    qtbot.waitUntil(lambda: (compared.width(), compared.height()) == (1000, 700))
    one = session.preview()[0]
    session.preview = lambda progress=None: (one,) * 3
    compared.input_bar.preview.click()
    qtbot.waitUntil(lambda: len(compared.preview.rows) == 3)
    sentence = "Inputs differ: " + "A is scaled by 1/255 and B is not, and what follows goes on and on; " * 12
    compared.state.set_comparison(replace(compared.state.comparison, sentence=sentence))
    typed(qtbot, compared, "ones")
    drop_on(compared, dropped("/nowhere/gone.h5"), 0.2)
    qtbot.waitUntil(compared.sides["a"].notice.isVisible)
    QApplication.processEvents()
    assert (compared.width(), compared.height()) == (1000, 700)
    assert compared.minimumSizeHint().width() <= 1000
    assert compared.minimumSizeHint().height() <= 700
    assert compared.workspace.height() >= 300, "trees and results keep their room"
    assert compared.answer.outdated.isVisible()
