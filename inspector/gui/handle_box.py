"""A line for a TF Hub handle: typed or pasted, Enter opens it as a side."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from inspector.domain.files import Side
from inspector.gui.options.fields import hint
from inspector.gui.plain import label
from inspector.gui.theme import GRID

HINT = (
    "The address of a module, as it is given to hub.load, or its folder. It is looked up in the cache of TF Hub "
    "on this machine; nothing is fetched. Enter opens it, Escape leaves."
)


class HandleBox(QDialog):
    """`chosen(side, handle)`."""

    chosen = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._side: Side = "a"
        self.title = label(role="heading")
        self.line = QLineEdit(placeholderText="publisher/model/version, with its host in front")
        self.line.setAccessibleName("TF Hub handle")
        self.line.returnPressed.connect(self._take)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        for part in (self.title, self.line, hint(HINT)):
            layout.addWidget(part)

    def open_over(self, window: QWidget, side: Side) -> None:
        """Ask for the handle of a side, in the upper middle of the window."""
        self._side = side
        self.title.setText(f"Open a TF Hub handle as {side.upper()}")
        self.line.clear()
        self.resize(min(68 * GRID, window.width() - 2 * GRID), self.heightForWidth(68 * GRID))
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 6 * GRID)
        self.show()
        self.line.setFocus()

    def _take(self) -> None:
        handle = self.line.text().strip()
        if handle:
            self.close()
            self.chosen.emit(self._side, handle)
