"""The input bar: one line for what is fed, one for each side's preprocessing, and a button for the preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QToolButton, QWidget

from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile, Side
from inspector.gui.drops import INPUT_ENDINGS
from inspector.gui.inputs.line_box import LineBox
from inspector.gui.inputs.presets import INPUTS, PIPELINES
from inspector.gui.options.wording import other
from inspector.gui.plain import ElidedLabel, label, tooltip
from inspector.gui.remember import Memory
from inspector.gui.snapshot import name_of
from inspector.gui.state import AppState
from inspector.gui.theme import GRID
from inspector.gui.words import in_window
from inspector.session.preprocess import parse

BETWEEN = ";"  # between the inputs of a model that has several: `name=SPEC; name=SPEC`
SPEC_HINT = (
    "What is fed to both sides: random:0, zeros, ones, text:one sample|another, an image, a folder of images, .npy, "
    ".npz, .csv, .h5#/path; for several inputs name=SPEC; name=SPEC"
)
_ENDINGS = " ".join(f"*{ending}" for ending in (*INPUT_ENDINGS, ".h5"))
INPUT_FILES = f"Inputs ({_ENDINGS});;All files (*)"


def recorded_text(files: Mapping[Side, ModelFile | None]) -> tuple[str, str]:
    """What is said of the inputs where a side is a recording, and more of it on hover; empty where none is."""
    sides = [side for side, file in files.items() if file is not None and file.runs_in == "recording"]
    if not sides:
        return "", ""
    if len(sides) == 2:
        return "both sides are recordings", "Nothing is run: what the two recordings hold is compared."
    side = sides[0]
    file = files[side]
    name = name_of(file) if file is not None else ""
    return (
        f"from the recording {side.upper()}",
        f"{other(side)} gets the inputs that {name} holds, as they were recorded.",
    )


class InputBar(QWidget):
    """`changed` when the settings of the session changed, `preview_toggled` with the button's state."""

    changed = Signal()
    preview_toggled = Signal(bool)

    def __init__(self, state: AppState, memory: Memory, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.spec = LineBox(INPUTS, memory, "recent/inputs", empty="random:0, an image, .npy …")
        self.pipeline_a = LineBox(PIPELINES, memory, "recent/pipelines", empty="none")
        self.pipeline_b = LineBox(PIPELINES, memory, "recent/pipelines", empty="none")
        self.recorded = ElidedLabel(sentence=True)
        self.browse, self.preview = QToolButton(), QToolButton()
        self.browse.setText("…")
        self.preview.setText("Preview")
        self.preview.setCheckable(True)
        self._name_parts()
        self._lay_out()
        self.show_settings()
        self.show_recording()
        state.files_changed.connect(self.show_recording)
        for box in (self.spec, self.pipeline_a, self.pipeline_b):
            box.committed.connect(lambda _line: self._commit())
        self.browse.clicked.connect(self.choose_file)
        self.preview.toggled.connect(self.preview_toggled)

    def show_settings(self) -> None:
        """Show the session's settings."""
        settings = self._state.session.settings
        self.spec.show_line(f"{BETWEEN} ".join(settings.inputs))
        self.pipeline_a.show_line(settings.preprocess_a)
        self.pipeline_b.show_line(settings.preprocess_b)

    def show_recording(self) -> None:
        """Where a side is a recording, say that the inputs come from it, in place of what could be fed."""
        text, meaning = recorded_text(self._state.files)
        self.recorded.show_text(text)
        self.recorded.setToolTip(tooltip(meaning))
        self.recorded.setVisible(bool(text))
        for part in (self.spec, self.browse):
            part.setVisible(not text)

    def set_input(self, spec: str) -> None:
        """Take another input, as if it had been typed."""
        self.spec.setEditText(spec)
        self.spec.commit()

    def choose_file(self) -> None:
        """Let a file be chosen as the input."""
        path, _kind = QFileDialog.getOpenFileName(self, "Input", "", INPUT_FILES)
        if path:
            self.set_input(path)

    def _commit(self) -> None:
        if not self._can_be_read():
            return
        inputs = tuple(part.strip() for part in self.spec.text().split(BETWEEN) if part.strip())
        session = self._state.session
        session.settings = replace(
            session.settings,
            inputs=inputs or ("random:0",),
            preprocess_a=self.pipeline_a.text(),
            preprocess_b=self.pipeline_b.text(),
        )
        self._state.settings_changed.emit()
        self.changed.emit()

    def _can_be_read(self) -> bool:
        """Whether both pipelines can be read; one that cannot is marked, and the status line says why."""
        errors = []
        for box in (self.pipeline_a, self.pipeline_b):
            try:
                parse(box.text())
            except InspectorError as error:
                box.show_error(in_window(str(error)))
                errors.append(error)
            else:
                box.show_error("")
        if errors:
            self._state.set_status(str(errors[0]))
        elif self._state.status.startswith("BAD_PIPELINE"):
            self._state.set_status("")
        return not errors

    def _name_parts(self) -> None:
        parts = (
            (self.spec, "Input", SPEC_HINT),
            (self.pipeline_a, "Preprocessing of A", "What is done to the input before A gets it"),
            (self.pipeline_b, "Preprocessing of B", "What is done to the input before B gets it"),
            (self.browse, "Choose an input file", "Choose an input file"),
            (self.preview, "Preview of the inputs", "What each side really receives; range, batch and sizes"),
        )  # fmt: skip
        for widget, name, hint in parts:
            widget.setAccessibleName(name)
            widget.setToolTip(hint)

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(label("Input", role="muted"))
        layout.addWidget(self.spec, 2)
        layout.addWidget(self.recorded, 2)
        layout.addWidget(self.browse)
        layout.addSpacing(GRID)
        for side, box in (("a", self.pipeline_a), ("b", self.pipeline_b)):
            letter = label(side.upper())
            letter.setProperty("side", side)
            layout.addWidget(letter)
            layout.addWidget(box, 1)
        layout.addWidget(self.preview)
        self.browse.setProperty("narrow", True)
        for button in (self.browse, self.preview):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
