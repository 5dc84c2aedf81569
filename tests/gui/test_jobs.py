"""Jobs run off the GUI thread, answer on it, and are forgotten when a newer one has taken their place."""

from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot

from inspector.domain.errors import Cancelled, InspectorError
from inspector.gui.jobs import Jobs


@pytest.fixture
def jobs(qtbot: QtBot) -> Jobs:
    return Jobs()


def test_works_elsewhere_and_answers_on_the_gui_thread(qtbot: QtBot, jobs: Jobs) -> None:
    seen = []
    jobs.run(threading.current_thread, lambda worker: seen.append((worker, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(seen))
    worker, answered = seen[0]
    assert worker is not threading.main_thread()
    assert answered is threading.main_thread()


def test_a_newer_job_of_the_same_key_makes_the_older_one_stale(qtbot: QtBot, jobs: Jobs) -> None:
    release, seen = threading.Event(), []
    jobs.run(lambda: release.wait(5) and "old", seen.append, seen.append, key="search")
    jobs.run(lambda: "new", seen.append, seen.append, key="search")
    qtbot.waitUntil(lambda: seen == ["new"])
    release.set()
    jobs.run(lambda: "other", seen.append, key="other")
    qtbot.waitUntil(lambda: "other" in seen and not jobs.busy)
    assert seen == ["new", "other"]


def test_progress_of_a_dropped_job_is_dropped_too(qtbot: QtBot, jobs: Jobs) -> None:
    go, told, done = threading.Event(), [], []

    def work(progress) -> str:
        go.wait(5)
        progress("half", 1, 2)
        return "done"

    jobs.run(work, done.append, None, lambda *said: told.append(said), key="run")
    jobs.drop("run")
    go.set()
    jobs.run(lambda: 1, done.append)
    qtbot.waitUntil(lambda: done == [1])
    qtbot.wait(50)
    assert (told, done) == ([], [1])


def test_a_dropped_job_ends_where_it_tells_how_far_it_is(qtbot: QtBot, jobs: Jobs) -> None:
    go, reached = threading.Event(), []

    def work(progress) -> None:
        progress("start", 0, 2)
        go.wait(5)
        progress("half", 1, 2)
        reached.append("the end")

    jobs.run(work, None, None, lambda *_told: None, key="run")
    jobs.drop("run")
    go.set()
    qtbot.waitUntil(lambda: not any(thread.name == "run" for thread in threading.enumerate()))
    assert reached == []


def test_progress_arrives_in_order(qtbot: QtBot, jobs: Jobs) -> None:
    told, done = [], []

    def work(progress) -> int:
        for step in range(5):
            progress("step", step, 5)
        return 7

    jobs.run(work, done.append, None, lambda text, step, total: told.append(step))
    qtbot.waitUntil(lambda: done == [7])
    assert told == [0, 1, 2, 3, 4]


def test_errors_arrive_with_their_code_and_a_stop_is_silent(qtbot: QtBot, jobs: Jobs) -> None:
    seen, done = [], []

    def fails(error: Exception):
        def work() -> None:
            raise error

        return work

    jobs.run(fails(InspectorError("BAD", "it is bad")), None, lambda error: seen.append(error.code))
    jobs.run(fails(ValueError("odd")), None, lambda error: seen.append((error.code, error.what)))
    jobs.run(fails(Cancelled()), None, lambda error: seen.append("cancelled"))
    jobs.run(lambda: 1, done.append)
    qtbot.waitUntil(lambda: len(seen) == 2 and done == [1] and not jobs.busy)
    assert sorted(map(str, seen)) == sorted(["BAD", str(("UNEXPECTED", "ValueError: odd"))])


def test_nothing_is_delivered_after_the_end(qtbot: QtBot, jobs: Jobs) -> None:
    seen = []
    jobs.run(lambda: 1, seen.append)
    jobs.close()
    qtbot.wait(50)
    assert seen == []
