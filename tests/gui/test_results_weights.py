"""The weights: of the selected layer, and all that differ."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import assignment
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from inspector.gui.results.weights import EMPTY, WeightsPanel
from inspector.gui.state import AppState
from inspector.gui.theme import Theme


def differing():
    """The assignment with another kernel in bn_1 and one in conv_3 that differs more."""
    whole = assignment()
    matches = list(whole.matches)
    for place, largest, relative in ((4, 0.5, 0.1), (9, 0.25, 0.75)):
        weight = replace(matches[place].weights[0], relation="different", max_abs=largest, max_rel=relative,
                         worst_index=(0, 1, 2, 3), detail="2 of 216 elements differ")  # fmt: skip
        matches[place] = replace(matches[place], weights=(weight,))
    return replace(whole, matches=tuple(matches))


@pytest.fixture
def panel(qtbot: QtBot, state: AppState, theme: Theme) -> WeightsPanel:
    made = WeightsPanel(state, theme)
    qtbot.addWidget(made)
    made.resize(1000, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_it_says_what_would_fill_it(panel: WeightsPanel) -> None:
    assert panel.empty.isVisible()
    assert panel.empty.text() == EMPTY


def test_weights_are_compared_before_any_run(panel: WeightsPanel, state: AppState) -> None:
    state.set_assignment(assignment())
    assert panel.count.raw == "No weight differs; 12 of 12 are exactly equal"
    state.select("conv_0", None)
    assert panel.table.texts() == [["kernel", "= exact", "0", "", "", "3×3×3×8", "3×3×3×8"]]


def test_those_that_differ_are_listed_worst_first(panel: WeightsPanel, state: AppState) -> None:
    state.set_assignment(differing())
    assert panel.count.raw == "2 of 12 weights differ"
    assert panel.all.texts() == [
        ["conv_3", "kernel", "≠ different", "0.250"], ["bn_1", "kernel", "≠ different", "0.500"],
    ]  # fmt: skip


def test_a_click_in_the_list_selects_the_layer(qtbot: QtBot, panel: WeightsPanel, state: AppState) -> None:
    state.set_assignment(differing())
    rect = panel.all.visualRect(panel.all.cells.index(1, 0))
    qtbot.mouseClick(panel.all.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert state.selection.layer_a == "bn_1"
    assert panel.layer.raw == "bn_1"
    assert panel.table.texts()[0][1:5] == ["≠ different", "0.500", "0.100", "[0, 1, 2, 3]"]
    assert "2 of 216 elements differ" in panel.table.cells.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)


def test_a_layer_without_weights_says_so(panel: WeightsPanel, state: AppState) -> None:
    state.set_assignment(assignment())
    state.select("relu_0", None)
    assert panel.note.isVisible()
    assert panel.note.text() == "relu_0 has no weights that could be compared."
    assert not panel.table.isVisible()


def test_a_cell_is_copied_with_every_digit(qtbot: QtBot, panel: WeightsPanel, state: AppState) -> None:
    state.set_assignment(differing())
    state.select("conv_3", None)
    panel.table.setCurrentIndex(panel.table.cells.index(0, 2))
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "0.25"


def test_the_model_keeps_its_promises(panel: WeightsPanel, state: AppState) -> None:
    QAbstractItemModelTester(panel.all.cells, QAbstractItemModelTester.FailureReportingMode.Fatal)
    state.set_assignment(differing())
    state.set_assignment(None)
