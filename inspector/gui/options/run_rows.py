"""How a side is run: numbers and switches, only those that its framework heeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from inspector.domain.options import SideOptions
from inspector.gui.arrow import ChoiceBox
from inspector.gui.check_box import CheckBox
from inspector.gui.options.fields import section
from inspector.gui.options.wording import SWITCHES
from inspector.gui.plain import label, tooltip
from inspector.gui.theme import GRID

#: Field, label, what stands for None, the least number, and what it means.
NUMBERS = (
    ("threads", "Threads", "default", 1, "Threads within one operation"),
    ("batch", "Samples at a time", "all at once", 1, "Of the samples of a run so many are computed at a time"),
    ("seed", "Seed", "none", 0, "The seed of random operations (dropout in training, random layers)"),
)
TITLES = {
    "xla": "Compile with XLA",
    "optimise": "Optimise the graph",
    "float64": "Compute in float64",
    "training": "Training mode",
    "twice": "Run twice",
}
ONEDNN = (("default", None), ("on", True), ("off", False))


class NumberBox(QSpinBox):
    """A number or none; none is one below the least number. The wheel goes to what it stands in."""

    def __init__(self, none: str, least: int) -> None:
        super().__init__()
        self.setRange(least - 1, 2**31 - 1)
        self.setSpecialValueText(none)
        self.lineEdit().setTextMargins(GRID // 2, 0, 0, 0)
        self.setMinimumWidth(12 * GRID)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def number(self) -> int | None:
        return None if self.value() == self.minimum() else self.value()

    def show_number(self, number: int | None) -> None:
        self.setValue(self.minimum() if number is None else number)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class RunRows(QWidget):
    """`changed` carries the options with one of them changed."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = SideOptions()
        self.numbers = {name: NumberBox(none, least) for name, _title, none, least, _meaning in NUMBERS}
        self.onednn = ChoiceBox()
        self.switches = {name: CheckBox(TITLES[name]) for name, _usual, _text, _meaning in SWITCHES}
        self._prepare()
        self._labels: dict[str, QWidget] = {}
        self._lay_out()

    def show_options(self, options: SideOptions, heeded: Sequence[str]) -> None:
        """Show what is set of `heeded`; the rest is hidden."""
        self._options = options
        self.setVisible(bool(heeded))
        for name, box in self.numbers.items():
            box.show_number(getattr(options, name))
        self.onednn.setCurrentIndex([value for _title, value in ONEDNN].index(options.onednn))
        for name, check in self.switches.items():
            blocked = check.blockSignals(True)
            check.setChecked(bool(getattr(options, name)))
            check.blockSignals(blocked)
        self._place(heeded)

    def _place(self, heeded: Sequence[str]) -> None:
        """What is shown stands together, from the top."""
        numbers = [name for name in (*self.numbers, "onednn") if name in heeded]
        switches = [name for name in self.switches if name in heeded]
        for place, name in enumerate(numbers):
            self._grid.addWidget(self._labels[name], place, 0)
            self._grid.addWidget(self.numbers.get(name, self.onednn), place, 1)
        for place, name in enumerate(switches):
            self._grid.addWidget(self.switches[name], place, 3)
        for name, check in self.switches.items():
            check.setVisible(name in heeded)
        for name, widget in (*self.numbers.items(), ("onednn", self.onednn)):
            widget.setVisible(name in heeded)
            self._labels[name].setVisible(name in heeded)

    def _prepare(self) -> None:
        for name, title, _none, _least, meaning in NUMBERS:
            self.numbers[name].setAccessibleName(title)
            self.numbers[name].setToolTip(tooltip(meaning))
            self.numbers[name].editingFinished.connect(partial(self._number_set, name))
        self.onednn.setAccessibleName("oneDNN")
        self.onednn.setToolTip(tooltip("Intel's faster kernels, which round otherwise"))
        for title, _value in ONEDNN:
            self.onednn.addItem(title)
        self.onednn.activated.connect(lambda place: self._set("onednn", ONEDNN[place][1]))
        for name, _usual, _text, meaning in SWITCHES:
            self.switches[name].setToolTip(tooltip(meaning))
            self.switches[name].toggled.connect(partial(self._set, name))

    def _number_set(self, name: str) -> None:
        self._set(name, self.numbers[name].number())

    def _set(self, name: str, value: bool | int | None) -> None:  # noqa: FBT001 - what a signal carries
        changed = replace(self._options, **{name: value})  # type: ignore[arg-type]
        if changed != self._options:
            self._options = changed
            self.changed.emit(changed)

    def _lay_out(self) -> None:
        part, rows = section("Run")
        self._grid = grid = QGridLayout()
        grid.setHorizontalSpacing(GRID)
        grid.setVerticalSpacing(GRID // 2)
        fields = [(name, title, self.numbers[name]) for name, title, *_rest in NUMBERS]
        for place, (name, title, widget) in enumerate((*fields, ("onednn", "oneDNN", self.onednn))):
            self._labels[name] = label(title, role="muted")
            grid.addWidget(self._labels[name], place, 0)
            grid.addWidget(widget, place, 1)
        for place, check in enumerate(self.switches.values()):
            grid.addWidget(check, place, 3)
        grid.setColumnMinimumWidth(2, GRID)
        grid.setColumnStretch(1, 1)
        rows.addLayout(grid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(part)
