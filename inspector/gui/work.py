"""The intents of a person as jobs on the session: open, swap, match, run, stop. No widget in here.

What is known is kept as one frozen value; each change makes a new one, and `known_changed` tells it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.files import SIDES, ModelFile, Side
from inspector.domain.match import Assignment
from inspector.gui.snapshot import Known, name_of
from inspector.gui.state import AppState, Busy
from inspector.workers.child import Progress

OPENING = Busy(text="Reading the structure…", can_stop=True)
MATCHING = Busy(text="Matching layers with tensors…")


class Work(QObject):
    """Asks the session, keeps the state. `run_when_matched` starts a run as soon as both sides are known."""

    known_changed = Signal(object)

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.known = Known(files=state.files, failed={"a": None, "b": None})
        self.run_when_matched = False
        self._paths: dict[Side, str] = {}
        state.assignment_changed.connect(lambda assignment: self._know(assignment=assignment))
        state.comparison_changed.connect(lambda comparison: self._know(comparison=comparison, error=None))
        state.file_failed.connect(self._file_failed)

    def open(self, side: Side, path: str | Path) -> None:
        """Open a file, a folder or a handle as a side; an earlier opening of that side is forgotten.

        What was chosen in the file before, and that it was trusted, holds for that file only."""
        self._paths[side] = str(path)
        self.stop_run()
        opening = {**self.known.opening, side: Path(path).name}
        self._know(opening=opening, failed={**self.known.failed, side: None})
        self._state.set_status(f"Opening {Path(path).name} as {side.upper()}…")
        self._state.set_busy(OPENING)
        fresh = replace(self._state.session.options(side), choices={}, trust=False)
        self._state.jobs.run(
            lambda: self._state.session.open(side, path, fresh),
            lambda file: self._opened(side, file),
            lambda error: self._state.file_failed.emit(side, error),
            key=f"open-{side}",
        )

    def reopen(self, side: Side) -> None:
        """Try the last file of a side again."""
        if side in self._paths:
            self.open(side, self._paths[side])

    def close_side(self, side: Side) -> None:
        """Close a side's file."""
        self.stop_run()
        self._state.jobs.run(lambda: self._state.session.close_side(side), key=f"open-{side}")
        self._closed(side)

    def swap(self) -> None:
        """Let A be B and B be A."""
        self._state.jobs.run(self._state.session.swap, self._swapped, self._failed, key="swap")

    def match(self) -> None:
        """Find which layers belong together, if both sides are there."""
        if all(self._state.files.values()):
            self._state.set_busy(MATCHING)
            self._state.jobs.run(self._recall_and_match, self._matched, self._failed, self._match_progress, key="match")

    def options_set(self, side: Side) -> None:
        """A side has other options: what was worked out without them is no longer true."""
        file = self._state.session.file(side)
        if file is not self._state.files[side]:
            self._state.set_file(side, file)
            self._know(files=dict(self._state.files))
        else:
            self._state.set_comparison(None)
            self._state.set_assignment(None)
        if all(self._state.files.values()):
            self._state.jobs.run(lambda: self._state.session.save_options(side), key=f"keep-options-{side}")
        self.match()

    def _recall_and_match(self, progress: Progress) -> tuple[Assignment, list[InspectorError]]:
        recalled = self._state.session.recall_options()
        self._state.session.recall_settings()
        return self._state.session.match(progress), [error for _side, error in recalled if error is not None]

    def run(self) -> None:
        """Compare; a second press while it runs does nothing."""
        if self.known.running or self._state.assignment is None:
            return
        self._state.set_comparison(None)
        self._know(running=True, error=None, busy="Starting…")
        self._state.set_busy(Busy(text="Starting…", can_stop=True))
        self._state.jobs.run(
            self._state.session.compare, self._compared, self._run_failed, self._progress, key="compare"
        )

    def retry(self) -> None:
        """Do again what failed: the match, or the run."""
        self._know(error=None)
        self._state.fail(None)
        if self._state.assignment is None:
            self.match()
        else:
            self.run()

    def keep_settings(self) -> None:
        """Keep the settings of this pair in the session file."""
        if all(self._state.files.values()):
            self._state.jobs.run(self._state.session.save_settings, key="settings")

    def stop(self) -> None:
        """Stop the run, or the opening; what still arrives is dropped."""
        if self.stop_run():
            self._state.set_status("Stopped. The files and the matches are still here.")
        for side in tuple(self.known.opening):
            self._state.jobs.drop(f"open-{side}")
            self._closed(side)
            self._state.set_status("Stopped.")

    def stop_run(self) -> bool:
        """Stop the run; False when there is none."""
        if not self.known.running:
            return False
        self._state.jobs.drop("compare")
        self._state.jobs.run(self._state.session.stop, key="stop")
        self._know(running=False)
        self._state.set_busy(None)
        return True

    def _opened(self, side: Side, file: ModelFile) -> None:
        self._know(opening=self._still_opening(side))
        self._state.set_busy(OPENING if self.known.opening else None)
        self._state.set_file(side, file)
        self._know(files=dict(self._state.files))
        self._state.set_status(f"{side.upper()} is {name_of(file)}: {file.reason}")
        self._state.jobs.run(self._state.session.warm, key="warm")
        self.match()

    def _closed(self, side: Side) -> None:
        self._know(opening=self._still_opening(side))
        self._state.set_busy(None)
        self._state.set_file(side, None)
        self._know(files=dict(self._state.files), failed={**self.known.failed, side: None})

    def _file_failed(self, side: Side, error: InspectorError | None) -> None:
        self._know(opening=self._still_opening(side), failed={**self.known.failed, side: error})
        self._state.set_busy(OPENING if self.known.opening else None)
        if error is not None:
            self.run_when_matched = False
            self._state.set_status(str(error))

    def _swapped(self, _nothing: Any) -> None:
        for side in SIDES:
            self._state.set_file(side, self._state.session.file(side))
        self._paths = {side: file.path for side, file in self._state.files.items() if file}
        self._know(files=dict(self._state.files), failed={"a": None, "b": None})
        self.match()

    def _matched(self, found: tuple[Assignment, list[InspectorError]]) -> None:
        assignment, refused = found
        self._state.set_busy(None)
        self._follow_files()
        self._state.set_assignment(assignment)
        pairs = sum(match.tensor_b is not None for match in assignment.matches)
        said = f"The options of this pair's last time could not be taken up: {refused[0]}" if refused else ""
        self._state.set_status(said or f"{pairs} layers of A have a tensor in B.")
        if self.run_when_matched:
            self.run_when_matched = False
            self.run()

    def _follow_files(self) -> None:
        """Options that were taken up again may have opened a file anew, at another signature, say."""
        for side in SIDES:
            file = self._state.session.file(side)
            if file is not self._state.files[side]:
                self._state.set_file(side, file)
            self._state.options_changed.emit(side)
        self._know(files=dict(self._state.files))

    def _match_progress(self, text: str, done: int, total: int) -> None:
        self._state.set_busy(Busy(text=text, done=done, total=total))

    def _progress(self, text: str, done: int, total: int) -> None:
        self._know(busy=text)
        self._state.set_busy(Busy(text=text, done=done, total=total, can_stop=True))

    def _compared(self, comparison: Comparison) -> None:
        self._know(running=False)
        self._state.set_busy(None)
        self._state.set_comparison(comparison)
        self._state.set_status(comparison.sentence.replace("`", ""))

    def _run_failed(self, error: InspectorError) -> None:
        self._know(running=False, error=error)
        self._state.set_busy(None)
        self._state.set_status(str(error))
        self._state.fail(error)

    def _failed(self, error: InspectorError) -> None:
        self._state.set_busy(None)
        self._know(error=error)
        self._state.set_status(str(error))
        self._state.fail(error)

    def _still_opening(self, done: Side) -> dict[Side, str]:
        return {side: name for side, name in self.known.opening.items() if side != done}

    def _know(self, **changes: Any) -> None:
        self.known = replace(self.known, **changes)
        self.known_changed.emit(self.known)
