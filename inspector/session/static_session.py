"""The session of `compare --static`."""

from __future__ import annotations

import time

from inspector.domain.comparison import Comparison
from inspector.session.session import Session, silent
from inspector.session.static import compare_static
from inspector.workers.child import Progress


class StaticSession(Session):
    """A session that compares without starting a runner."""

    def compare(self, progress: Progress = silent) -> Comparison:
        """What weights and settings say. No numbers: no inputs, no outputs, every layer is `not-compared`."""
        started = time.perf_counter()
        assignment = self.match(progress)
        progress("comparing weights and settings", 0, 0)
        found = compare_static(self._sides["a"], self._sides["b"], assignment)
        found.timings["static"] = round(time.perf_counter() - started, 3)
        return found
