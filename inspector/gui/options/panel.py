"""All options of one side, in the popover: the file's choices, the environment, code, and how it is run."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.domain.files import Side
from inspector.domain.options import SideOptions
from inspector.gui.options.choice_rows import ChoiceRows
from inspector.gui.options.code_rows import CodeRows
from inspector.gui.options.environment_rows import EnvironmentRows
from inspector.gui.options.fields import button, hint
from inspector.gui.options.interpreters import Interpreters
from inspector.gui.options.run_rows import RunRows
from inspector.gui.options.setting import OptionSetter
from inspector.gui.options.wording import WITHOUT_PYTHON, run_options
from inspector.gui.plain import label, shortened
from inspector.gui.state import AppState
from inspector.gui.theme import GRID
from inspector.gui.words import in_window

NOTHING = "This file has nothing to choose: it holds what a model gave elsewhere."


class OptionsPanel(QWidget):
    """Each change is made at once. `done` to be closed."""

    done = Signal()

    def __init__(self, side: Side, state: AppState, setter: OptionSetter, interpreters: Interpreters) -> None:
        super().__init__()
        self.side: Side = side
        self._state, self._setter = state, setter
        self.reset, self.close_button = button("Back to the defaults"), button("Close")
        self.error = label(role="error", wrap=True)
        self.nothing = hint(NOTHING)
        self.choices = ChoiceRows(side, state)
        self.environment = EnvironmentRows(interpreters)
        self.code = CodeRows(side, state)
        self.run = RunRows()
        self._lay_out()
        self.choices.chosen.connect(self._choose)
        self.environment.chosen.connect(lambda path: self._set(replace(self._options(), python=path)))
        for part in (self.code, self.run):
            part.changed.connect(self._set)
        self.reset.clicked.connect(lambda: self._set(SideOptions()))
        self.close_button.clicked.connect(self.done)
        setter.told.connect(self._told)
        state.options_changed.connect(self._options_changed)

    def refresh(self) -> None:
        """Show what is in force, or about to be; ask how the side is confined."""
        file, options = self._state.files[self.side], self._options()
        heeded = run_options(file) if file is not None else ()
        self.choices.show_choices(file, options.choices)
        self.environment.setVisible(file is not None and (file.runs_in not in WITHOUT_PYTHON or bool(options.python)))
        self.environment.show_python(options.python)
        self.code.show_options(file, options)
        self.run.show_options(options, heeded)
        self.reset.setEnabled(options != SideOptions())
        self.nothing.setVisible(file is not None and file.runs_in == "recording" and not file.choices)
        self.ask_confinement()

    def _options(self) -> SideOptions:
        return self._setter.options(self.side)

    def _choose(self, name: str, value: str) -> None:
        options = self._options()
        rest = {other: chosen for other, chosen in options.choices.items() if other != name}
        self._set(replace(options, choices={**rest, name: value} if value else rest))

    def _set(self, options: SideOptions) -> None:
        self.error.hide()
        self._setter.set(self.side, options)

    def _told(self, side: Side, error: InspectorError | None) -> None:
        if side != self.side:
            return
        self.error.setVisible(error is not None)
        if error is not None:
            self.error.setText(f"✕  {shortened(in_window(error.what), 400)}. {shortened(in_window(error.todo), 600)}")

    def _options_changed(self, side: Side) -> None:
        if side == self.side and self.isVisible():
            self.refresh()

    def ask_confinement(self) -> None:
        """Ask how the side's process is confined; it may still be starting."""
        file, session = self._state.files[self.side], self._state.session
        self.show_confinement("")
        runs = file is not None and (file.runs_in or self._state.stands_in(self.side))
        if runs and self.isVisible():
            self._state.jobs.run(
                lambda: session.environment(self.side).confinement, self.show_confinement,
                lambda _error: None, key=f"confinement-{self.side}",
            )  # fmt: skip

    def show_confinement(self, text: str) -> None:
        """Say how the side's process is confined, wherever that matters."""
        self.environment.show_confinement(text)
        for consent in (self.code.consent, self.choices.consent):
            consent.confinement = text

    def _lay_out(self) -> None:
        letter = label(self.side.upper())
        letter.setProperty("side", self.side)
        heading = QHBoxLayout()
        heading.setSpacing(GRID)
        heading.addWidget(letter)
        heading.addWidget(label("Options", role="heading"), 1)
        heading.addWidget(self.reset)
        heading.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID, 2 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addLayout(heading)
        for part in (self.error, self.nothing, self.choices, self.environment, self.run, self.code):
            layout.addWidget(part)
        layout.addStretch()
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.error.hide()
