"""The tensors that a lookup by value found: ranked, with the way to match the layer to one of them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.errors import InspectorError
from inspector.domain.files import Side
from inspector.domain.match import ValueHit
from inspector.gui.browse.wording import number_text, shape_text
from inspector.gui.plain import ElidedLabel, label, shortened, tooltip
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, numbers_font
from inspector.gui.words import in_window

KEY = "find-by-value"
COLUMNS = ("Tensor", "Op", "Shape", "Agreement", "Largest difference", "Relation")


class HitsPanel(QFrame):
    """Shown in place of the result tabs. `dismissed` goes back."""

    dismissed = Signal()

    def __init__(self, state: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self._state = state
        self._side: Side = "a"
        self._tensor = ""
        self.title = ElidedLabel(role="heading")
        self.message = label(role="muted", wrap=True)
        self.table = QTableWidget(0, len(COLUMNS))
        self.match_button = QPushButton("Match with this tensor")
        self.back_button = QPushButton("Back")
        self._prepare_table()
        self._lay_out()
        self.back_button.clicked.connect(self.dismissed)
        self.match_button.clicked.connect(self.match_current)
        self.table.currentCellChanged.connect(lambda row, *_rest: self._marked(row))

    def look_up(self, side: Side, tensor: str) -> None:
        """Look a tensor of a side up in the other side."""
        self._side, self._tensor = side, tensor
        other = "B" if side == "a" else "A"
        self.title.show_text(f"Tensors of {other} whose value is that of {tensor}")
        self.table.setRowCount(0)
        self.match_button.setEnabled(False)
        self._say(f"Running both sides and comparing every tensor of {other}…")
        session = self._state.session
        self._state.jobs.run(
            lambda progress: session.find_by_value(side, tensor, progress),
            self._show,
            self._failed,
            lambda text, _done, _total: self._say(f"{text}… Esc stops."),
            key=KEY,
        )

    def leave(self) -> None:
        """Forget the search; one that still runs is stopped."""
        if self._state.jobs.active(KEY):
            self._state.jobs.drop(KEY)
            self._state.jobs.run(self._state.session.stop, key="stop")

    def match_current(self) -> None:
        """Pair the layer with the marked tensor."""
        item = self.table.item(self.table.currentRow(), 0)
        if item is None:
            return
        found = item.data(Qt.ItemDataRole.UserRole)
        if self._side == "a":
            self._state.change_match(self._tensor, found)
        else:
            self._state.change_match(found, self._tensor)
        self.dismissed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.match_current()
        else:
            super().keyPressEvent(event)

    def _show(self, hits: list[ValueHit]) -> None:
        self._say("" if hits else "No tensor of the other side has a value like it.")
        self.table.setRowCount(len(hits))
        for row, hit in enumerate(hits):
            texts = (hit.tensor, hit.op, shape_text(hit.shape), f"{hit.agreement:.4f}",
                     number_text(hit.max_abs), hit.relation)  # fmt: skip
            whole = {3: repr(hit.agreement), 4: repr(hit.max_abs)}
            for column, text in enumerate(texts):
                item = QTableWidgetItem(shortened(text))
                item.setToolTip(tooltip(whole.get(column, text)))
                if column in whole:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    item.setFont(numbers_font())
                self.table.setItem(row, column, item)
            if (first := self.table.item(row, 0)) is not None:
                first.setData(Qt.ItemDataRole.UserRole, hit.tensor)
        if hits:
            self.table.setCurrentCell(0, 0)
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _failed(self, error: InspectorError) -> None:
        self._say(in_window(f"✕  {error}"))

    def _marked(self, row: int) -> None:
        self.match_button.setEnabled(row >= 0)

    def _say(self, text: str) -> None:
        self.message.setText(shortened(text, 800))
        self.message.setVisible(bool(text))
        self.table.setVisible(not text)

    def _prepare_table(self) -> None:
        table = self.table
        table.setHorizontalHeaderLabels(COLUMNS)
        table.setAccessibleName("Tensors found by value")
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(COLUMNS)):
            table.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.addWidget(self.title, 1)
        heading.addWidget(self.match_button)
        heading.addWidget(self.back_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.addLayout(heading)
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)
        layout.addStretch()
