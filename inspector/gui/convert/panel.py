"""Convert one side's model: what is wanted, what would be lost, how far it is, and the proof."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.domain.files import Side
from inspector.gui.convert.rows import TargetRows
from inspector.gui.convert.wording import of_proof, told
from inspector.gui.options.fields import button, hint
from inspector.gui.plain import ElidedLabel, label, shortened
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Theme
from inspector.gui.words import in_window
from inspector.report.conversion import write_reports
from inspector.session.conversion import Converted, Plan, Target
from inspector.session.convert import Conversion
from inspector.workers.child import Progress

LONGEST = 600
NOTHING_LOST = "Nothing is lost."
LOOKING = "Looking at what would be lost…"


class ConvertPanel(QWidget):
    """`done` to be closed, `open_wanted` (side, path) to open what was written. One conversion at a time: it goes on
    when the panel is closed. `make` makes a Conversion."""

    done = Signal()
    open_wanted = Signal(str, str)

    def __init__(self, side: Side, state: AppState, theme: Theme, make: Callable[..., Conversion]) -> None:
        super().__init__()
        self.side: Side = side
        self.make = make
        self._state, self._theme = state, theme
        self._running: Conversion | None = None
        self._converted: Converted | None = None
        self.rows = TargetRows()
        self.losses = hint()
        self.error = label(role="error", wrap=True)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName("Progress of the conversion")
        self.step = ElidedLabel(role="muted", sentence=True)
        self.go, self.stop_button, self.close_button = QPushButton("Convert"), button("Stop"), button("Close")
        self.go.setProperty("primary", True)
        self.answer = label(role="heading", wrap=True)
        self.told = hint()
        self.open_button = button(f"Open as {self._other().upper()}")
        self.report_button = button("Show the report")
        self._lay_out()
        self.rows.changed.connect(self._changed)
        self.go.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.close_button.clicked.connect(self.done)
        self.open_button.clicked.connect(self._open)
        self.report_button.clicked.connect(self._show_report)
        self._show()

    def refresh(self) -> None:
        """Follow the side's file and the window's settings."""
        file, settings = self._state.files[self.side], self._state.session.settings
        if file is None:
            return
        self.rows.show_origin(file.path, settings.preprocess_a if self.side == "a" else settings.preprocess_b)
        self._look()

    @property
    def running(self) -> bool:
        return self._state.jobs.active(self._key)

    def start(self) -> None:
        """Convert; what was there of an earlier one goes."""
        self._converted = None
        target = self._target()
        if target is None or self.running:
            return

        def work(progress: Progress) -> Converted:
            with self._conversion(target) as conversion:
                self._running = conversion
                return conversion.run(write_reports, progress)

        self.progress.setRange(0, 0)
        self.step.show_text("Starting…")
        self._state.jobs.run(work, self._done, self._failed, self._progressed, key=self._key)
        self._show()
        self.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def stop(self) -> None:
        """Stop the conversion: nothing is left of it."""
        conversion, self._running = self._running, None
        if self.running:
            self._state.jobs.drop(self._key)
            self._state.set_status("The conversion was stopped. Nothing of it is left.")
        if conversion is not None:
            self._state.jobs.run(conversion.stop, key=f"{self._key}-stop")
        self._show()

    def close_processes(self) -> None:
        """The window closes: end what runs, and wait for its end."""
        conversion, self._running = self._running, None
        if conversion is not None:
            conversion.stop()
            conversion.close()

    @property
    def _key(self) -> str:
        return f"convert-{self.side}"

    def _other(self) -> Side:
        return "b" if self.side == "a" else "a"

    def _conversion(self, target: Target) -> Conversion:
        file, session = self._state.files[self.side], self._state.session
        settings = of_proof(session.settings, self.side, target)
        path = Path(file.path if file is not None else "")
        return self.make(path, target, options=session.options(self.side), settings=settings)

    def _target(self) -> Target | None:
        """What is asked for; what is wrong with it is said."""
        try:
            target = self.rows.target()
        except InspectorError as error:
            self._failed(error)
            return None
        self._say(None)
        return target

    def _changed(self) -> None:
        """Something else is wanted: what was made of the last wish is no answer to it."""
        self._converted = None
        self._look()
        self._show()

    def _look(self) -> None:
        """Say what would be lost, before anything is written."""
        target = self._target()
        if target is None or self.running:
            return

        def plan() -> Plan:
            with self._conversion(target) as conversion:
                return conversion.plan()

        self.losses.setText(LOOKING)
        self._state.jobs.run(plan, self._planned, self._refused, key=f"{self._key}-plan")

    def _planned(self, plan: Plan) -> None:
        lines = [f"!  {shortened(in_window(loss.text), LONGEST)}" for loss in plan.losses]
        self.losses.setText("\n".join(["Before it begins:", *lines]) if lines else NOTHING_LOST)

    def _refused(self, error: InspectorError) -> None:
        self.losses.setText("")
        self._say(error)

    def _progressed(self, text: str, done: int, total: int) -> None:
        self.step.show_text(text)
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    def _done(self, converted: Converted) -> None:
        self._running, self._converted = None, converted
        self._say(None)
        self._state.set_status(f"{converted.files[0].name} is written.")
        self._show()

    def _failed(self, error: InspectorError) -> None:
        self._running = None
        self._say(error)
        self._show()

    def _say(self, error: InspectorError | None) -> None:
        self.error.setVisible(error is not None)
        if error is not None:
            where = f" [{shortened(error.where)}]" if error.where else ""
            self.error.setText(
                f"✕  {shortened(in_window(error.what), LONGEST)}{where}. {shortened(in_window(error.todo), LONGEST)}"
            )

    def _show(self) -> None:
        """Controls, progress and result as things stand."""
        running, converted = self.running, self._converted
        during: tuple[QWidget, ...] = (self.progress, self.step, self.stop_button)
        after: tuple[QWidget, ...] = (self.answer, self.told, self.open_button, self.report_button)
        for widget in during:
            widget.setVisible(running)
        self.go.setVisible(not running)
        self.rows.setEnabled(not running)
        self.losses.setVisible(not running and converted is None)
        for widget in after:
            widget.setVisible(converted is not None and not running)
        if converted is not None:
            name = shortened(converted.files[0].name)
            fine = "computes the same" if converted.plan.target.form not in ROUNDING else "is as near as was asked for"
            said = f"✓  {name} {fine}." if converted.good else f"✕  {name} differs from its origin."
            self.answer.setText(said)
            status = "same" if converted.good else "different"
            self.answer.setStyleSheet(f"color: {self._theme.of_status(status)};")
            self.told.setText("\n".join(shortened(line, LONGEST) for line in told(converted)))

    def _open(self) -> None:
        if self._converted is not None:
            self.open_wanted.emit(self._other(), str(self._converted.files[0]))
            self.done.emit()

    def _show_report(self) -> None:
        report = (
            next((path for path in self._converted.files if path.suffix == ".html"), None) if self._converted else None
        )
        if report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(report.absolute())))

    def _lay_out(self) -> None:
        letter = label(self.side.upper())
        letter.setProperty("side", self.side)
        heading, buttons, results = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for line in (heading, buttons, results):
            line.setSpacing(GRID)
        heading.addWidget(letter)
        heading.addWidget(label("Convert and prove", role="heading"), 1)
        heading.addWidget(self.close_button)
        buttons.addWidget(self.go)
        buttons.addWidget(self.stop_button)
        buttons.addWidget(self.step, 1)
        results.addWidget(self.open_button)
        results.addWidget(self.report_button)
        results.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID, 2 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addLayout(heading)
        for widget in (self.rows, self.losses, self.error):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        layout.addWidget(self.progress)
        for widget in (self.answer, self.told):
            layout.addWidget(widget)
        layout.addLayout(results)
        layout.addStretch()
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.error.hide()


ROUNDING = ("tflite-float16", "tflite-dynamic", "tflite-int8")
