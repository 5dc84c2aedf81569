"""A guard against faults of PySide6 6.12: it takes references of `True` and `None` away that it never had.

Every `Signal.emit` takes one of `True`; every model cell read as `None`, queued signal with `None` and painted
plot item takes one or more of `None`. On Python before 3.12, where both are counted like any object, the process
aborts after some hundred signals ("bool_dealloc: deallocating True or False") or some ten thousand cells
("none_dealloc: deallocating None"). 6.11 and earlier are sound.
"""

from __future__ import annotations

import ctypes
import sys

import PySide6

MANY = 1 << 40  # losses; at a million a second that is twelve days


def keep_true_and_none() -> None:
    """Give `True` and `None` so many references that they outlive the process; nothing where none are lost."""
    if sys.version_info < (3, 12) and PySide6.__version_info__[:2] == (6, 12):
        for lasting in (True, None):
            ctypes.c_ssize_t.from_address(id(lasting)).value += MANY
