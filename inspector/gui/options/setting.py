"""Setting a side's options: one change after the other, off the GUI thread, and everything that follows of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from inspector.domain.errors import Cancelled, InspectorError
from inspector.domain.files import SIDES, Side
from inspector.domain.options import SideOptions
from inspector.gui.state import AppState
from inspector.gui.work import Work


class OptionSetter(QObject):
    """`told(side, error)` after each change: None when it is in force, else why it could not be.

    Changes that come while an earlier one is being made are gathered: only the last one is made."""

    told = Signal(str, object)

    def __init__(self, state: AppState, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._work = state, work
        self._wanted: dict[Side, SideOptions] = {}
        self._at_work: set[Side] = set()
        state.files_changed.connect(self._files_changed)

    def options(self, side: Side) -> SideOptions:
        """What is in force, or about to be."""
        return self._wanted.get(side) or self._state.session.options(side)

    def set(self, side: Side, options: SideOptions) -> None:
        """Choose otherwise for a side."""
        if options == self.options(side):
            return
        self._wanted[side] = options
        self._work.stop_run()
        self._state.set_status(f"Setting the options of {side.upper()}…")
        self._state.options_changed.emit(side)
        if side not in self._at_work:
            self._start(side)

    def trust_and_run(self, error: InspectorError) -> None:
        """Trust the one file that a run was refused for, on its side only, and run again."""
        for side in sides_named(self._state, error):
            if not self.options(side).trust:
                self._work.run_when_matched = True
                self.set(side, replace(self.options(side), trust=True))
                return
        self._work.retry()

    def _start(self, side: Side) -> None:
        wanted, session = self._wanted[side], self._state.session
        self._at_work.add(side)

        def change() -> InspectorError | None:
            try:
                session.set_options(side, wanted)
            except Cancelled:
                return None  # the file was opened anew meanwhile
            except InspectorError as error:
                return error
            return None

        self._state.jobs.run(change, lambda error: self._done(side, wanted, error), key=f"options-{side}")

    def _done(self, side: Side, made: SideOptions, error: InspectorError | None) -> None:
        self._at_work.discard(side)
        if self._wanted.get(side, made) != made:
            self._start(side)
            return
        self._wanted.pop(side, None)
        if error is not None:
            self._state.set_status(str(error))
            self._work.run_when_matched = False
        else:
            self._state.set_status(f"The options of {side.upper()} are set.")
            self._work.options_set(side)
        self._state.options_changed.emit(side)
        self.told.emit(side, error)

    def _files_changed(self) -> None:
        for side in SIDES:
            self._state.options_changed.emit(side)


def sides_named(state: AppState, error: InspectorError) -> tuple[Side, ...]:
    """The sides whose file an error's place is; a runner tells the resolved path."""
    if not error.where:
        return ()
    place = Path(error.where).resolve()
    return tuple(side for side, file in state.files.items() if file and Path(file.path).resolve() == place)
