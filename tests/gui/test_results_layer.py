"""The layer panel: maps on one scale, channels by their difference, the worst position, what is said otherwise."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from fakes import CULPRIT, FakeSession, assignment, comparison
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from inspector.domain.errors import InspectorError
from inspector.gui.jobs import Jobs
from inspector.gui.results.layer_arrays import cut, gather
from inspector.gui.results.layer_panel import NOT_CHOSEN, NOT_KEPT, NOT_RUN, LayerPanel
from inspector.gui.state import AppState
from inspector.gui.theme import Theme

WORST = (1, 2, 3, 5)


class Arrays(FakeSession):
    """Activations of shape (2, 6, 8, 7); B is A but for channel 5 (and a little of channel 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.kept, self.threads, self.error = {"a", "b", "introduced-a", "introduced-b"}, set(), None
        self.a = np.random.default_rng(0).random((2, 6, 8, 7), np.float32)
        self.b = self.a.copy()
        self.b[..., 2] += np.float32(0.125)
        self.b[WORST] -= np.float32(0.5)
        self.asked: list[tuple[int, str]] = []

    def activation(self, index: int, which: str) -> np.ndarray | None:
        self.asked.append((index, which))
        self.threads.add(threading.current_thread() is threading.main_thread())
        if self.error is not None:
            raise self.error
        return (self.a if which.endswith("a") else self.b) if which in self.kept else None


def compared():
    whole = comparison()
    layers = [
        replace(layer, total=replace(layer.total, worst_index=WORST),
                introduced=replace(layer.introduced, worst_index=WORST)) for layer in whole.layers
    ]  # fmt: skip
    return replace(whole, layers=tuple(layers))


@pytest.fixture
def arrays() -> Arrays:
    return Arrays()


@pytest.fixture
def state(qtbot: QtBot, arrays: Arrays):
    made = AppState(arrays, Jobs())
    made.set_assignment(assignment())
    yield made
    made.jobs.close()


@pytest.fixture
def panel(qtbot: QtBot, state: AppState, theme: Theme) -> LayerPanel:
    made = LayerPanel(state, theme)
    qtbot.addWidget(made)
    made.resize(1200, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def drawn(qtbot: QtBot, panel: LayerPanel, state: AppState) -> LayerPanel:
    """The panel with the culprit's pictures."""
    state.set_comparison(compared())
    state.select("bn_2", None)
    qtbot.waitUntil(lambda: panel.body.maps.maps is not None)
    return panel


def channels(panel: LayerPanel) -> list[str]:
    chooser = panel.body.chooser
    return [chooser.list.item(i).text().split("\u2003")[0] for i in range(chooser.list.count())]


def test_it_says_what_would_fill_it(panel: LayerPanel, state: AppState) -> None:
    assert panel.message.text() == NOT_RUN
    state.set_comparison(compared())
    assert panel.message.text() == NOT_CHOSEN
    assert panel.message.isVisible()


def test_a_layer_without_a_partner_says_why(panel: LayerPanel, state: AppState) -> None:
    whole = compared()
    gone = replace(whole.layers[1], b=None, total=None, introduced=None, note="folded into conv_0")
    state.set_comparison(replace(whole, layers=(whole.layers[0], gone, *whole.layers[2:])))
    state.select("bn_0", None)
    assert panel.message.text() == "bn_0: folded into conv_0."


def test_channels_stand_by_their_largest_difference(drawn: LayerPanel) -> None:
    assert channels(drawn)[:2] == ["5", "2"]
    assert drawn.body.chooser.list.item(0).text() == "5\u20030.500"
    assert (drawn.body.chooser.sample.value(), drawn.body.chooser.channel.value()) == (1, 5)


def test_maps_show_the_sample_and_channel_of_the_worst(drawn: LayerPanel, arrays: Arrays) -> None:
    shown = drawn.body.maps
    np.testing.assert_array_equal(shown.a.image.image, arrays.a[1, :, :, 5].astype(np.float64))
    np.testing.assert_array_equal(shown.b.image.image, arrays.b[1, :, :, 5].astype(np.float64))
    assert shown.difference.image.image[2, 3] == pytest.approx(-0.5)
    [spot] = shown.difference.mark.points()
    assert (spot.pos().x(), spot.pos().y()) == (3.5, 2.5)


def test_a_and_b_share_one_scale_and_the_difference_is_even_about_zero(drawn: LayerPanel, arrays: Arrays) -> None:
    both = np.stack([arrays.a[1, :, :, 5], arrays.b[1, :, :, 5]]).astype(np.float64)
    for view in (drawn.body.maps.a, drawn.body.maps.b):
        assert tuple(view.image.levels) == (both.min(), both.max())
    low, high = drawn.body.maps.difference.image.levels
    assert -low == high == pytest.approx(0.5)
    assert drawn.body.maps.difference_bar.texts() == ("-0.500", "0", "+0.500")


def test_another_channel_is_chosen_from_the_list(qtbot: QtBot, drawn: LayerPanel, arrays: Arrays) -> None:
    rows = drawn.body.chooser.list
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualItemRect(rows.item(1)).center())
    qtbot.waitUntil(lambda: bool(np.array_equal(drawn.body.maps.a.image.image, arrays.a[1, :, :, 2].astype(float))))
    assert drawn.body.chooser.channel.value() == 2
    assert not list(drawn.body.maps.difference.mark.points()), "the worst position lies in another channel"
    drawn.body.worst.click()
    qtbot.waitUntil(lambda: len(drawn.body.maps.difference.mark.points()) == 1)
    assert drawn.body.chooser.channel.value() == 5


def test_another_sample_by_keyboard(qtbot: QtBot, drawn: LayerPanel, arrays: Arrays) -> None:
    qtbot.keyClick(drawn.body.chooser.sample, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: bool(np.array_equal(drawn.body.maps.a.image.image, arrays.a[0, :, :, 5].astype(float))))


def test_as_run_and_same_inputs_ask_for_their_arrays(qtbot: QtBot, drawn: LayerPanel, arrays: Arrays) -> None:
    assert arrays.asked[-2:] == [(CULPRIT, "introduced-a"), (CULPRIT, "introduced-b")]
    bar = drawn.body.modes
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(0).center())
    qtbot.waitUntil(lambda: drawn.arrays.mode == "total")
    assert arrays.asked[-2:] == [(CULPRIT, "a"), (CULPRIT, "b")]
    assert drawn.body.scatter.role == "total"


def test_arrays_are_read_off_the_gui_thread(drawn: LayerPanel, arrays: Arrays) -> None:
    assert arrays.threads == {False}


def test_numbers_stand_beside_the_maps(drawn: LayerPanel) -> None:
    texts = drawn.body.metrics.texts
    assert texts["largest", "introduced"] == "0.0240"
    assert texts["noise floor", ""] == "4.00e-7"
    assert texts["worst at", "total"] == "[1, 2, 3, 5]"
    assert drawn.body.status.text() == "≠ different"


def test_the_worst_position_is_told_with_its_values(drawn: LayerPanel, arrays: Arrays) -> None:
    a, b = float(arrays.a[WORST]), float(arrays.b[WORST])
    assert drawn.body.worst.text() == f"Worst [1, 2, 3, 5]: A {a:.3f}, B {b:.3f}"


def test_pointing_tells_the_values(qtbot: QtBot, drawn: LayerPanel, arrays: Arrays) -> None:
    view = drawn.body.maps.a.plot
    place = view.mapFromScene(view.getViewBox().mapViewToScene(QPointF(3.5, 2.5)))
    window = drawn.window()
    QTest.mouseMove(window.windowHandle(), view.viewport().mapTo(window, place))
    qtbot.waitUntil(lambda: drawn.body.maps.readout.raw.startswith("row 2, column 3:"))
    assert drawn.body.maps.readout.raw.endswith("B − A -0.500")


def test_the_three_maps_are_zoomed_together_and_a_double_click_shows_all(qtbot: QtBot, drawn: LayerPanel) -> None:
    a, b = drawn.body.maps.a.plot, drawn.body.maps.b.plot
    whole = b.getViewBox().viewRange()[0]
    wheel(a.viewport(), steps=5)
    left, right = b.getViewBox().viewRange()[0]
    assert a.getViewBox().viewRange()[0] == pytest.approx([left, right], abs=0.3)
    assert right - left < 0.7 * (whole[1] - whole[0])
    qtbot.mouseDClick(b.viewport(), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: a.getViewBox().viewRange()[0] == pytest.approx(whole, abs=0.5))


def wheel(widget: QWidget, steps: int) -> None:
    """Turn the wheel over the middle of a widget."""
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre, QPointF(widget.mapToGlobal(centre.toPoint())), QPoint(), QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_scatter_and_histogram_hold_every_element(drawn: LayerPanel, arrays: Arrays) -> None:
    assert drawn.body.scatter.scatter.a.size == arrays.a.size
    assert int(drawn.body.histogram.histogram.counts.sum()) == arrays.a.size
    assert drawn.body.histogram.histogram.edges[-1] == pytest.approx(0.5)


def test_arrays_that_were_not_kept_leave_the_numbers(qtbot: QtBot, panel: LayerPanel, state, arrays: Arrays) -> None:
    arrays.kept = {"a", "b"}
    state.set_comparison(compared())
    state.select("bn_2", None)
    qtbot.waitUntil(panel.body.message.isVisible)
    assert panel.body.message.text() == NOT_KEPT["introduced"]
    assert panel.body.metrics.texts["largest", "total"] == "0.0240"


def test_an_error_stands_where_the_pictures_would(qtbot: QtBot, panel: LayerPanel, state, arrays: Arrays) -> None:
    arrays.error = InspectorError("SPILL_GONE", "the spill is gone", todo="Run again.")
    state.set_comparison(compared())
    state.select("bn_2", None)
    qtbot.waitUntil(panel.body.message.isVisible)
    assert "SPILL_GONE: the spill is gone. Run again." in panel.body.message.text()


def test_nothing_is_read_while_the_panel_is_hidden(qtbot: QtBot, panel: LayerPanel, state, arrays: Arrays) -> None:
    panel.hide()
    state.set_comparison(compared())
    state.select("bn_2", None)
    qtbot.wait(200)
    assert arrays.asked == []
    panel.show()
    qtbot.waitUntil(lambda: panel.body.maps.maps is not None)


def test_low_panels_have_one_row_and_high_ones_two(qtbot: QtBot, drawn: LayerPanel) -> None:
    assert drawn.body.scatter.y() == drawn.body.maps.y()
    drawn.resize(1200, 700)
    qtbot.waitUntil(lambda: drawn.body.scatter.y() > drawn.body.maps.y())


def test_a_vector_has_one_row_of_cells_and_no_channels() -> None:
    session = Arrays()
    session.a = np.arange(10, dtype=np.float32)[None]
    session.b = session.a + np.float32(1)
    layer = replace(compared().layers[0], introduced=replace(compared().layers[0].introduced, worst_index=(0, 4)))
    arrays = gather(session, layer, "introduced")
    pictures = cut(arrays, 0, 0)
    assert (arrays.channels, arrays.samples) == ((), 1)
    assert pictures.maps.a.shape == (1, 10)
    assert pictures.worst == (0, 4)


def test_large_maps_are_thinned_and_say_so() -> None:
    session = Arrays()
    session.a = np.zeros((1, 1200, 600, 1), np.float32)
    session.b = session.a
    layer = replace(
        compared().layers[0], introduced=replace(compared().layers[0].introduced, worst_index=(0, 600, 3, 0))
    )
    pictures = cut(gather(session, layer, "introduced"), 0, 0)
    assert pictures.maps.a.shape == (400, 200)
    assert pictures.worst == (200, 1)
    assert pictures.note == "rows by columns; one of 3 rows and columns is drawn"
