"""Short errors: the telling line of a framework's message, and the tensors that a wrong name may have meant."""

import difflib
from typing import Any, Iterable

from .server import RequestError

LONGEST = 600
NOT_TELLING = (
    "File ",
    "Traceback",
    "Detected at node",
    "[[",
    "Exception encountered when calling",
    "Graph execution error",
    "Node:",
    "<stack trace",
)


def short(text: Any) -> str:
    """The first telling line of a framework's message, without tracebacks and file names."""
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(NOT_TELLING)]
    return ((telling or lines or ["no message"])[0])[:LONGEST]


def reason(error: BaseException, text: str = "") -> str:
    """What went wrong; a bare word or number says nothing without the error's type."""
    words = short(text or error)
    return words if " " in words else "{}: {}".format(type(error).__name__, words)


def no_such_tensor(name: str, known: Iterable[str]) -> RequestError:
    """Names the closest tensors that do exist."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    todo = "Did you mean {}?".format(" or ".join(near)) if near else ""
    return RequestError("NO_SUCH_TENSOR", "no tensor is called {}".format(name), name, todo)
