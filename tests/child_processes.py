"""Which processes the tests have running."""

from __future__ import annotations

from pathlib import Path

# Belong to a library in the tests' own process, and end with it.
LIBRARIES_OWN = ("QtWebEngineProcess", "multiprocessing.resource_tracker", "loky")


def descendants(parent: int) -> list[str]:
    """Command lines of all living descendants of a process (Linux; elsewhere none are found)."""
    found = []
    for children in Path("/proc").glob(f"{parent}/task/*/children"):
        for pid in children.read_text().split():
            line = _command_line(int(pid))
            found += ([line] if line else []) + descendants(int(pid))
    return found


def _command_line(pid: int) -> str:
    """The command line, or nothing for one that has ended, waits to be reaped, or is a library's own."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    if any(name.encode() in raw for name in LIBRARIES_OWN):
        return ""
    return raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()
