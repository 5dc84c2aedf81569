"""A cause that raises ends no comparison: it is told as a warning with its name, and the others go on."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
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

    @contextmanager
    def of(self, cause: str) -> Iterator[None]:
        """Keeps what the body raises, but for Cancelled; the body ends there."""
        try:
            yield
        except Cancelled:
            raise
        except Exception as error:
            if os.environ.get(STRICT):
                raise
            self._found[Warn(CODE, _text(cause, error))] = None


def _text(cause: str, error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    return (
        f"the cause {cause} failed and says no more ({type(error).__name__}: {error}, at {place}); all else holds. "
        "Please report this line"
    )
