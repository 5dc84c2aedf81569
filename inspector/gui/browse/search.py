"""The search of one side: a box that finds as one types, and the list of hits with where they stand."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHeaderView, QLineEdit, QTableView, QWidget

from inspector.domain.files import Found
from inspector.gui.browse.scoped_name import ScopedNameDelegate
from inspector.gui.browse.tree_view import WIDEST
from inspector.gui.browse.wording import dtype_text, hover_text, shape_text
from inspector.gui.plain import shortened, tooltip
from inspector.gui.theme import GRID, Theme

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


class Hit(IntEnum):
    """The columns of the hits."""

    NAME = 0
    WHAT = 1
    SHAPE = 2


class HitModel(QAbstractTableModel):
    """Columns: name with its scope, class or dtype, shape. The hits of the last query."""

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
        return 0 if parent.isValid() else len(Hit)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        hit = self.hits[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shortened(self._texts(hit)[index.column()])
            case Qt.ItemDataRole.TextAlignmentRole if index.column() == Hit.SHAPE:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(f"{path_text(hit)}\n{hover_text(hit.entry)}")
            case Qt.ItemDataRole.DecorationRole if index.column() == 0:
                return self._icon(hit.entry.kind)
            case _:
                return None

    @staticmethod
    def _texts(hit: Found) -> tuple[str, str, str]:
        entry = hit.entry
        return path_text(hit), entry.class_name or dtype_text(entry.dtype) or entry.kind, shape_text(entry.shape)


def path_text(hit: Found) -> str:
    """The hit's name, with its parent in front where the name alone does not say it."""
    name = hit.entry.tensor or hit.entry.name
    parent = hit.ancestors[-1].split(":", 1)[-1] if hit.ancestors else ""  # an id: its kind, then where it is
    if hit.entry.tensor or not parent or name.startswith(parent):
        return name
    return f"{parent}/{name}"


class HitList(QTableView):
    """The hits; `chosen` for each one the cursor reaches, `opened` for Enter and clicks twice."""

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, model: HitModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hits = model
        self.setModel(model)
        self.setItemDelegateForColumn(Hit.NAME, ScopedNameDelegate(theme, self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(2 * self.fontMetrics().height() + GRID // 2)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setSectionResizeMode(Hit.NAME, QHeaderView.ResizeMode.Stretch)
        model.modelReset.connect(self._share_room)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._hits.hits[index.row()]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """The name gets what is left; there is a column of shapes where a hit has one."""
        room, shapes = self.viewport().width(), any(hit.entry.shape is not None for hit in self._hits.hits)
        self.setColumnHidden(Hit.SHAPE, not shapes)
        self.horizontalHeader().resizeSection(Hit.WHAT, min(WIDEST, room * (2 if shapes else 3) // 10))
        self.horizontalHeader().resizeSection(Hit.SHAPE, min(WIDEST, room * 3 // 10))

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
