"""What a conversion is asked for, row by row; only what the chosen form heeds is shown."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QLayout, QLineEdit, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.gui.arrow import ChoiceBox
from inspector.gui.check_box import CheckBox
from inspector.gui.convert.wording import HEEDED, TITLES, beside, renamed
from inspector.gui.options.fields import button, hint, row
from inspector.gui.theme import GRID
from inspector.session.conversion import FOLDERS, FORMS, Form, Target

LINES = {
    "inputs": ("Input names", "old=new, old=new; the model's own when empty"),
    "outputs": ("Output names", "old=new, old=new; the model's own when empty"),
    "batch": ("Samples", "open, or a number; as the model has it when empty"),
    "signature": ("Signature", "serving_default"),
    "representative": ("Ranges from", "a folder of images, .npy, …; the window's inputs when empty"),
    "keep_float": ("Keep in float", "layer, layer or worst:3"),
}
CHECKS = {
    "fold": "Fold batch norm into convolution and dense layers",
    "preprocess": "Put the preprocessing inside",
    "overwrite": "Replace what is there already",
}
GROUP = {"inputs": "names", "outputs": "names"}


class TargetRows(QWidget):
    """`changed` when another form or place was chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._origin, self._pipeline = "", ""
        self.form = ChoiceBox()
        for form in FORMS:
            self.form.addItem(TITLES[form], form)
        self.form.setAccessibleName("Form")
        self.out = QLineEdit()
        self.out.setAccessibleName("Where it is written")
        self.browse = button("Choose…", "Choose where it is written")
        self.lines = {name: QLineEdit(placeholderText=said) for name, (_title, said) in LINES.items()}
        self.checks = {name: CheckBox(text) for name, text in CHECKS.items()}
        self.pipeline = hint()
        self._parts: dict[str, QWidget] = {}
        self._lay_out()
        self.form.currentIndexChanged.connect(self._form_changed)
        self.out.editingFinished.connect(self.changed)
        self.browse.clicked.connect(self.choose)
        self.checks["overwrite"].toggled.connect(self.changed)

    def show_origin(self, path: str, pipeline: str) -> None:
        """Of another model file the place is beside it; what was chosen otherwise stays."""
        self._pipeline = pipeline
        if path != self._origin:
            self._origin = path
            self.out.setText(str(beside(path, self.chosen())))
        self._show_parts()

    def chosen(self) -> Form:
        return FORMS[self.form.currentIndex()]

    def target(self) -> Target:
        """Raises InspectorError BAD_USAGE."""
        words = {name: line.text().strip() if self._heeds(name) else "" for name, line in self.lines.items()}
        checks = {name: check.isChecked() and self._heeds(name) for name, check in self.checks.items()}
        batch = words["batch"]
        if batch not in ("", "open") and not (batch.isdecimal() and int(batch)):
            raise InspectorError("BAD_USAGE", "samples are `open` or a number from 1 on", where=batch)
        if not self.out.text().strip():
            raise InspectorError("BAD_USAGE", "it is not said where the result goes", todo="Choose a place.")
        return Target(
            out=Path(self.out.text().strip()).expanduser(),
            form=self.chosen(),
            inputs=renamed(words["inputs"], "names of inputs"),
            outputs=renamed(words["outputs"], "names of outputs"),
            batch=batch,
            fold=checks["fold"],
            signature=words["signature"],
            preprocess=self._pipeline if checks["preprocess"] else "",
            representative=(words["representative"],) if words["representative"] else (),
            keep_float=tuple(word for part in words["keep_float"].split(",") if (word := part.strip())),
            overwrite=checks["overwrite"],
        )

    def choose(self) -> None:
        """Let the place be chosen; that something is there already is asked about here, not in the dialog."""
        option = QFileDialog.Option.DontConfirmOverwrite
        title = "Name of the new folder" if self.chosen() in FOLDERS else "Name of the new file"
        path, _kind = QFileDialog.getSaveFileName(self, title, self.out.text(), options=option)
        if path:
            self.out.setText(path)
            self.changed.emit()

    def _form_changed(self) -> None:
        if self._origin:
            self.out.setText(str(beside(self._origin, self.chosen())))
        self._show_parts()
        self.changed.emit()

    def _heeds(self, name: str) -> bool:
        if name == "preprocess" and not self._pipeline:
            return False
        return self.chosen() in HEEDED.get(GROUP.get(name, name), FORMS)

    def _show_parts(self) -> None:
        for name, part in self._parts.items():
            part.setVisible(self._heeds(name))
        self.pipeline.setText(self._pipeline)
        self.pipeline.setVisible(self._heeds("preprocess"))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(row("Form", self.form))
        layout.addLayout(row("Write to", self.out, self.browse))
        for name, line in self.lines.items():
            line.setAccessibleName(LINES[name][0])
            self._parts[name] = _part(row(LINES[name][0], line))
            layout.addWidget(self._parts[name])
        for name, check in self.checks.items():
            self._parts[name] = check
            layout.addWidget(check)
            if name == "preprocess":
                self.pipeline.setContentsMargins(3 * GRID, 0, 0, 0)
                layout.addWidget(self.pipeline)


def _part(inner: QLayout) -> QWidget:
    """A row that can be hidden whole."""
    widget = QWidget()
    inner.setContentsMargins(0, 0, 0, 0)
    widget.setLayout(inner)
    return widget
