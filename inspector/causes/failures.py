"""A cause that raises ends no comparison: it is told as a warning with its name, and the others go on."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path

from inspector.domain.errors import Cancelled
from inspector.domain.files import Warn

CODE = "CAUSE_FAILED"
STRICT = "MODEL_INSPECTOR_STRICT"  # the tests set it: there a cause that raises ends the comparison after all


class Failures:
    """What failed while causes were looked for, each thing once."""

    def __init__(self) -> None:
        self._found: dict[Warn, None] = {}

    @property
    def warnings(self) -> tuple[Warn, ...]:
        return tuple(self._found)

    def of(self, cause: str) -> Kept:
        """A context that keeps what its body raises, but for Cancelled; the body ends there."""
        return Kept(self._found, cause)


@dataclass(frozen=True, slots=True)
class Kept:
    """The context of `Failures.of`."""

    found: dict[Warn, None]
    cause: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Exception) or isinstance(error, Cancelled) or os.environ.get(STRICT):
            return False
        self.found[Warn(CODE, _text(self.cause, error))] = None
        return True


def _text(cause: str, error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    return (
        f"the cause {cause} failed and says no more ({type(error).__name__}: {error}, at {place}); all else holds. "
        "Please report this line"
    )
