"""The side panels: searching as one types, choosing, copying, the context menu, revealing what is selected."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from inspector.domain.files import Entry, Found
from inspector.gui.browse.search import path_text
from inspector.gui.browse.side_panel import SidePanel
from inspector.gui.window import MainWindow


def row_of(panel: SidePanel, name: str):
    """The index of a top-level row."""
    model = panel.model
    return next(model.index(row, 0) for row in range(model.rowCount()) if model.index(row, 0).data() == name)


def click(qtbot: QtBot, panel: SidePanel, name: str) -> None:
    place = panel.tree.visualRect(row_of(panel, name)).center()
    qtbot.mouseClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_the_head_says_what_the_file_is_and_where_it_runs(matched: MainWindow) -> None:
    panel = matched.sides["a"]
    assert panel.title.raw == "model.h5"
    assert panel.facts.raw == ("Runs in legacy Keras: written by Keras 2.4, so it runs in legacy Keras")
    assert "OLD: old file" in panel.title.toolTip()


def test_typing_finds_and_choosing_a_hit_selects_it_everywhere(qtbot: QtBot, matched: MainWindow) -> None:
    panel = matched.sides["b"]
    qtbot.keyClicks(panel.search, "bn_3")
    qtbot.waitUntil(lambda: panel.body.currentWidget() is panel.hit_list)
    names = [panel.hits.index(row, 0).data() for row in range(panel.hits.rowCount())]
    assert names == ["import/bn_3:0", "import/bn_3/kernel", "import/bn_3/bias"]
    assert panel.count.text() == "3"
    qtbot.keyClick(panel.search, Qt.Key.Key_Down)
    QTest.keyClick(panel.hit_list, Qt.Key.Key_Down)
    assert matched.state.selection.tensor_b == "import/bn_3:0"
    assert matched.state.selection.layer_a == "bn_3"


def test_enter_on_a_hit_shows_it_in_the_tree(qtbot: QtBot, matched: MainWindow) -> None:
    panel = matched.sides["a"]
    qtbot.keyClicks(panel.search, "bn_4/kernel")
    qtbot.waitUntil(lambda: panel.hits.rowCount() == 1)
    panel.hit_list.setCurrentIndex(panel.hits.index(0, 0))
    QTest.keyClick(panel.hit_list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: (entry := panel.tree.current_entry()) is not None and entry.name == "kernel")
    assert panel.body.currentWidget() is panel.tree
    assert panel.search.text() == ""
    assert matched.results.details.name.raw == "kernel"


def test_escape_in_the_search_goes_back_to_the_tree(qtbot: QtBot, matched: MainWindow) -> None:
    panel = matched.sides["a"]
    qtbot.keyClicks(panel.search, "relu")
    qtbot.waitUntil(lambda: panel.body.currentWidget() is panel.hit_list)
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.body.currentWidget() is panel.tree
    assert panel.search.text() == ""


def test_a_query_that_is_overtaken_is_dropped(qtbot: QtBot, matched: MainWindow) -> None:
    panel = matched.sides["a"]
    matched.state.session.readers["a"].delay = 0.15
    panel.search.setText("conv")
    qtbot.wait(160)
    panel.search.setText("relu")
    qtbot.waitUntil(lambda: panel.hits.rowCount() > 0)
    assert panel.hits.index(0, 0).data() == "relu_0"
    qtbot.wait(200)
    assert panel.hits.index(0, 0).data() == "relu_0"


def test_clicking_a_layer_selects_its_tensor_in_the_other_tree(qtbot: QtBot, matched: MainWindow) -> None:
    click(qtbot, matched.sides["a"], "bn_2")
    assert matched.state.selection.tensor_b == "import/bn_2:0"
    other = matched.sides["b"].tree
    qtbot.waitUntil(lambda: (entry := other.current_entry()) is not None and entry.name == "import/bn_2")
    assert matched.results.details.name.raw == "bn_2"


def test_copy_takes_the_raw_name_where_the_keyboard_is(qtbot: QtBot, matched: MainWindow) -> None:
    panel = matched.sides["b"]
    click(qtbot, panel, "import/relu_1")
    panel.tree.setFocus()
    matched.commands.action("copy-name").trigger()
    assert QApplication.clipboard().text() == "import/relu_1:0"


def test_the_context_menu_copies_a_snippet(qtbot: QtBot, matched: MainWindow) -> None:
    tree = matched.sides["b"].tree
    menu = tree.menu_for(matched.sides["b"].model.entry(row_of(matched.sides["b"], "import/bn_1")))
    titles = [action.text() for action in menu.actions() if action.text()]
    assert titles == [
        "Copy name", "Copy snippet", "Find in the other side by value", "Show in chart", "Show details",
    ]  # fmt: skip
    trigger(menu, "Copy snippet")
    qtbot.waitUntil(lambda: QApplication.clipboard().text() == "session.run('import/bn_1:0')")


def test_what_has_no_tensor_cannot_be_looked_up(matched: MainWindow) -> None:
    panel = matched.sides["a"]
    menu = panel.tree.menu_for(panel.model.entry(row_of(panel, "big")))
    enabled = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert enabled["Copy name"]
    assert not enabled["Find in the other side by value"]


def test_lookup_by_value_ranks_and_can_change_the_match(qtbot: QtBot, matched: MainWindow) -> None:
    panel = matched.sides["a"]
    trigger(panel.tree.menu_for(panel.model.entry(row_of(panel, "bn_1"))), "Find in the other side by value")
    hits = matched.results.hits
    qtbot.waitUntil(lambda: hits.table.rowCount() == 2)
    assert matched.results.currentWidget() is hits
    shown = [hits.table.item(0, column).text() for column in range(6)]
    assert shown == ["import/bn_2:0", "FusedBatchNormV3", "1×8×8×8", "0.9999", "1e-06", "same layout"]
    qtbot.mouseClick(hits.match_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: matched.state.match_of("bn_1", None).tensor_b == "import/bn_2:0")
    assert ("change_match", "bn_1", "import/bn_2:0") in matched.state.session.calls
    assert matched.results.currentWidget() is matched.results.tabs


def test_details_show_attributes_statistics_and_pictures(qtbot: QtBot, matched: MainWindow) -> None:
    panel, details = matched.sides["a"], matched.results.details
    panel.tree.expand(row_of(panel, "bn_0"))
    qtbot.waitUntil(lambda: panel.model.rowCount(row_of(panel, "bn_0")) == 2)
    panel.tree.setCurrentIndex(panel.model.index(0, 0, row_of(panel, "bn_0")))
    qtbot.waitUntil(lambda: details.histogram.isVisible() and details.picture.isVisible())
    rows = dict(details.rows.rows)
    assert rows["shape"] == "3×3×3×8"
    assert rows["values"] == "864"
    assert rows["<b>hostile</b>"] == "<img src=x>"
    assert "864 values from" in details.histogram.accessibleName()
    assert details.picture.value_at(details.picture.plot().topLeft()).startswith("row 0, column 0: ")


def trigger(menu: QMenu, title: str) -> None:
    next(action for action in menu.actions() if action.text() == title).trigger()


@pytest.mark.parametrize(
    ("ancestors", "shown"),
    [
        (("section:Weights", "layer:block/conv"), "block/conv/kernel"),
        (("section:Optimizer state",), "Optimizer state/kernel"),
        (("section:File", "h5:/model_weights"), "/model_weights/kernel"),
        ((), "kernel"),
    ],
)
def test_the_scope_of_a_hit_is_where_it_is_and_no_id_of_ours(ancestors: tuple[str, ...], shown: str) -> None:
    hit = Found(Entry(id="weight:block/conv/kernel", name="kernel", kind="array"), ancestors, 100.0)
    assert path_text(hit) == shown
