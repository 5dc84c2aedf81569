"""The intents of a person as jobs on the session: open, swap, match, run, stop. No widget in here.

What is known is kept as one frozen value; each change makes a new one, and `known_changed` tells it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.files import SIDES, ModelFile, Side
from inspector.domain.match import Assignment
from inspector.gui.outdated import Basis, changed, choices_of, taken_up
from inspector.gui.snapshot import Known, can_run, matched_text, name_of
from inspector.gui.state import AppState, Busy
from inspector.workers.child import Progress

OPENING = Busy(text="Reading the structure…", can_stop=True)
MATCHING = Busy(text="Matching layers with tensors…", can_stop=True)
Matched = tuple[Assignment, list[InspectorError], str]


class Work(QObject):
    """Asks the session, keeps the state. `run_when_matched` starts a run as soon as both sides are known."""

    known_changed = Signal(object)

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.known = Known(files=state.files, failed={"a": None, "b": None})
        self.run_when_matched = self._opened_together = False
        self._paths: dict[Side, str] = {}
        self._given: dict[str, Any] = {}  # fields of the settings that are meant for the pair to come
        self._settings = state.session.settings
        self._basis: Basis | None = None
        state.assignment_changed.connect(self._assigned)
        state.comparison_changed.connect(lambda comparison: self._know(comparison=comparison, error=None))
        state.settings_changed.connect(self._settings_changed)
        state.file_failed.connect(self._file_failed)

    def give(self, **settings: Any) -> None:
        """Settings for the pair that is opened next, by the names of their fields. They win over what is
        remembered of it."""
        self._given |= settings
        if not self._pair_is_open():
            session = self._state.session
            session.settings = self._settings = replace(session.settings, **settings)

    def open_pair(self, a: str | Path, b: str | Path, *, run: bool = False) -> None:
        """Open both sides, and match them once both are there; with `run` they are compared at once."""
        self.open("a", a)
        self.open("b", b)
        self.run_when_matched, self._opened_together = run, True

    def open(self, side: Side, path: str | Path) -> None:
        """Open a file, a folder or a handle as a side; an earlier opening of that side is forgotten.

        What was chosen in the file before, and that it was trusted, holds for that file only."""
        self._paths[side] = str(path)
        self.run_when_matched = self._opened_together = False
        self.stop_run()
        self._stop_matching()
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
        self._stop_matching()
        self._state.jobs.run(lambda: self._state.session.close_side(side), key=f"open-{side}")
        self._closed(side)

    def swap(self) -> None:
        """Let A be B and B be A."""
        self._state.jobs.run(self._state.session.swap, self._swapped, self._failed, key="swap")

    def match(self) -> None:
        """Find which layers belong together, if both sides are there and none is being opened."""
        if self._pair_is_open():
            self._know(matching=True, error=None)
            self._state.set_busy(MATCHING)
            given = dict(self._given)
            self._state.jobs.run(
                lambda progress: self._recall_and_match(given, progress),
                self._matched, self._match_failed, self._match_progress, key="match",
            )  # fmt: skip

    def options_set(self, side: Side) -> None:
        """A side has other options: what was worked out without them is no longer true."""
        file = self._state.session.file(side)
        if file is not self._state.files[side]:
            self._state.renew_file(side, file)
            self._know(files=dict(self._state.files))
        else:
            self._state.set_assignment(None)
        if all(self._state.files.values()):
            self._state.jobs.run(lambda: self._state.session.save_options(side), key=f"keep-options-{side}")
        self.match()

    def _recall_and_match(self, given: dict[str, Any], progress: Progress) -> Matched:
        session = self._state.session
        recalled = session.recall_options()
        before = session.settings = replace(session.settings, **given)
        session.recall_settings(given)
        told = taken_up(before, session.settings)
        return session.match(progress), [error for _side, error in recalled if error is not None], told

    def run(self) -> None:
        """Compare, after matching where that was stopped; a second press while it runs does nothing."""
        if self.known.running or not self._pair_is_open() or not self._pair_can_run():
            return
        if self._state.assignment is None:
            self.run_when_matched = True
            self._state.fail(None)
            if not self.known.matching:
                self.match()
            return
        self._compare(self._state.session.compare)

    def compare_static(self) -> None:
        """Compare weights and settings, where a side cannot be run."""
        if not self.known.running and self._pair_is_open():
            self._state.fail(None)
            self._compare(self._state.session.compare_static)

    def _compare(self, compare: Callable[[Progress], Comparison]) -> None:
        self._basis = self._present()
        self.keep_settings()
        self._state.set_comparison(None)
        self._know(running=True, error=None, busy="Starting…")
        self._state.set_busy(Busy(text="Starting…", can_stop=True))
        self._state.jobs.run(compare, self._compared, self._run_failed, self._progress, key="compare")

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
        if self._pair_is_open():
            self._state.jobs.run(self._state.session.save_settings, key="settings")

    def stop(self) -> None:
        """Stop the run, the matching, or the opening; what still arrives is dropped."""
        if self.stop_run():
            self._state.set_status("Stopped. The files and the matches are still here.")
        if self._stop_matching():
            self._state.set_status("Stopped. The files are still here; Run matches and compares them.")
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
        self._know(running=False, busy="")
        self._state.set_busy(None)
        return True

    def _stop_matching(self) -> bool:
        """Stop the matching; False when there is none."""
        if not self.known.matching:
            return False
        self.run_when_matched = False
        self._state.jobs.drop("match")
        self._state.session.stop_matching()
        self._know(matching=False)
        self._state.set_busy(None)
        return True

    def _pair_is_open(self) -> bool:
        return all(self._state.files.values()) and not self.known.opening

    def _pair_can_run(self) -> bool:
        a, b = self._state.files["a"], self._state.files["b"]
        return a is not None and b is not None and can_run(a, b) and can_run(b, a)

    def _present(self) -> Basis:
        session = self._state.session
        return Basis(
            settings=session.settings,
            options=(session.options("a"), session.options("b")),
            choices=choices_of(self._state.assignment),
        )

    def _look_whether_outdated(self) -> None:
        """While a match is worked out anew, what the person chose is not known: then it is left as it is."""
        if self._basis is not None and self._state.comparison is not None and self._state.assignment is not None:
            self._know(outdated=changed(self._basis, self._present()))

    def _assigned(self, assignment: Assignment | None) -> None:
        self._know(assignment=assignment)
        self._look_whether_outdated()

    def _settings_changed(self) -> None:
        """What is set while no pair is open yet is meant for the one to come."""
        before, self._settings = self._settings, self._state.session.settings
        if self._pair_is_open():
            self.keep_settings()
            self._look_whether_outdated()
        else:
            names = [field.name for field in fields(self._settings)]
            new = {name: getattr(self._settings, name) for name in names}
            self._given |= {name: value for name, value in new.items() if value != getattr(before, name)}

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
            if self._opened_together:  # what is open on this side is no part of the pair that was asked for
                self._state.jobs.run(lambda: self._state.session.close_side(side), key=f"open-{side}")
                self._state.set_file(side, None)
                self._know(files=dict(self._state.files))
            elif self._state.assignment is None:
                self.match()

    def _swapped(self, _nothing: Any) -> None:
        for side in SIDES:
            self._state.set_file(side, self._state.session.file(side))
        self._paths = {side: file.path for side, file in self._state.files.items() if file}
        self._know(files=dict(self._state.files), failed={"a": None, "b": None})
        self.match()

    def _matched(self, found: Matched) -> None:
        assignment, refused, told = found
        self._given.clear()
        self._settings = self._state.session.settings
        self._know(matching=False)
        self._state.set_busy(None)
        self._follow_files()
        self._state.set_assignment(assignment)
        said = f"The options of this pair's last time could not be taken up: {refused[0]}" if refused else ""
        self._state.set_status(said or f"{matched_text(assignment)} {told}".strip())
        if self.run_when_matched:
            self.run_when_matched = False
            self.run()

    def _follow_files(self) -> None:
        """Options that were taken up again may have opened a file anew, at another signature, say."""
        for side in SIDES:
            file = self._state.session.file(side)
            if file is not self._state.files[side]:
                self._state.renew_file(side, file)
            self._state.options_changed.emit(side)
        self._know(files=dict(self._state.files))

    def _match_progress(self, text: str, done: int, total: int) -> None:
        self._state.set_busy(Busy(text=text, done=done, total=total))

    def _progress(self, text: str, done: int, total: int) -> None:
        self._know(busy=text)
        self._state.set_busy(Busy(text=text, done=done, total=total, can_stop=True))

    def _compared(self, comparison: Comparison) -> None:
        self._know(running=False, outdated="", busy="")
        self._state.set_busy(None)
        self._state.set_comparison(comparison)
        self._look_whether_outdated()
        self._state.set_status(comparison.sentence.replace("`", ""))

    def _run_failed(self, error: InspectorError) -> None:
        self._know(running=False, error=error, busy="")
        self._state.set_busy(None)
        self._state.set_status(str(error))
        self._state.fail(error)

    def _match_failed(self, error: InspectorError) -> None:
        self._know(matching=False)
        self._failed(error)

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
