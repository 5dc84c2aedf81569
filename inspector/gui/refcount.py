"""A guard against a fault of PySide6 6.12: every `Signal.emit` takes a reference of `True` away.

On Python before 3.12, where `True` is counted like any object, the process aborts after some hundred
signals ("bool_dealloc: deallocating True or False"). 6.11 and earlier are sound.
"""

from __future__ import annotations

import ctypes
import sys

import PySide6

MANY = 1 << 40  # emits; at a million a second that is twelve days


def keep_true() -> None:
    """Give `True` so many references that it outlives the process; nothing where they are not lost."""
    if sys.version_info < (3, 12) and PySide6.__version_info__[:2] == (6, 12):
        ctypes.c_ssize_t.from_address(id(True)).value += MANY
