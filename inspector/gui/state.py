"""What the window shows: open files, assignment, comparison, selection, progress. Widgets listen and ask.

A widget never keeps a copy: it calls a method here (the intent), the session works in a job, and the
signal tells everybody at once. Every value handed out is frozen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile, Side
from inspector.gui.words import in_window
from inspector.session.reconstruct import wanted

if TYPE_CHECKING:
    from inspector.domain.comparison import Comparison, LayerDifference
    from inspector.domain.match import Assignment, Match
    from inspector.gui.jobs import Jobs
    from inspector.session.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A long job under way: what it does, how far (`total` 0: unknown), and whether Esc stops it."""

    text: str
    done: int = 0
    total: int = 0
    can_stop: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected everywhere: A's layer and B's tensor; either may be missing."""

    layer_a: str | None = None
    tensor_b: str | None = None


class AppState(QObject):
    """Observable state. `selection_changed` carries A's layer name or, if there is none, B's tensor."""

    files_changed = Signal()
    file_failed = Signal(str, object)  # side, InspectorError or None when it is mended
    assignment_changed = Signal(object)
    comparison_changed = Signal(object)
    comparison_failed = Signal(object)  # InspectorError or None when it is mended
    settings_changed = Signal()
    options_changed = Signal(str)  # side; also while a change is under way
    selection_changed = Signal(object)
    status_changed = Signal(str)
    busy_changed = Signal(object)
    reveal_requested = Signal(str)  # name of a tab: "findings", "divergence", "layer", "outputs", "weights"

    def __init__(self, session: Session, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.jobs = jobs
        self.files: dict[Side, ModelFile | None] = {"a": None, "b": None}
        self.assignment: Assignment | None = None
        self.comparison: Comparison | None = None
        self.selection = Selection()
        self.status = ""
        self.busy: Busy | None = None

    def set_file(self, side: Side, file: ModelFile | None) -> None:
        """A side was opened, replaced or closed: what was worked out for the pair is no longer true."""
        self.files[side] = file
        self.set_comparison(None)
        self.set_assignment(None)
        self.select(None, None)
        self.files_changed.emit()

    def renew_file(self, side: Side, file: ModelFile | None) -> None:
        """A side's file was opened anew with other options: it is to be matched anew, and what was compared can
        still be looked at."""
        self.files[side] = file
        self.set_assignment(None)
        self.files_changed.emit()

    def stands_in(self, side: Side) -> bool:
        """Whether the side has weights alone and is run as the other side's graph."""
        own, other = self.files[side], self.files["b" if side == "a" else "a"]
        return own is not None and other is not None and wanted(own, other)

    def set_assignment(self, assignment: Assignment | None) -> None:
        self.assignment = assignment
        self.assignment_changed.emit(assignment)

    def set_comparison(self, comparison: Comparison | None) -> None:
        self.comparison = comparison
        self.comparison_changed.emit(comparison)

    def set_status(self, text: str) -> None:
        self.status = text = in_window(text)
        self.status_changed.emit(text)

    def set_busy(self, busy: Busy | None) -> None:
        self.busy = busy
        self.busy_changed.emit(busy)

    def select(self, a_layer: str | None, tensor_b: str | None) -> None:
        """Select a layer of A and a tensor of B; what is None is filled in from the assignment."""
        match = self.match_of(a_layer, tensor_b)
        if match is not None:
            a_layer, tensor_b = a_layer or match.a, tensor_b or match.tensor_b
        if (chosen := Selection(a_layer, tensor_b)) == self.selection:
            return
        self.selection = chosen
        self.selection_changed.emit(a_layer or tensor_b)

    def match_of(self, a_layer: str | None, tensor_b: str | None) -> Match | None:
        """The match of a layer of A, or else the first match of a tensor of B."""
        for match in self.assignment.matches if self.assignment else ():
            if a_layer in (match.a, match.tensor_a) if a_layer else tensor_b and match.tensor_b == tensor_b:
                return match
        return None

    def difference_of(self, a_layer: str | None) -> LayerDifference | None:
        """The numbers of a layer of A after a comparison."""
        layers = self.comparison.layers if self.comparison else ()
        return next((layer for layer in layers if layer.a == a_layer), None)

    def change_match(self, a_layer: str, tensor_b: str | None) -> None:
        """The user pairs a layer with another tensor (None: with none); kept in the session file."""
        self._rematch(lambda: self.session.change_match(a_layer, tensor_b))

    def clear_match(self, a_layer: str) -> None:
        """The user takes such a choice back."""
        self._rematch(lambda: self.session.clear_match(a_layer))

    def _rematch(self, change: Callable[[], Assignment]) -> None:
        self.jobs.run(change, self._rematched, lambda error: self.set_status(str(error)), key="match")

    def reveal(self, tab: str) -> None:
        """Bring a result tab to the front."""
        self.reveal_requested.emit(tab)

    def _rematched(self, assignment: Assignment) -> None:
        self.set_assignment(assignment)
        self.set_status("The match is changed and kept. Run again to compare with it.")

    def fail(self, error: InspectorError | None) -> None:
        """A comparison could not be made; the error is shown where its result would have been."""
        self.comparison_failed.emit(error)
