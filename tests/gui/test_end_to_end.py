"""The real thing: real files, real readers and runners, the real window, driven as a person does."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from dropping import drop_on, dropped
from PySide6.QtCore import QPointF, QSettings, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from inspector.gui.app import application, demo_picture, make_window
from inspector.gui.remember import Memory
from inspector.gui.window import MainWindow
from inspector.session.session import Session
from inspector.session.store import Store

pytestmark = [pytest.mark.framework, pytest.mark.window]
LONG = 150_000  # milliseconds; TensorFlow is imported twice
CULPRIT = "bn2"  # make_demo.py sets its epsilon to 0.01 in the faulty graph


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The window on a real session whose memory ends with the test."""
    application()
    memory = Memory(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    made = make_window(Session(store=Store(tmp_path / "state")), memory, "light")
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def open_demo(qtbot: QtBot, window: MainWindow, demo) -> None:
    drop_on(window, dropped(demo.h5, demo.faulty))
    qtbot.waitUntil(lambda: window.state.assignment is not None, timeout=LONG)


def run(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert window.work.known.running


def processes(window: MainWindow) -> list[int]:
    """Process ids of the readers and runners."""
    sides = window.state.session._sides.values()
    children = [child for side in sides for child in (side._reader, side._runner) if child is not None]
    return [child.pid for child in children]


def living(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_drop_match_run_click_the_chart_and_change_a_match(qtbot: QtBot, window: MainWindow, demo) -> None:
    open_demo(qtbot, window, demo)
    paired = {match.a: match.tensor_b for match in window.state.assignment.matches}
    assert paired[CULPRIT].endswith("bn2/FusedBatchNormV3:0")
    qtbot.keyClicks(window.sides["b"].search, "bn2/FusedBatchNorm")
    hits = window.sides["b"].hits
    qtbot.waitUntil(lambda: hits.rowCount() > 0 and hits.index(0, 0).data() == paired[CULPRIT])
    qtbot.keyClick(window.sides["b"].search, Qt.Key.Key_Escape)

    line = window.input_bar.spec.line
    line.selectAll()
    qtbot.keyClicks(line, str(demo.images[0]))
    qtbot.keyClick(line, Qt.Key.Key_Return)
    run(qtbot, window)
    qtbot.waitUntil(lambda: window.state.comparison is not None, timeout=LONG)
    comparison = window.state.comparison
    different = [layer.a for layer in comparison.layers if layer.status == "different"]
    assert (comparison.verdict, different) == ("different", [CULPRIT])
    assert window.answer.sentence.text().startswith(f"B differs from {CULPRIT} on")
    assert (window.answer.mark.text(), window.answer.mark.toolTip()) == ("≠", "different")

    click_chart(qtbot, window, CULPRIT)
    assert window.state.selection.layer_a == CULPRIT
    for side, name in (("a", CULPRIT), ("b", "FusedBatchNormV3")):
        tree = window.sides[side].tree
        qtbot.waitUntil(lambda t=tree, n=name: (e := t.current_entry()) is not None and e.name == n)

    window.commands.action("find-by-value").trigger()
    found = window.results.hits.table
    qtbot.waitUntil(lambda: found.rowCount() > 1, timeout=LONG)
    ranked = [found.item(row, 0).text() for row in range(found.rowCount())]
    other = next(row for row, name in enumerate(ranked) if name != paired[CULPRIT])
    found.setCurrentCell(other, 0)
    qtbot.mouseClick(window.results.hits.match_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: changed_to(window) == ranked[other], timeout=LONG)
    evidence = window.state.match_of(CULPRIT, None).evidence
    assert [one.kind for one in evidence][:1] == ["user"]
    assert window.answer.outdated.raw == f"Out of date: the match of {CULPRIT} has changed"
    assert window.state.session.activation(0, "a") is not None, "the old answer can still be looked at"

    run(qtbot, window)
    qtbot.waitUntil(lambda: window.state.comparison is not None, timeout=LONG)
    assert window.answer.sentence.text().startswith(f"Your match of {CULPRIT} looks wrong")
    assert window.state.comparison.findings[0].cause == "wrong-match"
    assert window.state.comparison.findings[1].cause == "batchnorm-epsilon"


def changed_to(window: MainWindow) -> str | None:
    match = window.state.match_of(CULPRIT, None)
    return match.tensor_b if match else None


def click_chart(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Click where the chart draws a layer."""
    window.state.select(None, None)
    window.commands.action("tab-divergence").trigger()
    qtbot.wait(50)
    plot = window.results.tabs.divergence.plot
    place = next(i for i, layer in enumerate(plot.depth.layers) if layer.a == name)
    middle = sum(plot.getViewBox().viewRange()[1]) / 2
    spot = plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(place, middle)))
    qtbot.mouseMove(plot.viewport(), spot)
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    qtbot.waitUntil(lambda: window.state.selection.layer_a is not None)


def kill_b_when_it_runs(window: MainWindow) -> None:
    """Kill B's runner, once, when the run says that both sides are running."""

    def killed(known) -> None:
        if "running both sides" in known.busy and window.work.known_changed.disconnect(killed):
            os.kill(window.state.session._sides["b"]._runner.pid, signal.SIGKILL)

    window.work.known_changed.connect(killed)


def test_a_run_can_be_cancelled_a_runner_killed_and_all_goes_on(qtbot: QtBot, window: MainWindow, demo) -> None:
    open_demo(qtbot, window, demo)
    run(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.work.known.running
    assert window.status.raw == "Stopped. The files and the matches are still here."
    qtbot.waitUntil(lambda: not window.state.jobs.active("stop"), timeout=LONG)

    kill_b_when_it_runs(window)
    run(qtbot, window)
    panel = window.results.error
    qtbot.waitUntil(lambda: window.results.currentWidget() is panel, timeout=LONG)
    assert panel.code.text() == "WORKER_KILLED"
    assert window.sides["a"].body.currentWidget() is window.sides["a"].tree

    qtbot.mouseClick(panel.retry_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.state.comparison is not None, timeout=LONG)
    assert window.state.comparison.verdict == "different"

    run(qtbot, window)
    pids = processes(window)
    assert len(pids) == 4
    window.close()
    assert [pid for pid in pids if living(pid)] == []


def test_the_picture_of_the_demo_shows_its_answer(
    qtbot: QtBot, demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_INSPECTOR_STATE", str(tmp_path / "state"))
    out = tmp_path / "window.png"
    demo_picture(demo.h5, demo.faulty, str(demo.images[0]), out, (1200, 800))
    assert out.read_bytes().startswith(b"\x89PNG")
    assert int.from_bytes(out.read_bytes()[16:20], "big") == 1200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state", "window.png"]


def test_a_file_that_is_no_model_is_an_error_in_its_side(
    qtbot: QtBot, window: MainWindow, demo, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.h5"
    wrong.write_bytes(b"no model at all")
    drop_on(window, dropped(wrong, demo.pb))
    panel = window.sides["a"]
    qtbot.waitUntil(lambda: panel.body.currentWidget() is panel.error, timeout=LONG)
    assert panel.error.error.todo
    qtbot.waitUntil(lambda: window.state.files["b"] is not None, timeout=LONG)
    qtbot.waitUntil(lambda: window.sides["b"].model.rowCount() > 0, timeout=LONG)


def test_the_demo_over_another_pair_is_what_is_compared(qtbot: QtBot, window: MainWindow, demo) -> None:
    """The faithful pair stands open with an input and a preprocessing of its own; the demo is another pair."""
    drop_on(window, dropped(demo.h5, demo.pb))
    qtbot.waitUntil(lambda: window.state.assignment is not None, timeout=LONG)
    line = window.input_bar.pipeline_a.line
    qtbot.keyClicks(line, "scale 1/255")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    window.commands.action("demo").trigger()
    qtbot.waitUntil(lambda: window.state.comparison is not None, timeout=LONG)
    comparison = window.state.comparison
    assert (comparison.a.path, comparison.b.path) == (str(demo.h5), str(demo.faulty))
    assert [(used.preprocess_a, used.preprocess_b) for used in comparison.inputs] == [("", "")]
    assert comparison.findings[0].cause == "batchnorm-epsilon"
    recent = [(Path(a).name, Path(b).name) for a, b in window.state.session.recent()]
    assert recent == [("digits.h5", "digits_faulty.pb"), ("digits.h5", "digits.pb")]
