"""The divergence chart: a click selects the layer, keys step, hover and selection tell name and numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import CULPRIT, comparison
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from inspector.gui.charts.depth import depth
from inspector.gui.charts.divergence import EMPTY, DivergenceChart
from inspector.gui.state import AppState
from inspector.gui.theme import DARK, Theme


@pytest.fixture
def chart(qtbot: QtBot, state: AppState, theme: Theme) -> DivergenceChart:
    """The chart of the fake comparison, shown."""
    made = DivergenceChart(state, theme)
    qtbot.addWidget(made)
    made.resize(900, 300)
    made.show()
    qtbot.waitExposed(made)
    state.set_comparison(comparison())
    return made


def viewport_point(chart: DivergenceChart, x: float, height: float) -> QPoint:
    """Where a place of the plot lies on the screen."""
    scene = chart.plot.getViewBox().mapViewToScene(QPointF(x, height))
    return chart.plot.mapFromScene(scene)


def test_heights_are_decades_and_missing_numbers_are_gaps() -> None:
    whole = comparison()
    layers = (replace(whole.layers[0], introduced=None, noise_floor=None), *whole.layers[1:])
    drawn = depth(replace(whole, layers=layers))
    assert np.isnan(drawn.introduced[0])
    assert drawn.introduced[CULPRIT] == pytest.approx(np.log10(2.4e-2))
    assert drawn.total[CULPRIT + 1] == pytest.approx(np.log10(2.64e-2))
    assert drawn.noise[1] == pytest.approx(np.log10(4e-7))
    assert list(np.flatnonzero(drawn.differing)) == [CULPRIT]
    assert drawn.culprit == CULPRIT


def test_a_nan_stands_at_the_top() -> None:
    whole = comparison()
    bad = replace(whole.layers[3].introduced, max_abs=float("nan"))
    layers = (*whole.layers[:3], replace(whole.layers[3], introduced=bad), *whole.layers[4:])
    drawn = depth(replace(whole, layers=layers))
    assert drawn.introduced[3] == drawn.scale.high


def test_without_a_comparison_it_says_what_would_fill_it(qtbot: QtBot, state: AppState, theme: Theme) -> None:
    made = DivergenceChart(state, theme)
    qtbot.addWidget(made)
    made.show()
    assert made.empty.isVisible()
    assert made.empty.text() == EMPTY
    assert not made.plot.isVisible()


def test_a_click_selects_the_nearest_layer(qtbot: QtBot, chart: DivergenceChart, state: AppState) -> None:
    qtbot.mouseClick(chart.plot.viewport(), Qt.MouseButton.LeftButton, pos=viewport_point(chart, 7.3, -3.0))
    assert state.selection.layer_a == "bn_2"
    assert state.selection.tensor_b == "import/bn_2:0"
    assert chart.plot.selected == CULPRIT
    assert chart.readout.raw == "bn_2   introduced 0.0240   total 0.0240   noise floor 4.00e-7"


def test_the_culprit_is_marked_with_its_name(chart: DivergenceChart) -> None:
    label = chart.plot.items_drawn.label
    assert label.isVisible()
    assert label.toPlainText() == "≠ bn_2   0.0240"
    assert label.pos().x() == CULPRIT


def test_a_selection_made_elsewhere_is_marked(chart: DivergenceChart, state: AppState) -> None:
    state.select("relu_4", None)
    assert chart.plot.selected == 14
    state.select(None, "import/conv_1:0")
    assert chart.plot.selected == 3
    assert chart.plot.items_drawn.cursor.isVisible()


def test_keys_step_jump_and_zoom(qtbot: QtBot, chart: DivergenceChart, state: AppState) -> None:
    chart.plot.setFocus()
    qtbot.keyClick(chart.plot, Qt.Key.Key_Right)
    assert state.selection.layer_a == "conv_0"
    qtbot.keyClick(chart.plot, Qt.Key.Key_Right)
    assert state.selection.layer_a == "bn_0"
    qtbot.keyClick(chart.plot, Qt.Key.Key_PageDown)
    assert state.selection.layer_a == "bn_2"
    qtbot.keyClick(chart.plot, Qt.Key.Key_End)
    assert state.selection.layer_a == "relu_5"
    qtbot.keyClick(chart.plot, Qt.Key.Key_Left)
    assert state.selection.layer_a == "bn_5"
    qtbot.keyClick(chart.plot, Qt.Key.Key_Plus)
    low, high = chart.plot.getViewBox().viewRange()[0]
    assert high - low < 12
    qtbot.keyClick(chart.plot, Qt.Key.Key_Home)
    low, high = chart.plot.getViewBox().viewRange()[0]
    assert low <= 0 <= high, "the selected layer is brought into sight"
    qtbot.keyClick(chart.plot, Qt.Key.Key_0)
    low, high = chart.plot.getViewBox().viewRange()[0]
    assert high - low == pytest.approx(18, abs=0.5)


def test_hover_shows_name_and_numbers(qtbot: QtBot, chart: DivergenceChart) -> None:
    for x in (3.0, 4.1):
        there = chart.plot.viewport().mapTo(chart, viewport_point(chart, x, -4.0))
        QTest.mouseMove(chart.windowHandle(), there)
        qtbot.wait(30)  # the plot takes at most a hundred moves a second
    qtbot.waitUntil(lambda: chart.readout.raw.startswith("bn_1   introduced 6.00e-8"))
    assert "bn_1" in QToolTip.text()


def test_the_theme_is_followed(chart: DivergenceChart, theme: Theme) -> None:
    theme.set_mode("dark")
    assert chart.plot.backgroundBrush().color().name() == DARK.surface
    assert chart.plot.items_drawn.line.opts["pen"].color().name() == DARK.total
