"""The check for processes that are left behind sees one, and sees it gone."""

from __future__ import annotations

import os
import subprocess
import sys

from conftest import descendants


def test_a_living_child_is_seen() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()", "left-behind"], stdin=subprocess.PIPE)
    try:
        assert any("left-behind" in line for line in descendants(os.getpid()))
    finally:
        child.kill()
        child.communicate()
    assert not any("left-behind" in line for line in descendants(os.getpid()))
