"""Starts the window from the command, before Qt is imported."""

from __future__ import annotations

import signal


def start(paths: list[str], inputs: list[str]) -> int:
    """Show the window on up to two files; its exit status.

    Until the window heeds signals there is nothing to clean up, and what a handler raises in the midst of an import
    may be lost: so they end the process by themselves."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    from inspector.gui.app import main

    return main(paths, inputs)
