"""Whatever went wrong, as the one line that the command prints on standard error."""

from __future__ import annotations

import traceback
from pathlib import Path

from inspector.domain.errors import InspectorError
from inspector.domain.wording import elided

LONGEST = 2000


def failure_line(error: Exception) -> str:
    """Code, what, where and what to do, in one line of plain text whatever a name in it holds."""
    return elided(" ".join(str(acted_on(error)).split()), LONGEST)


def acted_on(error: Exception) -> InspectorError:
    """The error as one that a person can act on: OS_ERROR for the system's, UNEXPECTED for our own faults."""
    match error:
        case InspectorError():
            return error
        case OSError():
            what, where = error.strerror or str(error), str(error.filename or "")
            return InspectorError("OS_ERROR", what, where=where, todo="Check the path and its permissions.")
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    todo = "This is a fault of Model Inspector: please report it."
    return InspectorError("UNEXPECTED", f"{type(error).__name__}: {error}", where=where, todo=todo)
