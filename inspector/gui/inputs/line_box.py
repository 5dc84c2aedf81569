"""A line that is typed or chosen: ready ones, and those that were used before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QWidget

from inspector.gui.arrow import paint_arrow
from inspector.gui.plain import tooltip
from inspector.gui.remember import Memory


@dataclass(frozen=True, slots=True)
class Ready:
    """A ready line: the text that is used, and what it does, for the tool tip."""

    line: str
    meaning: str


class LineBox(QComboBox):
    """`committed` carries the line on Enter, on leaving the box, and on choosing from the list."""

    committed = Signal(str)

    def __init__(
        self,
        ready: Sequence[Ready],
        memory: Memory,
        key: str,
        *,
        empty: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._ready, self._memory, self._key = tuple(ready), memory, key
        self._last = ""
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]  # it would make `scale 1/255` of `scale 1/2` and Enter
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.line.setPlaceholderText(empty)
        self.line.setAcceptDrops(False)  # the window takes drops, and knows what they mean
        self._fill()
        self.activated.connect(lambda _index: self.commit())
        self.line.editingFinished.connect(self.commit)

    @property
    def line(self) -> QLineEdit:
        """The line editor."""
        editor = self.lineEdit()
        assert editor is not None  # noqa: S101 - an editable box has one
        return editor

    def text(self) -> str:
        return self.currentText().strip()

    def show_line(self, line: str) -> None:
        """Show a line without committing it."""
        self._last = line
        self.setEditText(line)
        self.line.setCursorPosition(0)
        self.setToolTip(tooltip(line))

    def show_error(self, error: str) -> None:
        """Mark the line as one that cannot be read, and say why on hover; empty takes the mark away."""
        self.setProperty("wrong", bool(error))
        self.style().unpolish(self)
        self.style().polish(self)
        self.setToolTip(tooltip(error or self.text()))

    def commit(self) -> None:
        """Take the line, remember it, and tell it, if it is another one than before."""
        line = self.text()
        if line == self._last:
            return
        if line and all(line != ready.line for ready in self._ready):
            self._memory.add(self._key, line)
            self._fill()
        self.show_line(line)
        self.committed.emit(line)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 18, super().sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.show_line(self._last)
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_arrow(self)

    def _fill(self) -> None:
        blocked = self.blockSignals(True)
        self.clear()
        for line in self._memory.texts(self._key):
            self.addItem(line)
        for ready in self._ready:
            self.addItem(ready.line)
            self.setItemData(self.count() - 1, tooltip(ready.meaning), Qt.ItemDataRole.ToolTipRole)
        self.setEditText(self._last)
        self.blockSignals(blocked)
