"""The search of one side: a box that finds as one types, and the list of hits with where they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHeaderView, QLineEdit, QTableView, QWidget

from inspector.domain.files import Found
from inspector.gui.browse.tree_view import WIDEST
from inspector.gui.browse.wording import hover_text, what_text
from inspector.gui.plain import shortened, tooltip

PAUSE_MS = 120
LIMIT = 200
Index = QModelIndex | QPersistentModelIndex
_INVALID = QModelIndex()


class SearchBox(QLineEdit):
    """`wanted` carries the query once the typing pauses; `left` is for Escape and an emptied box."""

    wanted = Signal(str)
    left = Signal()
    went_down = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Name, op, 3x3x32, float32 …")
        self.setClearButtonEnabled(True)
        self.setAcceptDrops(False)  # the window takes drops, and knows what they mean
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(lambda: self.wanted.emit(self.text().strip()))
        self.textChanged.connect(self._typed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.went_down.emit()
        else:
            super().keyPressEvent(event)

    def _typed(self, text: str) -> None:
        if text.strip():
            self._pause.start()
        else:
            self._pause.stop()
            self.left.emit()


class HitModel(QAbstractTableModel):
    """Columns: name, what it is. The hits of the last query."""

    def __init__(self, icon: Callable[[str], QIcon], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self.hits: tuple[Found, ...] = ()

    def show_hits(self, hits: tuple[Found, ...]) -> None:
        self.beginResetModel()
        self.hits = hits
        self.endResetModel()

    def rowCount(self, parent: Index = _INVALID) -> int:
        return 0 if parent.isValid() else len(self.hits)

    def columnCount(self, parent: Index = _INVALID) -> int:
        return 0 if parent.isValid() else 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        hit = self.hits[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shortened(path_text(hit)) if index.column() == 0 else shortened(what_text(hit.entry))
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(f"{path_text(hit)}\n{hover_text(hit.entry)}")
            case Qt.ItemDataRole.DecorationRole if index.column() == 0:
                return self._icon(hit.entry.kind)
            case _:
                return None


def path_text(hit: Found) -> str:
    """The hit's name, with its parent in front where the name alone does not say it."""
    name = hit.entry.tensor or hit.entry.name
    parent = hit.ancestors[-1] if hit.ancestors else ""
    if hit.entry.tensor or not parent or name.startswith(parent):
        return name
    return f"{parent}/{name}"


class HitList(QTableView):
    """The hits; `chosen` for each one the cursor reaches, `opened` for Enter and clicks twice."""

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, model: HitModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hits = model
        self.setModel(model)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._hits.hits[index.row()]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.horizontalHeader().resizeSection(1, min(WIDEST, self.viewport().width() * 3 // 8))

    def current_hit(self) -> Found | None:
        row = self.currentIndex().row()
        return self._hits.hits[row] if 0 <= row < len(self._hits.hits) else None

    def copy_name(self) -> None:
        """Put the raw name of the marked hit on the clipboard."""
        if (hit := self.current_hit()) is not None:
            QApplication.clipboard().setText(hit.entry.tensor or hit.entry.name)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if (hit := self.current_hit()) is not None:
            self.chosen.emit(hit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        hit = self.current_hit()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and hit is not None:
            self.opened.emit(hit)
        else:
            super().keyPressEvent(event)
