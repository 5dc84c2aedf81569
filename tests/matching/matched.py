"""Match a pair of files as the session does, in this process."""

from __future__ import annotations

from typing import Any

import numpy as np

from inspector.domain.computation import Computation
from inspector.domain.match import Assignment
from inspector.formats import open_file
from inspector.formats.values import fingerprint
from inspector.matching import Contents, match

RIGHT = {"exact", "transposed", "rounded", "split", "folded"}


def matched(h5: Any, pb: Any, **options: Any) -> tuple[Computation, Computation, Assignment]:
    """Both computations and the assignment."""
    one, other = open_file(str(h5)), open_file(str(pb))
    a, b = one.computation(), other.computation()
    contents = Contents(prints(one, a), prints(other, b), one.values, other.values)
    assignment = match(a, b, contents, **options)
    one.close()
    other.close()
    return a, b, assignment


def prints(opened: Any, computation: Computation) -> list[Any]:
    """Fingerprints of all weights."""
    ids = dict.fromkeys(weight.id for layer in computation.layers for weight in layer.weights)
    return [fingerprint(opened, value_id) for value_id in ids]


def equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two values are the same but for rounding, element by element in C order."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return a.size == b.size and bool(np.abs(a.ravel() - b.ravel()).max(initial=0) <= 2e-4 * max(np.abs(a).max(), 1e-6))
