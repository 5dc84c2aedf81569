"""The soak notices what it is there for: a process that dies, one that hangs, one that ends otherwise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import soak
from soak import Task, one, table

PYTHON = (sys.executable, "-X", "faulthandler", "-c")
SIGSEGV, SIGABRT = -11, -6


def ended(folder: Path, program: str, limit: float = 60.0) -> soak.Ended:
    return one(Task("test", (*PYTHON, program), (0,)), folder, limit)


def test_a_process_that_dies_is_told_with_its_threads(tmp_path: Path) -> None:
    found = ended(tmp_path, "import faulthandler; faulthandler._sigsegv()")
    assert (found.status, found.crashed, found.right) == (SIGSEGV, True, False)
    assert "Fatal Python error: Segmentation fault" in found.said
    assert "1 SIGSEGV" in table([found], ["core"], 1.0)
    assert "1 processes in 1 s: 1 crashed or hung, 1 core dumps" in table([found], ["core"], 1.0)


def test_a_process_that_hangs_says_where(tmp_path: Path) -> None:
    found = ended(tmp_path, "import time; time.sleep(60)", limit=2.0)
    assert (found.hung, found.crashed, found.right, found.status) == (True, True, False, SIGABRT)
    assert 'File "<string>", line 1' in found.said


@pytest.mark.parametrize(("status", "right"), [(0, True), (1, False)])
def test_another_exit_state_is_wrong_and_no_crash(tmp_path: Path, status: int, right: bool) -> None:
    found = ended(tmp_path, f"raise SystemExit({status})")
    assert (found.status, found.right, found.crashed) == (status, right, False)


def test_one_in_so_many_is_a_pair_of_models(tmp_path: Path) -> None:
    kinds = [task.kind for task in soak.comparisons(tmp_path, 40, 20)]
    assert [at for at, kind in enumerate(kinds) if kind == "comparison of models"] == [19, 39]
    assert kinds.count("comparison of recordings") == 20
    assert [task.kind for task in soak.windows(tmp_path, 20, 20)].count("window on models") == 1


def test_a_comparison_of_recordings_ends_as_it_should(tmp_path: Path) -> None:
    task = next(soak.comparisons(tmp_path, 1, 20))
    found = one(task, tmp_path, 120.0)
    assert (found.status, found.right) == (1, True), found.said
