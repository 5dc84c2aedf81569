"""The file's own choices as rows: a box where there are values, a line with a file button for an architecture."""

from __future__ import annotations

import re
from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QVBoxLayout, QWidget

from inspector.domain.files import Choice, ModelFile, Side
from inspector.gui.arrow import ChoiceBox
from inspector.gui.options.consent import Consent
from inspector.gui.options.fields import button, hint, row, section
from inspector.gui.options.wording import FROM_OTHER, other
from inspector.gui.plain import shortened, tooltip
from inspector.gui.state import AppState

CODE = re.compile(r"(.+\.py):([A-Za-z_]\w*)$", re.DOTALL)
ARCHITECTURES = "Architectures (*.json *.keras *.h5 *.hdf5 *.py);;All files (*)"
HINT = (
    "The file holds weights alone. Name what they belong to: a config .json, a .keras or .h5 file, "
    "keras.applications:NAME, or file.py:function."
)


class ChoiceRows(QWidget):
    """`chosen(name, value)` for each choice that a person makes; an empty value takes it back."""

    chosen = Signal(str, str)

    def __init__(self, side: Side, state: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side, self._state = side, state
        self.boxes: dict[str, QComboBox] = {}
        self.consent = Consent(side, state)
        self.consent.agreed.connect(lambda value: self.chosen.emit("architecture", value))
        self.consent.refused.connect(self._take_back)
        self._chosen: dict[str, str] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._part: QWidget | None = None

    def show_choices(self, file: ModelFile | None, wanted: Mapping[str, str]) -> None:
        """Rows for a file; `wanted` holds what was asked for and may not be in force yet."""
        choices = file.choices if file is not None else ()
        self.setVisible(bool(choices))
        self._chosen = {choice.name: wanted.get(choice.name, choice.chosen) for choice in choices}
        known = {name: [box.itemData(i) for i in range(box.count())] for name, box in self.boxes.items()}
        if known != {choice.name: self._values(choice) for choice in choices}:
            self._build(choices)
        for name, value in self._chosen.items():
            self._show(name, value)

    def _build(self, choices: tuple[Choice, ...]) -> None:
        self.boxes.clear()
        self.consent.setParent(None)
        if self._part is not None:
            self._part.hide()
            self._part.deleteLater()
        self._part, rows = section("In the file")
        for choice in choices:
            box = self.boxes[choice.name] = self._box(choice)
            if choice.name == "architecture":
                browse = button("…", "Choose a file with the architecture")
                browse.clicked.connect(self.browse)
                rows.addLayout(row(choice.title, box, browse))
                rows.addWidget(hint(HINT))
                rows.addWidget(self.consent)
            else:
                rows.addLayout(row(choice.title, box))
        self._layout.addWidget(self._part)

    def browse(self) -> None:
        """Let a file with the architecture be chosen; of a Python file the function is still to be named."""
        path, _kind = QFileDialog.getOpenFileName(self, "Architecture", "", ARCHITECTURES)
        if not path:
            return
        box = self.boxes["architecture"]
        if path.endswith(".py"):
            box.setEditText(f"{path}:")
            box.setFocus()
            self._state.set_status("Write the function's name after the colon, then press Enter.")
        else:
            self._commit("architecture", path)

    def _box(self, choice: Choice) -> QComboBox:
        box, values, name = ChoiceBox(), self._values(choice), choice.name
        box.setAccessibleName(choice.title)
        for value in values:
            box.addItem(self._title(name, value), value)
        box.activated.connect(lambda place: self._commit(name, values[place]))
        if not choice.values:
            box.setEditable(True)
            box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            box.setCompleter(None)  # type: ignore[arg-type]  # what is typed is what is taken
            line = box.lineEdit()
            assert isinstance(line, QLineEdit)  # noqa: S101 - an editable box has one
            line.setPlaceholderText("none" if name == "architecture" else "")
            line.setAcceptDrops(False)
            line.editingFinished.connect(lambda: self._commit(name, self._typed(box)))
        return box

    def _values(self, choice: Choice) -> list[str]:
        return ["", FROM_OTHER] if choice.name == "architecture" else list(choice.values)

    def _title(self, name: str, value: str) -> str:
        if name == "architecture" and value in ("", FROM_OTHER):
            return f"from the graph of {other(self._side)}" if value else ""
        return shortened(value)

    def _typed(self, box: QComboBox) -> str:
        """What stands in an editable box: the value of the item with that title, else the text."""
        text = box.currentText().strip()
        place = box.findText(text)
        return str(box.itemData(place)) if place >= 0 else text

    def _commit(self, name: str, value: str) -> None:
        if value == self._chosen.get(name) or value.endswith(".py:"):
            return
        self._show(name, value)
        code = CODE.match(value) if name == "architecture" else None
        if code is not None:
            self.consent.ask(value, code.group(1))
        else:
            self.consent.hide()
            self._chosen[name] = value
            self.chosen.emit(name, value)

    def _take_back(self) -> None:
        self._show("architecture", self._chosen.get("architecture", ""))

    def _show(self, name: str, value: str) -> None:
        box = self.boxes[name]
        blocked = box.blockSignals(True)
        if box.isEditable():
            if value != self._typed(box):
                box.setEditText(self._title(name, value))
        else:
            box.setCurrentIndex(box.findData(value))
        box.setToolTip(tooltip(value))
        box.blockSignals(blocked)
