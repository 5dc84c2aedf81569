"""The check for processes that are left behind sees one, and sees it gone."""

from __future__ import annotations

import os
import subprocess
import sys

from child_processes import descendants


def test_a_living_child_is_seen() -> None:
    command = [sys.executable, "-c", "print('ready', flush=True); input()", "left-behind"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        assert any("left-behind" in line for line in descendants(os.getpid()))
    finally:
        child.kill()
        child.communicate()
    assert not any("left-behind" in line for line in descendants(os.getpid()))
