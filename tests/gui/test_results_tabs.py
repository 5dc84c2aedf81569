"""The tabs: in order, brought to the front by name, and the culprit selected after a run."""

from __future__ import annotations

import pytest
from fakes import assignment, comparison
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from inspector.gui.results.tabs import ResultTabs
from inspector.gui.state import AppState
from inspector.gui.theme import Theme


@pytest.fixture
def tabs(qtbot: QtBot, state: AppState, theme: Theme) -> ResultTabs:
    made = ResultTabs(state, theme)
    qtbot.addWidget(made)
    made.resize(1000, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_the_tabs_in_their_order(tabs: ResultTabs) -> None:
    assert [tabs.tabText(i) for i in range(tabs.count())] == ["Findings", "Divergence", "Layer", "Outputs", "Weights"]
    assert tabs.currentWidget() is tabs.findings


def test_a_tab_is_brought_to_the_front_by_its_name(tabs: ResultTabs, state: AppState) -> None:
    state.reveal("layer")
    assert tabs.currentWidget() is tabs.layer
    state.reveal("no such tab")
    assert tabs.currentWidget() is tabs.layer


def test_the_keyboard_walks_the_tabs(qtbot: QtBot, tabs: ResultTabs) -> None:
    tabs.tabBar().setFocus()
    qtbot.keyClick(tabs.tabBar(), Qt.Key.Key_Right)
    assert tabs.currentWidget() is tabs.divergence


def test_after_a_run_the_culprit_is_selected(tabs: ResultTabs, state: AppState) -> None:
    state.set_assignment(assignment())
    state.set_comparison(comparison())
    assert (state.selection.layer_a, state.selection.tensor_b) == ("bn_2", "import/bn_2:0")


def test_a_selection_of_the_user_is_kept(tabs: ResultTabs, state: AppState) -> None:
    state.set_assignment(assignment())
    state.select("conv_0", None)
    state.set_comparison(comparison())
    assert state.selection.layer_a == "conv_0"


def test_every_empty_panel_says_what_would_fill_it(tabs: ResultTabs) -> None:
    for i in range(tabs.count()):
        tabs.setCurrentIndex(i)
        message = getattr(tabs.currentWidget(), "empty", None) or tabs.layer.message
        assert message.isVisible()
        assert len(message.text()) > 40


def test_a_hidden_tab_is_filled_when_it_is_shown(tabs: ResultTabs, state: AppState) -> None:
    state.set_assignment(assignment())
    state.set_comparison(comparison())
    assert tabs.weights.table.texts() == []
    state.reveal("weights")
    assert [row[:2] for row in tabs.weights.table.texts()] == [["kernel", "= exact"]]
    state.reveal("divergence")
    assert tabs.divergence.plot.selected == 7
