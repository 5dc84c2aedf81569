"""Answers of both sides are converted in threads: types that are described for the first time in several at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROUNDS = 500  # msgspec 0.22 ended in each of six such runs, 0.23 in none of twenty


def test_types_are_described_for_the_first_time_in_several_threads() -> None:
    script = Path(__file__).with_name("first_use.py")
    ended = subprocess.run(
        [sys.executable, str(script), str(ROUNDS)], capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stderr
