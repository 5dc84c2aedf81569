"""What a drop means, and that the window does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dropping import drop_on, dropped
from PySide6.QtCore import QMimeData, QUrl
from pytestqt.qtbot import QtBot

from inspector.gui.drops import WHAT_OPENS, read_drop
from inspector.gui.window import MainWindow


@pytest.mark.parametrize("side", ["a", "b"])
def test_one_file_is_for_the_side_it_fell_on(side: str) -> None:
    assert read_drop(dropped("/m.h5"), side).files == ((side, Path("/m.h5")),)


def test_two_files_are_a_and_b() -> None:
    drop = read_drop(dropped("/m.h5", "/m.pb"), "b")
    assert drop.files == (("a", Path("/m.h5")), ("b", Path("/m.pb")))
    assert drop.said == ""


def test_of_many_the_first_two_are_taken_and_that_is_said() -> None:
    drop = read_drop(dropped(*(f"/m{i}.h5" for i in range(50))), "a")
    assert drop.files == (("a", Path("/m0.h5")), ("b", Path("/m1.h5")))
    assert drop.said == "50 files were dropped: the first two are A and B."


def test_an_image_is_the_input() -> None:
    drop = read_drop(dropped("/cat.png"), "a")
    assert (drop.files, drop.spec, drop.said) == ((), "/cat.png", "The input is now cat.png.")


def test_text_and_addresses_are_refused_politely() -> None:
    text, address = QMimeData(), QMimeData()
    text.setText("hello")
    address.setUrls([QUrl("https://example.org/m.h5")])
    assert read_drop(text, "a").said == f"Only files and folders can be dropped here: {WHAT_OPENS}"
    assert read_drop(address, "a").said == "Only files on this machine can be opened, not https addresses."


def test_dropping_two_files_opens_and_matches_them(qtbot: QtBot, window: MainWindow, files: tuple[Path, Path]) -> None:
    assert window.pages.currentWidget() is window.empty
    drop_on(window, dropped(*files), 0.9)
    qtbot.waitUntil(lambda: window.state.assignment is not None)
    assert window.sides["a"].title.raw == "model.h5"
    assert window.sides["b"].title.raw == "model.pb"
    assert window.answer.sentence.text() == "18 of 18 layers matched."


def test_dropping_one_file_right_of_the_middle_is_b(qtbot: QtBot, window: MainWindow, files: tuple[Path, Path]) -> None:
    drop_on(window, dropped(files[0]), 0.75)
    qtbot.waitUntil(lambda: window.state.files["b"] is not None)
    assert window.state.files["a"] is None
    assert window.answer.sentence.text() == "Open A to compare it with model.h5."


def test_a_refused_drop_changes_nothing_and_says_so(matched: MainWindow) -> None:
    mime = QMimeData()
    mime.setText("hello")
    drop_on(matched, mime, 0.2)
    assert matched.status.raw.startswith("Only files and folders can be dropped here")
    assert matched.sides["a"].title.raw == "model.h5"


def test_a_drop_that_cannot_be_read_is_an_error_in_its_side(
    qtbot: QtBot, window: MainWindow, files: tuple[Path, Path]
) -> None:
    window.files.open("b", files[1])
    qtbot.waitUntil(lambda: window.state.files["b"] is not None)
    drop_on(window, dropped("/nowhere/gone.h5"), 0.2)
    panel = window.sides["a"]
    qtbot.waitUntil(lambda: panel.body.currentWidget() is panel.error)
    assert panel.error.code.text() == "NO_FILE"
    assert panel.error.where.raw == "/nowhere/gone.h5"
    assert window.sides["b"].body.currentWidget() is window.sides["b"].tree
