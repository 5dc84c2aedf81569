"""Convert as a person does it: the panel, what would be lost, the run, stop, errors, the result."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeSession, comparison
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import Warn
from inspector.gui.convert.panel import NOTHING_LOST, ConvertPanel
from inspector.gui.convert.wording import beside, renamed
from inspector.gui.window import MainWindow
from inspector.session.conversion import FORMS, Converted, Plan, Proof, Target
from inspector.workers.runner_client import Written

LEFT = Qt.MouseButton.LeftButton


class FakeConversion:
    """A conversion that writes an empty file. What the class holds is what all of them do."""

    losses: tuple[Warn, ...] = ()
    error: InspectorError | None = None
    good = True
    waits = False
    made: list[FakeConversion]

    def __init__(self, path: Path, target: Target, *, options: Any, settings: Any) -> None:
        self.path, self.target, self.options, self.settings = path, target, options, settings
        self.stopped = threading.Event()
        self.closed = False
        type(self).made.append(self)

    def __enter__(self) -> FakeConversion:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def plan(self) -> Plan:
        if self.error is not None:
            raise self.error
        return Plan(target=self.target, title="Keras HDF5 model", losses=self.losses)

    def run(self, write_reports: Callable[..., None], progress: Callable[[str, int, int], None]) -> Converted:
        progress("writing", 1, 2)
        if self.waits:
            self.stopped.wait(20)
            raise Cancelled
        if self.error is not None:
            raise self.error
        self.target.out.write_bytes(b"x")
        proof = Proof(
            inputs=("random:0",), comparison=comparison(), good=self.good, text="they agree", max_abs=0.0, sqnr_db=90.0
        )
        report = self.target.out.with_name(f"{self.target.out.name}.report.html")
        written = Written(path="", inputs=(), outputs=(), notes=(Warn("FOLDED", "2 layers are folded"),))
        return Converted(plan=self.plan(), written=written, proofs=(proof,), files=(self.target.out, report))

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeConversion]:
    return type("Fake", (FakeConversion,), {"made": []})


@pytest.fixture
def panel(qtbot: QtBot, matched: MainWindow, fake: type[FakeConversion]) -> ConvertPanel:
    """The panel of A, opened by a click."""
    matched.converting.make = fake
    qtbot.mouseClick(matched.sides["a"].convert, LEFT)
    settled(qtbot, matched)
    return matched.converting.panels["a"]


def settled(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.state.jobs.busy)


def choose(qtbot: QtBot, window: MainWindow, panel: ConvertPanel, form: str) -> None:
    """With the keyboard: the form's place from the top."""
    panel.rows.form.setFocus()
    QTest.keyClick(panel.rows.form, Qt.Key.Key_Home)
    for _ in range(FORMS.index(form)):  # type: ignore[arg-type]
        QTest.keyClick(panel.rows.form, Qt.Key.Key_Down)
    settled(qtbot, window)


def test_without_a_file_there_is_nothing_to_convert(window: MainWindow) -> None:
    assert not window.commands.enabled("convert-a")
    assert not window.sides["a"].convert.isVisible()


def test_what_is_lost_is_said_before_it_begins(
    qtbot: QtBot, matched: MainWindow, fake: type[FakeConversion], panel: ConvertPanel
) -> None:
    assert panel.isVisible()
    assert panel.losses.text() == NOTHING_LOST
    assert panel.rows.out.text() == str(
        Path(matched.state.files["a"].path).with_name("model_2.pb")
    )  # model.pb is there
    fake.losses = (Warn("LOSES_OPTIMIZER", "the optimizer (Adam) and its state are left out"),)
    choose(qtbot, matched, panel, "keras")
    assert panel.rows.out.text().endswith("model.keras")
    assert "the optimizer (Adam) and its state are left out" in panel.losses.text()
    assert not Path(panel.rows.out.text()).exists()
    assert all(made.closed for made in fake.made)


def test_only_what_the_form_heeds_is_asked(qtbot: QtBot, matched: MainWindow, panel: ConvertPanel) -> None:
    rows = panel.rows
    assert rows.checks["fold"].isVisible()
    assert not rows.lines["representative"].isVisible()
    choose(qtbot, matched, panel, "tflite-int8")
    assert rows.lines["representative"].isVisible()
    assert rows.lines["keep_float"].isVisible()
    assert not rows.checks["fold"].isVisible()
    choose(qtbot, matched, panel, "h5")
    assert not rows.lines["batch"].isVisible()
    assert not rows.checks["preprocess"].isVisible()


def test_the_wish_reaches_the_conversion(
    qtbot: QtBot, matched: MainWindow, fake: type[FakeConversion], panel: ConvertPanel
) -> None:
    QTest.keyClicks(panel.rows.lines["inputs"], "image=x, other=y")
    QTest.keyClicks(panel.rows.lines["batch"], "4")
    panel.rows.checks["fold"].click()
    qtbot.mouseClick(panel.go, LEFT)
    settled(qtbot, matched)
    target = fake.made[-1].target
    assert (target.form, target.inputs, target.batch, target.fold) == (
        "frozen",
        {"image": "x", "other": "y"},
        "4",
        True,
    )
    assert fake.made[-1].path == Path(matched.state.files["a"].path)


def test_the_windows_pipeline_can_be_put_inside(
    qtbot: QtBot, matched: MainWindow, session: FakeSession, fake: type[FakeConversion]
) -> None:
    matched.converting.make = fake
    session.settings = replace(session.settings, preprocess_a="scale 1/255")
    matched.commands.action("convert-a").trigger()
    settled(qtbot, matched)
    panel = matched.converting.panels["a"]
    assert fake.made[-1].settings.preprocess_b == "scale 1/255"  # outside: both get it
    choose(qtbot, matched, panel, "saved_model")
    assert panel.rows.pipeline.text() == "scale 1/255"
    panel.rows.checks["preprocess"].click()
    qtbot.mouseClick(panel.go, LEFT)
    settled(qtbot, matched)
    assert (fake.made[-1].target.preprocess, fake.made[-1].settings.preprocess_b) == ("scale 1/255", "")


def test_the_proof_is_told_and_the_file_opened_on_the_other_side(
    qtbot: QtBot, matched: MainWindow, panel: ConvertPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.mouseClick(panel.go, LEFT)
    settled(qtbot, matched)
    assert panel.answer.isVisible()
    assert panel.answer.text() == "✓  model_2.pb computes the same."
    assert "they agree" in panel.told.text()
    assert "2 layers are folded" in panel.told.text()
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    qtbot.mouseClick(panel.report_button, LEFT)
    assert shown[0].toLocalFile().endswith("model_2.pb.report.html")
    out = panel.rows.out.text()
    qtbot.mouseClick(panel.open_button, LEFT)
    qtbot.waitUntil(lambda: matched.state.files["b"] is not None and matched.state.files["b"].path == out)
    assert not panel.isVisible()


def test_a_result_that_differs_says_so(
    qtbot: QtBot, matched: MainWindow, fake: type[FakeConversion], panel: ConvertPanel
) -> None:
    fake.good = False
    qtbot.mouseClick(panel.go, LEFT)
    settled(qtbot, matched)
    assert panel.answer.text() == "✕  model_2.pb differs from its origin."
    choose(qtbot, matched, panel, "keras")
    assert not panel.answer.isVisible()  # of what was wanted before


def test_stop_ends_it_and_it_can_begin_anew(
    qtbot: QtBot, matched: MainWindow, fake: type[FakeConversion], panel: ConvertPanel
) -> None:
    fake.waits = True
    qtbot.mouseClick(panel.go, LEFT)
    qtbot.waitUntil(lambda: panel.step.raw == "writing")
    assert panel.progress.isVisible()
    assert not panel.go.isVisible()
    assert not panel.rows.isEnabled()
    qtbot.mouseClick(panel.stop_button, LEFT)
    assert panel.go.isVisible()
    assert not panel.answer.isVisible()
    qtbot.waitUntil(lambda: fake.made[-1].closed)
    assert matched.state.status == "The conversion was stopped. Nothing of it is left."
    fake.waits = False
    qtbot.mouseClick(panel.go, LEFT)
    settled(qtbot, matched)
    assert panel.answer.isVisible()


def test_it_goes_on_while_the_panel_is_closed_and_ends_with_the_window(
    qtbot: QtBot, matched: MainWindow, fake: type[FakeConversion], panel: ConvertPanel
) -> None:
    fake.waits = True
    qtbot.mouseClick(panel.go, LEFT)
    qtbot.waitUntil(lambda: panel.step.raw == "writing")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not panel.isVisible()
    assert panel.running
    matched.close()
    assert fake.made[-1].stopped.is_set()
    assert fake.made[-1].closed


def test_what_stands_in_the_way_is_said_at_once(
    qtbot: QtBot, matched: MainWindow, fake: type[FakeConversion], panel: ConvertPanel
) -> None:
    fake.error = InspectorError(
        "EXISTS", "there is something already", where="model.keras", todo="Choose another name."
    )
    choose(qtbot, matched, panel, "keras")
    assert panel.error.isVisible()
    assert panel.error.text() == "✕  there is something already [model.keras]. Choose another name."
    fake.error = None
    panel.rows.checks["overwrite"].click()
    settled(qtbot, matched)
    assert not panel.error.isVisible()


@pytest.mark.parametrize(("name", "text"), [("batch", "many"), ("inputs", "x"), ("outputs", "=y")])
def test_a_word_that_means_nothing_is_named(
    qtbot: QtBot, fake: type[FakeConversion], panel: ConvertPanel, name: str, text: str
) -> None:
    before = len(fake.made)
    QTest.keyClicks(panel.rows.lines[name], text)
    qtbot.mouseClick(panel.go, LEFT)
    assert panel.error.isVisible()
    assert text in panel.error.text()
    assert len(fake.made) == before


def test_the_place_is_chosen_in_a_dialog(
    qtbot: QtBot, matched: MainWindow, panel: ConvertPanel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_words: (str(tmp_path / "mine.pb"), ""))
    qtbot.mouseClick(panel.rows.browse, LEFT)
    settled(qtbot, matched)
    assert panel.rows.target().out == tmp_path / "mine.pb"


def test_names_beside_the_file_are_free(tmp_path: Path) -> None:
    (tmp_path / "net.pb").touch()
    assert beside(str(tmp_path / "net.h5"), "frozen") == tmp_path / "net_2.pb"
    assert beside(str(tmp_path / "net.v1"), "saved_model") == tmp_path / "net.v1_saved_model"
    assert renamed(" a = b ,c/d=e", "names") == {"a": "b", "c/d": "e"}
