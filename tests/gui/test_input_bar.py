"""The input bar and its preview: what is typed reaches the session, what is received is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import fake_preview
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from inspector.gui.inputs.input_bar import InputBar
from inspector.gui.inputs.line_box import LineBox
from inspector.gui.inputs.preview import sample_image
from inspector.gui.remember import Memory
from inspector.gui.state import AppState
from inspector.gui.window import MainWindow
from inspector.session.preprocess import parse


@pytest.fixture
def bar(qtbot: QtBot, state: AppState, memory: Memory) -> InputBar:
    made = InputBar(state, memory)
    qtbot.addWidget(made)
    made.show()
    return made


def enter(qtbot: QtBot, box: LineBox, text: str) -> None:
    box.line.selectAll()
    qtbot.keyClicks(box.line, text)
    qtbot.keyClick(box.line, Qt.Key.Key_Return)


def test_what_is_typed_is_the_sessions(qtbot: QtBot, bar: InputBar, state: AppState) -> None:
    enter(qtbot, bar.spec, "random:7")
    enter(qtbot, bar.pipeline_a, "caffe")
    enter(qtbot, bar.pipeline_b, "scale 1/255 | bgr")
    settings = state.session.settings
    assert settings.inputs == ("random:7",)
    assert (settings.preprocess_a, settings.preprocess_b) == ("caffe", "scale 1/255 | bgr")


def test_what_was_typed_is_taken_and_no_longer_line_that_begins_alike(
    qtbot: QtBot, bar: InputBar, state: AppState
) -> None:
    """A line box completes nothing: `scale 1/255` is ready, `random:12` was used before."""
    enter(qtbot, bar.spec, "random:12")
    enter(qtbot, bar.spec, "random:1")
    enter(qtbot, bar.pipeline_a, "scale 1/2")
    assert state.session.settings.inputs == ("random:1",)
    assert state.session.settings.preprocess_a == "scale 1/2"


def test_several_inputs_by_name(qtbot: QtBot, bar: InputBar, state: AppState) -> None:
    enter(qtbot, bar.spec, "image=cat.png; ids=zeros")
    assert state.session.settings.inputs == ("image=cat.png", "ids=zeros")


def test_own_lines_are_offered_again(qtbot: QtBot, bar: InputBar, memory: Memory, state: AppState) -> None:
    enter(qtbot, bar.pipeline_a, "resize 32x32 | tf")
    again = InputBar(state, memory)
    qtbot.addWidget(again)
    assert again.pipeline_b.itemText(0) == "resize 32x32 | tf"


def test_ready_pipelines_are_ones_that_the_session_reads(bar: InputBar) -> None:
    lines = [bar.pipeline_a.itemText(i) for i in range(bar.pipeline_a.count())]
    assert {"caffe", "torch", "tf", "scale 1/255"} <= set(lines)
    assert [str(parse(line)) for line in lines] == lines


def test_a_pipeline_that_cannot_be_read_is_said_at_once(qtbot: QtBot, bar: InputBar, state: AppState) -> None:
    enter(qtbot, bar.pipeline_a, "scal 1/255")
    assert "scal 1/255" in state.status
    assert "scale" in state.status
    assert state.session.settings.preprocess_a == "", "what cannot be read is not run"
    enter(qtbot, bar.pipeline_a, "scale 1/255")
    assert "BAD_PIPELINE" not in state.status


def test_escape_takes_back_what_was_typed(qtbot: QtBot, bar: InputBar, state: AppState) -> None:
    qtbot.keyClicks(bar.spec.line, "xyz")
    qtbot.keyClick(bar.spec, Qt.Key.Key_Escape)
    assert bar.spec.text() == "random:0"
    assert state.session.settings.inputs == ("random:0",)


def test_the_preview_shows_what_each_side_receives(qtbot: QtBot, matched: MainWindow) -> None:
    matched.input_bar.preview.click()
    qtbot.waitUntil(lambda: len(matched.preview.rows) == 1)
    a, b = matched.preview.rows[0]
    assert (a.name.raw, a.facts.text()) == ("input_1", "1×8×8×3  float32")
    assert b.name.raw == "import/input_1:0"
    assert a.statistics.text() == "0 … 1,  mean 0.5 ± 0.29"
    qtbot.waitUntil(a.picture.isVisible)


def test_a_preview_that_fails_says_why(qtbot: QtBot, matched: MainWindow) -> None:
    matched.input_bar.preview.click()
    matched.input_bar.set_input("broken")
    qtbot.waitUntil(lambda: "BAD_SPEC" in matched.preview.message.text())
    assert "Write random:0 or a path." in matched.preview.message.text()


def test_range_and_batch_reach_the_session(qtbot: QtBot, matched: MainWindow) -> None:
    matched.input_bar.preview.click()
    matched.preview.high.setValue(2.5)
    matched.preview.high.editingFinished.emit()
    matched.preview.batch.setValue(4)
    matched.preview.batch.editingFinished.emit()
    settings = matched.state.session.settings
    assert (settings.low, settings.high, settings.batch) == (0.0, 2.5, 4)


def test_pictures_of_samples(qtbot: QtBot) -> None:
    red = np.zeros((1, 2, 5, 3), np.float32)
    red[..., 0] = 1
    image = sample_image(red)
    assert (image.width(), image.height()) == (5, 2)
    assert image.pixelColor(0, 0).getRgb()[:3] == (255, 0, 0)
    planes = sample_image(np.moveaxis(red, 3, 1))
    assert planes.pixelColor(3, 1).getRgb()[:3] == (255, 0, 0)
    vector = sample_image(np.arange(10, dtype=np.float32)[None])
    assert (vector.width(), vector.height()) == (4, 4)
    assert sample_image(np.zeros((1, 2, 3, 4, 5))) is None
    assert sample_image(np.full((1, 4, 4), np.nan)) is not None


def test_words_are_typed_as_an_input_and_previewed(qtbot: QtBot, matched: MainWindow) -> None:
    session = matched.state.session
    preview = fake_preview()
    words = np.array([[b"good film"], [b"bad"]], np.bytes_)
    used = replace(preview.used, shape_a=(2, 1), shape_b=(2, 1), dtype_a="string", dtype_b="string")
    session.preview = lambda progress=None: (replace(preview, used=used, array_a=words, array_b=words),)
    line = matched.input_bar.spec.line
    line.selectAll()
    qtbot.keyClicks(line, "text:good film|bad")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert session.settings.inputs == ("text:good film|bad",)
    matched.input_bar.preview.click()
    qtbot.waitUntil(lambda: len(matched.preview.rows) == 1)
    for received in matched.preview.rows[0]:
        assert received.statistics.text() == "\u201cgood film\u201d, \u201cbad\u201d"
        assert not received.picture.isVisible()
    assert "text:" in [matched.input_bar.spec.itemText(row) for row in range(matched.input_bar.spec.count())]
