"""Files in and out of the window: dialogs, drops, the demo pair, saving the report."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.files import SIDES, Side
from inspector.domain.resources import resource
from inspector.gui.drops import Drop
from inspector.gui.inputs.input_bar import InputBar
from inspector.gui.remember import Memory
from inspector.gui.state import AppState
from inspector.gui.work import Work
from inspector.report.html_report import write_html
from inspector.report.json_report import write_json

KINDS = (
    ("Keras", "*.h5 *.hdf5 *.keras"),
    ("TensorFlow", "*.pb *.pbtxt *.meta *.index"),
    ("TensorFlow Lite", "*.tflite *.lite"),
    ("TensorFlow.js", "*.json"),
    ("Recordings", "*.npz *.h5"),
)
MODELS = ";;".join(
    (
        f"Models ({' '.join(dict.fromkeys(' '.join(ends for _name, ends in KINDS).split()))})",
        *(f"{name} ({ends})" for name, ends in KINDS),
        "All files (*)",
    )
)
REPORTS = "Report for a browser (*.html);;Report for scripts (*.json)"
DEMO = ("digits.h5", "digits_faulty.pb")
DEMO_INPUT = "digits"


class FileActions(QObject):
    """Every way in which a file reaches the window or leaves it."""

    def __init__(self, state: AppState, work: Work, inputs: InputBar, memory: Memory, window: QWidget) -> None:
        super().__init__(window)
        self._state, self._work, self._inputs = state, work, inputs
        self._memory, self._window = memory, window

    def choose(self, side: Side) -> None:
        """Let the file of a side be chosen."""
        folder = self._memory.text("last/folder")
        path, _kind = QFileDialog.getOpenFileName(self._window, f"Open {side.upper()}", folder, MODELS)
        if path:
            self.open(side, path)

    def choose_folder(self, side: Side) -> None:
        """Let the folder of a side be chosen: a SavedModel, a TensorFlow.js model, a TF Hub module."""
        folder = self._memory.text("last/folder")
        path = QFileDialog.getExistingDirectory(self._window, f"Open a folder as {side.upper()}", folder)
        if path:
            self.open(side, path)

    def open(self, side: Side, path: str | Path) -> None:
        """Open a file as a side."""
        self._memory.keep("last/folder", str(Path(path).parent))
        self._work.open(side, path)

    def open_pair(self, a: str | Path, b: str | Path) -> None:
        """Open both sides."""
        self._memory.keep("last/folder", str(Path(b).parent))
        self._work.open_pair(a, b)

    def open_demo(self) -> None:
        """Open the demo pair and run it: the answer is on the first screen."""
        try:
            a, b = (resource("demo", name) for name in DEMO)
            digits = str(resource("demo", DEMO_INPUT))
        except FileNotFoundError as error:
            self._state.set_status(str(error))
            return
        self._work.give(inputs=(digits,), preprocess_a="", preprocess_b="", batch=None)
        self._work.open_pair(a, b, run=True)

    def take(self, drop: Drop) -> None:
        """Do what a drop asks for."""
        if drop.spec and len(drop.files) == len(SIDES):
            self._work.give(inputs=(drop.spec,))
        elif drop.spec:
            self._inputs.set_input(drop.spec)
        if len(drop.files) == len(SIDES):
            self.open_pair(*(path for _side, path in drop.files))
        else:
            for side, path in drop.files:
                self.open(side, path)
        if drop.said:
            self._state.set_status(drop.said)

    def save_report(self) -> None:
        """Let a place for the report be chosen and save it; another place is asked when it cannot be."""
        start = str(Path(self._memory.text("last/report-folder")) / "report.html")
        path, kind = QFileDialog.getSaveFileName(self._window, "Save report", start, REPORTS)
        if path:
            ending = ".json" if "json" in kind else ".html"
            self.write_report(path if Path(path).suffix in (".html", ".json") else path + ending)

    def write_report(self, path: str) -> None:
        """Write the report as HTML or JSON, by the ending of the path."""

        def written(_nothing: object) -> None:
            self._memory.keep("last/report-folder", str(Path(path).parent))
            self._state.set_status(f"The report is saved as {path}.")

        def failed(error: InspectorError) -> None:
            self._state.set_status(str(error))
            self.save_report()

        comparison = self._state.comparison
        if comparison is not None:
            self._state.jobs.run(lambda: _write(comparison, Path(path)), written, failed, key="report")


def _write(comparison: Comparison, path: Path) -> None:
    try:
        (write_json if path.suffix == ".json" else write_html)(comparison, path)
    except OSError as error:
        raise InspectorError(
            "CANNOT_WRITE", f"the report cannot be written: {error.strerror}", where=str(path),
            todo="Choose another place.",
        ) from error  # fmt: skip
