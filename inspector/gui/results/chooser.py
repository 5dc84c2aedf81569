"""Change a match: a popup that searches the tensors of B as one types."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry, Found
from inspector.gui.browse.wording import shape_text
from inspector.gui.plain import ElidedLabel, label, shortened, tooltip
from inspector.gui.state import AppState
from inspector.gui.theme import GRID

_LIMIT = 60
_JOB = "choose-tensor"
_TENSOR = Qt.ItemDataRole.UserRole


class TensorChooser(QDialog):
    """Type, arrow keys, Enter; Escape leaves. `chosen` carries A's layer and the tensor of B."""

    chosen = Signal(str, str)

    def __init__(self, state: AppState, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._state = state
        self._layer = ""
        self._take_first = False
        self.setAccessibleName("Choose a tensor of B")
        self.title = ElidedLabel(role="heading")
        self.query = QLineEdit(placeholderText="Name, op or shape of a tensor of B", clearButtonEnabled=True)
        self.query.setAccessibleName("Search tensors of B")
        self.list = QListWidget()
        self.list.setAccessibleName("Tensors of B")
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.message = label(role="muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, GRID)
        for part in (self.title, self.query, self.list, self.message):
            layout.addWidget(part)
        self.query.textChanged.connect(self._search)
        self.query.returnPressed.connect(self.take)
        self.query.installEventFilter(self)
        self.list.itemActivated.connect(lambda _item: self.take())

    def open_for(self, layer: str, tensor: str | None, at: QPoint) -> None:
        """Show the popup at a point of the screen, searching for what the layer is called."""
        self._layer = layer
        self.title.show_text(f"Tensor of B for {layer}")
        self.list.clear()
        self.query.blockSignals(True)
        self.query.setText(tensor or layer.rsplit("/", 1)[-1])
        self.query.blockSignals(False)
        self.query.selectAll()
        self.resize(60 * GRID, 40 * GRID)
        self.move(at)
        self.show()
        self.query.setFocus()
        self._search(self.query.text())

    def take(self) -> None:
        """Close, and pair the layer with the marked tensor; while a search is under way, with its first hit."""
        self._take_first = self._state.jobs.active(_JOB)
        if not self._take_first and (item := self.list.currentItem()) is not None:
            self.close()
            self.chosen.emit(self._layer, item.data(_TENSOR))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            if (by := step.get(Qt.Key(event.key()))) and self.list.count():
                last = self.list.count() - 1
                self.list.setCurrentRow(min(max(self.list.currentRow() + by, 0), last))
                return True
        return super().eventFilter(watched, event)

    def _search(self, query: str) -> None:
        self._take_first = False
        self.message.setText("Searching…")
        session = self._state.session
        self._state.jobs.run(
            lambda: session.reader("b").search(query.strip(), _LIMIT), self._show, self._failed, key=_JOB
        )

    def _show(self, hits: list[Found]) -> None:
        self.list.clear()
        for hit in hits:
            if hit.entry.tensor:
                self.list.addItem(_item(hit.entry))
        self.list.setCurrentRow(0)
        count = self.list.count()
        told = "No tensor of B fits. Try another name, an op, or a shape as 3x3x32."
        self.message.setText(f"{count} tensors. Enter pairs, Esc leaves." if count else told)
        if self._take_first:
            self.take()

    def _failed(self, error: InspectorError) -> None:
        self.list.clear()
        self.message.setText(shortened(f"✕  {error}"))


def _item(entry: Entry) -> QListWidgetItem:
    told = " ".join(part for part in (entry.class_name, shape_text(entry.shape)) if part)
    item = QListWidgetItem(f"{shortened(entry.tensor)}    {told}")
    item.setData(_TENSOR, entry.tensor)
    item.setToolTip(tooltip(f"{entry.tensor}\n{told}"))
    return item
