"""The table of matches, driven as a person does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import CULPRIT, FakeReader, FakeSession, assignment, comparison
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from inspector.gui.remember import Memory
from inspector.gui.results.cells import Column
from inspector.gui.results.table import NOTHING_FITS, NOTHING_OPEN, MatchTable
from inspector.gui.state import AppState
from inspector.gui.theme import LIGHT, Theme


@pytest.fixture
def table(qtbot: QtBot, state: AppState, theme: Theme, memory: Memory) -> MatchTable:
    """The table, wide enough for all columns, without rows."""
    made = MatchTable(state, theme, memory)
    qtbot.addWidget(made)
    made.resize(1300, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def filled(table: MatchTable, state: AppState) -> MatchTable:
    """The table after a run."""
    state.set_assignment(assignment())
    state.set_comparison(comparison())
    return table


def names(table: MatchTable) -> list[str]:
    return [row.a for row in table.shown_rows()]


def header_point(table: MatchTable, column: Column) -> QPoint:
    header = table.view.horizontalHeader()
    return QPoint(header.sectionViewportPosition(column) + 12, header.height() // 2)


def click_row(qtbot: QtBot, table: MatchTable, row: int, column: Column = Column.A) -> None:
    rect = table.view.visualRect(table.rows.index(row, column))
    qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())


def action(menu: QMenu, title: str):
    return next(found for found in menu.actions() if found.text() == title)


def test_models_keep_their_promises(filled: MatchTable, state: AppState) -> None:
    QAbstractItemModelTester(filled.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    QAbstractItemModelTester(filled.rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
    filled.words.setText("bn")
    filled.kinds.setCurrentIndex(2)
    state.set_comparison(None)
    state.set_assignment(None)


def test_an_empty_table_says_what_would_fill_it(table: MatchTable) -> None:
    assert table.empty.isVisible()
    assert table.empty.text() == NOTHING_OPEN


def test_before_a_run_there_are_no_columns_of_numbers(table: MatchTable, state: AppState) -> None:
    state.set_assignment(assignment())
    assert table.view.isColumnHidden(Column.INTRODUCED)
    assert not table.view.isColumnHidden(Column.EVIDENCE)
    assert table.rows.index(0, Column.STATUS).data() == "↔ matched"
    assert not table.empty.isVisible()


def test_after_a_run_marks_words_and_numbers(filled: MatchTable) -> None:
    assert filled.rows.index(CULPRIT, Column.STATUS).data() == "≠ different"
    assert filled.rows.index(0, Column.STATUS).data() == "≈ within noise"
    assert filled.rows.index(0, Column.INTRODUCED).data() == "6.00e-8"
    right = filled.rows.index(0, Column.TOTAL).data(Qt.ItemDataRole.TextAlignmentRole)
    assert right & int(Qt.AlignmentFlag.AlignRight)
    assert [filled.kinds.tabText(i) for i in range(3)] == ["All 18", "Differing 1", "Unmatched 1"]


def test_a_click_on_the_header_sorts_the_largest_first(qtbot: QtBot, filled: MatchTable) -> None:
    header = filled.view.horizontalHeader().viewport()
    qtbot.mouseClick(header, Qt.MouseButton.LeftButton, pos=header_point(filled, Column.INTRODUCED))
    assert names(filled)[0] == "bn_2"
    qtbot.mouseClick(header, Qt.MouseButton.LeftButton, pos=header_point(filled, Column.INTRODUCED))
    assert names(filled)[-1] == "bn_2"
    qtbot.mouseClick(header, Qt.MouseButton.LeftButton, pos=header_point(filled, Column.INTRODUCED))
    assert names(filled)[:3] == ["conv_0", "bn_0", "relu_0"], "the third click brings A's order back"


def test_missing_numbers_stand_last_in_both_orders(filled: MatchTable, state: AppState) -> None:
    whole = comparison()
    blind = replace(whole.layers[4], introduced=None, total=None, noise_floor=None, status="not-compared")
    state.set_comparison(replace(whole, layers=(*whole.layers[:4], blind, *whole.layers[5:])))
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        filled.view.sortByColumn(Column.INTRODUCED, order)
        assert names(filled)[-1] == "bn_1"


def test_typing_filters_by_name_class_and_result(qtbot: QtBot, filled: MatchTable) -> None:
    qtbot.keyClicks(filled.words, "bn_")
    assert names(filled) == [f"bn_{i}" for i in range(6)]
    filled.words.clear()
    qtbot.keyClicks(filled.words, "ReLU 3")
    assert names(filled) == ["relu_3"]
    filled.words.clear()
    qtbot.keyClicks(filled.words, "different")
    assert names(filled) == ["bn_2"]
    filled.words.clear()
    qtbot.keyClicks(filled.words, "no such layer")
    assert names(filled) == []
    assert filled.empty.text() == NOTHING_FITS
    assert filled.empty.isVisible()


def test_the_kinds_narrow_to_differing_and_to_unmatched_of_both_sides(qtbot: QtBot, filled: MatchTable) -> None:
    bar = filled.kinds
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    assert names(filled) == ["bn_2"]
    qtbot.keyClick(bar, Qt.Key.Key_Right)
    [row] = filled.shown_rows()
    assert (row.a, row.b, row.status) == ("", "import/extra:0", "only-in-b")


def test_a_click_selects_everywhere(qtbot: QtBot, filled: MatchTable, state: AppState) -> None:
    click_row(qtbot, filled, 4)
    assert (state.selection.layer_a, state.selection.tensor_b) == ("bn_1", "import/bn_1:0")
    qtbot.keyClick(filled.view, Qt.Key.Key_Down)
    assert state.selection.layer_a == "relu_1"


def test_a_selection_made_elsewhere_moves_the_cursor(filled: MatchTable, state: AppState) -> None:
    state.select(None, "import/conv_3:0")
    assert filled.view.currentIndex().row() == 9
    filled.view.sortByColumn(Column.INTRODUCED, Qt.SortOrder.DescendingOrder)
    state.select("bn_2", None)
    assert filled.view.currentIndex().row() == 0
    state.select(None, None)
    assert not filled.view.currentIndex().isValid()


def test_enter_shows_the_layer(qtbot: QtBot, filled: MatchTable, state: AppState) -> None:
    click_row(qtbot, filled, CULPRIT)
    with qtbot.waitSignal(state.reveal_requested) as told:
        qtbot.keyClick(filled.view, Qt.Key.Key_Return)
    assert told.args == ["layer"]


def test_copying_takes_the_name_under_the_cursor(qtbot: QtBot, filled: MatchTable) -> None:
    click_row(qtbot, filled, 1, Column.B)
    qtbot.keyClick(filled.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "import/bn_0:0"
    click_row(qtbot, filled, 1, Column.A)
    filled.view.copy_name()
    assert QApplication.clipboard().text() == "bn_0"


def test_the_menu_copies_finds_and_shows(qtbot: QtBot, filled: MatchTable, state: AppState) -> None:
    row = filled.shown_rows()[3]
    menu = filled.menus.menu(row, QPoint())
    action(menu, "Copy snippet for B").trigger()
    qtbot.waitUntil(lambda: QApplication.clipboard().text() == "session.run('import/conv_1:0')")
    with qtbot.waitSignal(filled.find_wanted) as found:
        action(menu, "Find in the other side by value").trigger()
    assert found.args == ["a", "conv_1"]
    with qtbot.waitSignal(state.reveal_requested) as told:
        action(menu, "Show in chart").trigger()
    assert told.args == ["divergence"]
    assert state.selection.layer_a == "conv_1"


def test_a_match_is_changed_through_the_chooser_and_taken_back(
    qtbot: QtBot, filled: MatchTable, state: AppState, session: FakeSession
) -> None:
    session.readers["b"] = FakeReader("b")
    menu = filled.menus.menu(filled.shown_rows()[0], filled.mapToGlobal(QPoint(20, 20)))
    assert not action(menu, "Reset to automatic").isEnabled()
    action(menu, "Change match…").trigger()
    chooser = filled.menus.chooser
    qtbot.waitUntil(lambda: chooser.list.count() > 0)
    chooser.query.clear()
    qtbot.keyClicks(chooser.query, "relu_5")
    qtbot.keyClick(chooser.query, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: ("change_match", "conv_0", "import/relu_5:0") in session.calls)
    qtbot.waitUntil(lambda: filled.shown_rows()[0].b == "import/relu_5:0")
    assert state.comparison is not None, "the old answer can still be looked at"
    first = filled.shown_rows()[0]
    assert (first.b, first.changed) == ("import/relu_5:0", True)
    action(filled.menus.menu(first, QPoint()), "Reset to automatic").trigger()
    qtbot.waitUntil(lambda: filled.shown_rows()[0].b == "import/conv_0:0")


def test_columns_a_person_chose_are_remembered(
    qtbot: QtBot, filled: MatchTable, state: AppState, theme: Theme, memory: Memory
) -> None:
    action(filled.view.column_menu(filled), "Class").trigger()
    assert filled.view.isColumnHidden(Column.CLASS)
    other = MatchTable(state, theme, memory)
    qtbot.addWidget(other)
    other.resize(1300, 400)
    other.show()
    assert other.view.isColumnHidden(Column.CLASS)
    action(other.view.column_menu(other), "Fit columns to the window").trigger()
    assert not other.view.isColumnHidden(Column.CLASS)


def test_bars_are_painted_in_their_colours(filled: MatchTable) -> None:
    filled.view.sortByColumn(Column.INTRODUCED, Qt.SortOrder.DescendingOrder)
    picture = filled.view.viewport().grab().toImage()
    for column, colour in ((Column.INTRODUCED, LIGHT.introduced), (Column.TOTAL, LIGHT.total)):
        rect = filled.view.visualRect(filled.rows.index(0, column))
        colours = painted(picture, rect.left(), rect.right(), rect.center().y())
        assert colour in colours
        assert LIGHT.noise not in painted(picture, rect.left(), rect.left() + 2, rect.center().y())


def painted(picture: QImage, left: int, right: int, y: int) -> set[str]:
    """The colours of a line of pixels."""
    scale = picture.devicePixelRatio()
    return {picture.pixelColor(int(x * scale), int(y * scale)).name() for x in range(left, right)}


def test_hostile_names_stay_plain_text(table: MatchTable, state: AppState) -> None:
    whole = assignment()
    state.set_assignment(replace(whole, matches=(replace(whole.matches[0], a="<b>x</b>\n" + "y" * 5000),)))
    shown = table.rows.index(0, Column.A).data()
    assert shown.startswith("<b>x</b> yyy")
    assert len(shown) < 400
    assert "&lt;b&gt;" in table.rows.index(0, Column.A).data(Qt.ItemDataRole.ToolTipRole)


def test_four_hundred_layers(filled: MatchTable, state: AppState) -> None:
    whole = comparison()
    many = tuple(replace(whole.layers[i % 18], index=i, a=f"layer_{i}", b=f"b/{i}:0") for i in range(400))
    state.set_comparison(replace(whole, layers=many))
    assert len(names(filled)) == 400
    filled.words.setText("layer_39")
    assert len(names(filled)) == 11
