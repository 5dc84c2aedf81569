"""The outputs: classes of both sides as paired bars, worst elements of vectors, several outputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeSession, comparison
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from inspector.gui.jobs import Jobs
from inspector.gui.results.output_values import top_classes, worst_elements
from inspector.gui.results.outputs import EMPTY, NO_OUTPUTS, OutputsPanel
from inspector.gui.results.samples import samples_of
from inspector.gui.state import AppState
from inspector.gui.theme import LIGHT, Theme

A = np.array([[0.01, 0.1, 0.08, 0.6, 0.02, 0.05, 0.01, 0.03, 0.09, 0.01]], np.float32)
B = np.array([[0.01, 0.1, 0.12, 0.55, 0.02, 0.05, 0.01, 0.13, 0.11, 0.01]], np.float32)


class Outputs(FakeSession):
    def outputs(self, i: int):
        if i == 0:
            return A, B
        return np.arange(12, dtype=np.float32).reshape(1, 3, 4), np.ones((1, 3, 4), np.float32)


def two_outputs():
    whole = comparison()
    vector = replace(whole.outputs[0], a="boxes", b="boxes:0", shape=(1, 3, 4), scores=None, within_noise=True)
    return replace(whole, outputs=(whole.outputs[0], vector))


@pytest.fixture
def state(qtbot: QtBot):
    made = AppState(Outputs(), Jobs())
    yield made
    made.jobs.close()


@pytest.fixture
def panel(qtbot: QtBot, state: AppState, theme: Theme) -> OutputsPanel:
    made = OutputsPanel(state, theme)
    qtbot.addWidget(made)
    made.resize(1000, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_it_says_what_would_fill_it(panel: OutputsPanel, state: AppState) -> None:
    assert panel.empty.isVisible()
    assert panel.empty.text() == EMPTY
    state.set_comparison(replace(comparison(), outputs=()))
    assert panel.empty.text() == NO_OUTPUTS


def test_the_top_classes_of_both_sides_with_both_scores(qtbot: QtBot, panel: OutputsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    qtbot.waitUntil(lambda: panel.samples is not None)
    rows = panel.table.texts()
    assert [row[0] for row in rows] == ["class 3", "class 1", "class 8", "class 2", "class 5", "class 7"]
    assert rows[0][2:] == ["0.600", "0.550", "-0.0500", ""]
    assert rows[4][2:] == ["0.0500", "0.0500", "0", "not in B's top 5"]
    assert rows[5][2:] == ["0.0300", "0.130", "0.100", "not in A's top 5"]
    assert panel.overlap.raw == "top-1 agreement 1/1"
    assert panel.verdict.text() == "≠ different"
    assert panel.metrics.texts["largest", "total"] == "0.0300"


def test_bars_are_blue_and_orange_and_as_long_as_their_values(
    qtbot: QtBot, panel: OutputsPanel, state: AppState
) -> None:
    state.set_comparison(comparison())
    qtbot.waitUntil(lambda: panel.samples is not None)
    rect = panel.table.visualRect(panel.table.cells.index(0, 1))
    picture = panel.table.viewport().grab().toImage()
    scale = picture.devicePixelRatio()

    def length(colour: str, row: int) -> int:
        return sum(
            picture.pixelColor(int(x * scale), int(row * scale)).name() == colour
            for x in range(rect.left(), rect.right())
        )

    blue = length(LIGHT.a, rect.center().y() - 3)
    orange = length(LIGHT.b, rect.center().y() + 4)
    assert blue > 200
    assert orange / blue == pytest.approx(0.55 / 0.6, abs=0.02)


def test_several_outputs_are_chosen_from_a_list(qtbot: QtBot, panel: OutputsPanel, state: AppState) -> None:
    state.set_comparison(two_outputs())
    assert panel.which.count() == 2
    assert panel.which.itemText(1) == "≈ boxes"
    panel.which.setFocus()
    qtbot.keyClick(panel.which, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(panel.values) == 12)
    assert panel.table.texts()[0][0] == "[0, 2, 3]"
    assert panel.table.texts()[0][2:5] == ["11.0", "1.00", "-10.0"]
    assert panel.verdict.text() == "≈ within noise"


def test_one_output_needs_no_list(panel: OutputsPanel, state: AppState) -> None:
    state.set_comparison(comparison())
    assert not panel.which.isVisible()


def test_classes_without_arrays_leave_what_is_not_known_empty() -> None:
    scores = comparison().outputs[0].scores
    rows = top_classes(scores)
    assert [(row.label, row.a, row.b) for row in rows[-2:]] == [("class 7", 0.03, None), ("class 8", None, 0.03)]
    assert rows[-1].difference is None


def test_the_worst_elements_come_first_and_nan_before_all() -> None:
    a, b = np.zeros((2, 3)), np.zeros((2, 3))
    b[0, 1], b[1, 2], b[0, 0] = 0.5, -2.0, np.nan
    rows = worst_elements(a, b, most=3)
    assert [row.label for row in rows] == ["[0, 0]", "[1, 2]", "[0, 1]"]
    assert rows[1].difference == -2.0


def test_one_steps_through_the_samples_worst_first(
    qtbot: QtBot, panel: OutputsPanel, state: AppState, tmp_path: Path
) -> None:
    """Three samples from a folder: the second one is far off and flips its class, the first differs a little."""
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    a = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
    b = np.array([[0.68, 0.22, 0.1], [0.1, 0.8, 0.1], [0.2, 0.3, 0.5]])
    state.session.outputs = lambda _index: (a, b)
    whole = comparison()
    fed = replace(whole.inputs[0], spec=str(tmp_path), shape_a=(3, 8, 8, 3))
    scores = replace(whole.outputs[0].scores, top1_agreement=2 / 3)
    output = replace(whole.outputs[0], shape=(3, 3), scores=scores)
    state.set_comparison(replace(whole, inputs=(fed,), outputs=(output,)))
    qtbot.waitUntil(lambda: panel.samples is not None)
    shown = [panel.sample.itemText(row) for row in range(panel.sample.count())]
    assert shown == [
        "Sample 2 of 3   b.png   max abs 0.500   class 0 in A, 1 in B",
        "Sample 1 of 3   a.png   max abs 0.0200",
        "Sample 3 of 3   c.png   max abs 0",
    ]
    assert panel.overlap.raw == "top-1 agreement 2/3"
    assert not panel.worse.isEnabled()
    assert panel.table.texts()[0][0] == "class 0"
    assert panel.table.texts()[0][2:5] == ["0.600", "0.100", "-0.500"]
    qtbot.mouseClick(panel.better, Qt.MouseButton.LeftButton)
    assert panel.sample.currentText() == shown[1]
    assert panel.table.texts()[0][2:5] == ["0.700", "0.680", "-0.0200"]
    panel.sample.setFocus()
    qtbot.keyClick(panel.sample, Qt.Key.Key_Down)
    assert panel.sample.currentText() == shown[2]
    assert panel.table.texts()[0][:1] == ["class 2"]
    assert not panel.better.isEnabled()


def test_an_output_without_an_axis_of_samples_is_one_sample() -> None:
    whole = comparison()
    session = FakeSession()
    session.outputs = lambda _index: (np.zeros(4), np.array([0.0, np.nan, 0.0, 0.5]))
    output = replace(whole.outputs[0], shape=(4,), scores=None)
    found = samples_of(session, 0, replace(whole, outputs=(output,)))
    assert [(sample.place, sample.error) for sample in found.ranked] == [(0, np.inf)]
    assert [value.label for value in found.values(0)[:2]] == ["[0, 1]", "[0, 3]"]
