"""The tree of one side: keyboard, context menu, rows that load as they come into sight."""

from __future__ import annotations

from functools import partial
from typing import cast

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHeaderView, QMenu, QTreeView, QWidget

from inspector.domain.files import Entry
from inspector.gui.browse.tree_model import EntryModel, EntryRole, Index
from inspector.gui.theme import GRID

WIDEST = 18 * GRID  # pixels of the second column
OPEN_FIRST = ("section:Layers", "section:Graph")


class EntryTree(QTreeView):
    """Signals carry the entry. `chosen` is for every move of the cursor, `opened` for Enter and clicks
    twice."""

    chosen = Signal(object)
    opened = Signal(object)
    snippet_wanted = Signal(object)
    find_wanted = Signal(object)
    chart_wanted = Signal(object)

    def __init__(self, model: EntryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHeaderHidden(True)
        self.setIndentation(2 * GRID)
        self.setAnimated(False)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(5 * GRID)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        self._wanted: tuple[str, ...] = ()
        self._quiet = False
        self._started = False
        self.doubleClicked.connect(self._emit_opened)
        self.verticalScrollBar().valueChanged.connect(self._load_what_is_seen)
        model.page_arrived.connect(self._page_arrived)
        model.modelReset.connect(self._forget)

    @property
    def entries(self) -> EntryModel:
        return cast("EntryModel", self.model())

    def current_entry(self) -> Entry | None:
        return self.entries.entry(self.currentIndex())

    def reveal(self, path: tuple[str, ...]) -> None:
        """Expand to the entry at this path of ids and put the cursor on it, asking for pages as needed.

        The cursor moves silently: whoever reveals has selected already."""
        self._wanted = path
        self._follow()

    def copy_name(self) -> None:
        """Put the raw tensor name (or the entry's name) on the clipboard."""
        if (entry := self.current_entry()) is not None:
            QApplication.clipboard().setText(entry.tensor or entry.name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The name gets most of the room: what tells two rows apart stands in it."""
        super().resizeEvent(event)
        self.header().resizeSection(1, min(WIDEST, self.viewport().width() * 3 // 8))

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid() and not self._quiet:
            self.chosen.emit(self.entries.entry(current))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._emit_opened(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        entry = self.entries.entry(index)
        if entry is not None:
            at = event.globalPos() if by_mouse else self._beside(index)
            self.menu_for(entry).popup(at)

    def menu_for(self, entry: Entry) -> QMenu:
        """The context menu of an entry; what needs a tensor is greyed out without one."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy name", lambda: QApplication.clipboard().setText(entry.tensor or entry.name))
        wants = (
            ("Copy snippet", self.snippet_wanted),
            ("Find in the other side by value", self.find_wanted),
            ("Show in chart", self.chart_wanted),
        )
        for title, signal in wants:
            action = menu.addAction(title, partial(signal.emit, entry))
            action.setEnabled(bool(entry.tensor))
        menu.addSeparator()
        menu.addAction("Show details", lambda: self.opened.emit(entry))
        return menu

    def _beside(self, index: QModelIndex) -> QPoint:
        return self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())

    def _emit_opened(self, index: QModelIndex) -> None:
        if (entry := self.entries.entry(index)) is not None:
            self.opened.emit(entry)

    def _forget(self) -> None:
        self._wanted = ()
        self._started = False

    def _expand_first(self) -> None:
        """A file that opens shows its layers; without them its nodes, else what there is most of."""
        rows = [self.entries.index(row, 0) for row in range(self.entries.rowCount())]
        sections = {index.data(EntryRole).id: index for index in rows if index.data(EntryRole).kind == "section"}
        if sections:
            largest = max(sections, key=lambda section: sections[section].data(EntryRole).child_count)
            self.expand(sections[next((section for section in OPEN_FIRST if section in sections), largest)])

    def _page_arrived(self, entry_id: str) -> None:
        if not entry_id and not self._started:
            self._started = True
            self._expand_first()
        self._follow()
        self._load_what_is_seen()

    def _follow(self) -> None:
        if not self._wanted:
            return
        index, depth = self.entries.index_of(self._wanted)
        if depth == len(self._wanted):
            self._wanted = ()
            self._put_cursor(index)
        elif self.entries.has_more(index):
            self.entries.fetchMore(index)

    def _put_cursor(self, index: QModelIndex) -> None:
        self._quiet = True
        try:
            self.setCurrentIndex(index)
        finally:
            self._quiet = False
        self.scrollTo(index, QTreeView.ScrollHint.EnsureVisible)

    def _load_what_is_seen(self) -> None:
        """Ask for the next page of a branch whose last loaded row has come into sight."""
        last = self.indexAt(self.viewport().rect().bottomLeft() - QPoint(0, 1))
        if not last.isValid():
            if self.entries.has_more(QModelIndex()):
                self.entries.fetchMore(QModelIndex())
            last = self._last_shown()
        index = last
        while index.isValid():
            parent = index.parent()
            near = index.row() >= self.entries.rowCount(parent) - 2
            if near and self.entries.has_more(parent):
                self.entries.fetchMore(parent)
            index = parent

    def _last_shown(self) -> QModelIndex:
        index = self.entries.index(self.entries.rowCount() - 1, 0)
        while index.isValid() and self.isExpanded(index) and self.entries.rowCount(index):
            index = self.entries.index(self.entries.rowCount(index) - 1, 0, index)
        return index
