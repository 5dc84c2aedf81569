"""A cause that raises is told and the others go on; in the tests it ends them."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from layer_case import case_of, layer

import inspector.causes
from inspector.causes import Case, Failures, Suspicion, suspicions
from inspector.causes.failures import STRICT
from inspector.domain.errors import Cancelled


def suspicion(cause: str) -> Suspicion:
    return Suspicion(cause=cause, title="", layer_a="", layer_b="", confidence=0.5, evidence="", mend="")


def cause(name: str, error: Exception | None) -> ModuleType:
    """A cause that says one thing, and then raises the error or ends."""
    made = ModuleType(f"inspector.causes.{name}")

    def suspect(_case: Case) -> Iterator[Suspicion]:
        yield suspicion(name)
        if error is not None:
            raise error

    made.suspect = suspect
    return made


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    """A case of no difference, which two causes are asked about; the first one raises a KeyError."""
    monkeypatch.setattr(inspector.causes, "CAUSES", (cause("bad_one", KeyError("gate")), cause("good_one", None)))
    one = np.zeros((1, 2))
    return case_of(layer("relu"), [one], one, one)


def test_a_cause_that_raises_is_told_and_the_others_go_on(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STRICT)
    failures = Failures()
    found = suspicions(case, failures)
    assert [item.cause for item in found] == ["bad_one", "good_one"]
    (warning,) = failures.warnings
    assert warning.code == "CAUSE_FAILED"
    assert warning.text.startswith("the cause bad-one failed and says no more (KeyError: 'gate', at test_failures.py:")
    suspicions(case, failures)
    assert len(failures.warnings) == 1, "the same failure is told once"


def test_in_the_tests_it_raises(case: Case) -> None:
    with pytest.raises(KeyError, match="gate"):
        suspicions(case, Failures())


def test_a_stopped_job_stops(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STRICT)
    monkeypatch.setattr(inspector.causes, "CAUSES", (cause("stopped", Cancelled()),))
    with pytest.raises(Cancelled):
        suspicions(case, Failures())
