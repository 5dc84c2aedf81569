"""The session of `compare --static`."""

from __future__ import annotations

from inspector.domain.comparison import Comparison
from inspector.session.session import Session, silent
from inspector.workers.child import Progress


class StaticSession(Session):
    """A session that compares without starting a runner."""

    def compare(self, progress: Progress = silent) -> Comparison:
        return self.compare_static(progress)
