"""What is shown, from what is known: the pure function behind the window."""

from __future__ import annotations

from dataclasses import replace

from fakes import assignment, comparison

from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile
from inspector.gui.snapshot import Known, resolve

H5 = ModelFile(
    path="/m.h5", format="keras-h5", title="Keras HDF5 model", size=1, runs_in="tf_keras", reason="old Keras"
)
PB = ModelFile(path="/m.pb", format="graphdef", title="frozen graph", size=1, runs_in="graph", reason="a graph")
NOTHING = Known(files={"a": None, "b": None}, failed={"a": None, "b": None})
OPEN = replace(NOTHING, files={"a": H5, "b": PB})
MATCHED = replace(OPEN, assignment=assignment())


def test_nothing_is_open() -> None:
    shown = resolve(NOTHING)
    assert (shown.page, shown.title, shown.can_run, shown.can_swap) == (
        "empty",
        "Model Inspector",
        False,
        False,
    )


def test_one_side_asks_for_the_other() -> None:
    shown = resolve(replace(NOTHING, files={"a": H5, "b": None}))
    assert shown.sentence == "Open B to compare it with m.h5."
    assert resolve(replace(NOTHING, files={"a": None, "b": PB})).sentence == "Open A to compare it with m.pb."
    assert not shown.can_run


def test_matched_can_be_run() -> None:
    shown = resolve(MATCHED)
    assert shown.sentence == "18 of 18 layers matched."
    assert shown.can_run
    assert not shown.can_stop
    assert shown.title == "m.h5 and m.pb - Model Inspector"


def test_a_file_that_cannot_run_says_why() -> None:
    shown = resolve(replace(MATCHED, files={"a": replace(H5, runs_in="", reason="weights only"), "b": PB}))
    assert (shown.sentence, shown.detail) == ("A can be browsed but not run.", "Weights only")
    assert not shown.can_run


def test_running_can_be_stopped_and_not_started_again() -> None:
    shown = resolve(replace(MATCHED, running=True, busy="tap 3"))
    assert (shown.sentence, shown.detail, shown.can_run, shown.can_stop) == (
        "Comparing…",
        "tap 3",
        False,
        True,
    )


def test_the_answer_is_the_sentence_with_its_status() -> None:
    shown = resolve(replace(MATCHED, comparison=comparison()))
    assert shown.status == "different"
    assert shown.sentence.startswith("B differs from bn_2 on")
    assert shown.detail == "input random:0  ·  18 layers compared  ·  0.3 s  ·  1 warning"
    assert shown.can_save


def test_an_error_takes_the_answers_place() -> None:
    error = InspectorError("WORKER_CRASHED", "the runner of A ended")
    shown = resolve(replace(MATCHED, error=error))
    assert (shown.status, shown.detail) == ("not-comparable", "the runner of A ended")
    assert shown.can_run
