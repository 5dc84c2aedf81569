"""What a person chose for this side, as the app sends it: the fields of its SideOptions."""

from typing import Any, Dict, NamedTuple, Optional


class Options(NamedTuple):
    """`trust`: the file may run code of its own. `custom`: a Python file with custom layers, "" for none.
    `choices`: which part of the file (`signature`, `tags`, `backend`, `architecture`). `threads`: 0 for the
    framework's own number. `optimise`: graph optimisation in the plain run. `float64`: the plain run and
    the taps in float64. `training`: layers behave as in training. `seed`: of the framework's random ops.
    `batch`: so many samples at a time, 0 for all."""

    trust: bool = False
    custom: str = ""
    online: bool = False
    choices: Dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    threads: int = 0
    xla: bool = False
    optimise: bool = True
    float64: bool = False
    training: bool = False
    seed: Optional[int] = None
    batch: int = 0


def options_of(message: Dict[str, Any]) -> Options:
    """Unknown fields (of a newer app) are left out, missing ones have their defaults."""
    known = {name: value for name, value in message.items() if name in Options._fields and value is not None}
    return Options(**known)
