"""Which settings hold for a pair that has just been opened, and that a match of other files never stands."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from inspector.domain.errors import Cancelled
from inspector.session.carried import settings_for, swapped
from inspector.session.session import Session
from inspector.session.settings import Settings
from inspector.session.store import Store

BEFORE = Settings(inputs=("cat.png",), preprocess_a="tf", preprocess_b="bgr", high=255.0)
KEPT = Settings(inputs=("ones",), preprocess_a="caffe", low=-1.0)


@pytest.mark.parametrize(
    ("remembered", "given", "staying", "expected"),
    [
        (None, (), (), Settings()),
        (None, (), ("a",), Settings(inputs=("cat.png",), preprocess_a="tf", high=255.0)),
        (None, (), ("b",), Settings(inputs=("cat.png",), preprocess_b="bgr", high=255.0)),
        (KEPT, (), ("a",), KEPT),
        (KEPT, ("inputs",), (), Settings(inputs=("cat.png",), preprocess_a="caffe", low=-1.0)),
        (None, ("inputs", "high"), (), Settings(inputs=("cat.png",), high=255.0)),
    ],
)
def test_given_wins_then_remembered_then_what_the_files_keep(remembered, given, staying, expected) -> None:
    assert settings_for(BEFORE, remembered, given=given, staying=staying) == expected


def test_a_preprocessing_goes_with_its_file() -> None:
    assert (swapped(BEFORE).preprocess_a, swapped(BEFORE).preprocess_b) == ("bgr", "tf")


def test_the_preprocessing_of_one_pair_does_not_go_to_the_next(demo, tmp_path: Path) -> None:
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.recall_settings()
        session.settings = Settings(inputs=("ones",), preprocess_a="tf", preprocess_b="bgr")
        session.save_settings()
        session.open("b", demo.faulty)
        session.recall_settings()
        assert session.settings == Settings(inputs=("ones",), preprocess_a="tf"), "A is the same file"
        session.swap()
        session.recall_settings()
        assert session.settings == Settings(inputs=("ones",), preprocess_b="tf")
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.recall_settings()
        assert session.settings == Settings(inputs=("ones",), preprocess_a="tf", preprocess_b="bgr"), "as last time"


def test_a_given_input_wins_also_where_it_is_the_usual_one(demo, tmp_path: Path) -> None:
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.settings = Settings(inputs=("ones",), preprocess_b="bgr")
        session.save_settings()
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.settings = Settings(inputs=("random:0",))
        session.recall_settings(("inputs",))
        assert session.settings == Settings(inputs=("random:0",), preprocess_b="bgr")


def test_a_match_of_a_file_that_has_gone_never_stands(demo, tmp_path: Path) -> None:
    """B is opened anew in the middle of a match: that match is given up, and the next one is of the new B."""
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        session.match()
        session.open("b", demo.pb)
        begun, go_on, raised = threading.Event(), threading.Event(), []
        prints = session._sides["a"].fingerprints

        def held():
            begun.set()
            go_on.wait(30)
            return prints()

        session._sides["a"].fingerprints = held

        def match() -> None:
            try:
                session.match()
            except Cancelled as error:
                raised.append(error)

        thread = threading.Thread(target=match)
        thread.start()
        assert begun.wait(30)
        session.open("b", demo.faulty)
        go_on.set()
        thread.join(60)
        assert len(raised) == 1
        assert session.match().matches
        epsilons = [layer.settings.get("epsilon") for layer in session._sides["b"].computation().layers]
        assert pytest.approx(0.01) in epsilons
        assert [Path(b).name for _a, b in session.recent()] == ["digits_faulty.pb", "digits.pb"]


def test_matching_ends_when_it_is_stopped(demo, tmp_path: Path) -> None:
    with Session(store=Store(tmp_path)) as session:
        session.open("a", demo.h5)
        session.open("b", demo.pb)
        plain = session._sides["a"].fingerprints

        def stopping():
            session.stop_matching()
            return plain()

        session._sides["a"].fingerprints = stopping
        with pytest.raises(Cancelled):
            session.match()
        session._sides["a"].fingerprints = plain
        assert session.match().matches
