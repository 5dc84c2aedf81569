"""The tree of a file as an item model: children are asked for a page at a time, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QIcon

from inspector.domain.errors import InspectorError
from inspector.domain.files import Entry
from inspector.gui.browse.wording import hover_text, what_text
from inspector.gui.plain import shortened, tooltip

PAGE = 256
EntryRole = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex
#: ask(entry id, start, stop, on_done, on_error)
Ask = Callable[[str, int, int, Callable[[list[Entry]], None], Callable[[InspectorError], None]], None]
_INVALID = QModelIndex()


@dataclass(eq=False, slots=True)
class Branch:
    """An entry in the tree with as many of its children as were asked for."""

    entry: Entry
    parent: Branch | None
    row: int
    children: list[Branch] = field(default_factory=list)
    complete: bool = False
    loading: bool = False


class EntryModel(QAbstractItemModel):
    """Columns: name, and what it is. `page_arrived` is emitted after each page, `failed` on an error."""

    page_arrived = Signal(str)
    failed = Signal(object)

    def __init__(self, ask: Ask, icon: Callable[[str], QIcon], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self._icon = icon
        self._root = self._new_root(empty=True)

    def reset(self) -> None:
        """Forget everything and ask for the first page anew."""
        self._forget(empty=False)
        self.fetchMore(QModelIndex())

    def clear(self) -> None:
        """Forget everything; there is no file to ask."""
        self._forget(empty=True)

    def _forget(self, *, empty: bool) -> None:
        self.beginResetModel()
        self._root = self._new_root(empty=empty)
        self.endResetModel()

    def entry(self, index: Index) -> Entry | None:
        return self._branch(index).entry if index.isValid() else None

    def owner_with_tensor(self, index: Index) -> Entry | None:
        """The entry itself or its nearest ancestor that is a tensor a run can tap."""
        branch: Branch | None = self._branch(index)
        while branch is not None and not branch.entry.tensor:
            branch = branch.parent
        return branch.entry if branch else None

    def index_of(self, path: tuple[str, ...]) -> tuple[QModelIndex, int]:
        """The deepest loaded index on a path of ids, and how many of the ids it covers."""
        index = QModelIndex()
        for depth, wanted in enumerate(path):
            children = self._branch(index).children
            row = next((child.row for child in children if child.entry.id == wanted), None)
            if row is None:
                return index, depth
            index = self.index(row, 0, index)
        return index, len(path)

    def index(self, row: int, column: int, parent: Index = _INVALID) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, self._branch(parent).children[row])

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        owner = self._branch(index).parent if index.isValid() else None
        if owner is None or owner is self._root:
            return QModelIndex()
        return self.createIndex(owner.row, 0, owner)

    def rowCount(self, parent: Index = _INVALID) -> int:
        return 0 if parent.column() > 0 else len(self._branch(parent).children)

    def columnCount(self, parent: Index = _INVALID) -> int:
        return 2

    def hasChildren(self, parent: Index = _INVALID) -> bool:
        branch = self._branch(parent)
        return parent.column() <= 0 and (bool(branch.children) or not branch.complete)

    def canFetchMore(self, parent: Index) -> bool:
        """Only the first page: QTreeView fetches at every layout, and would load a branch to its end."""
        return not self._branch(parent).children and self.has_more(parent)

    def has_more(self, parent: Index) -> bool:
        """Whether `fetchMore` would bring another page; the view asks when its end comes into sight."""
        branch = self._branch(parent)
        return parent.column() <= 0 and not branch.complete and not branch.loading

    def fetchMore(self, parent: Index) -> None:
        branch = self._branch(parent)
        if branch.complete or branch.loading:
            return
        branch.loading = True
        start = len(branch.children)
        self._ask(
            branch.entry.id, start, start + PAGE,
            lambda entries: self._add(branch, entries), lambda error: self._fail(branch, error),
        )  # fmt: skip

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self._branch(index).entry
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shortened(entry.name) if index.column() == 0 else shortened(what_text(entry))
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(hover_text(entry))
            case Qt.ItemDataRole.DecorationRole if index.column() == 0:
                return self._icon(entry.kind)
            case Qt.ItemDataRole.AccessibleTextRole:
                return shortened(f"{entry.name}, {entry.kind} {what_text(entry)}")
            case _:
                return entry if role == EntryRole else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return ("Name", "What")[section]
        return None

    def _branch(self, index: Index) -> Branch:
        branch: Branch = index.internalPointer() if index.isValid() else self._root
        return branch

    def _index(self, branch: Branch) -> QModelIndex:
        return QModelIndex() if branch is self._root else self.createIndex(branch.row, 0, branch)

    def _add(self, branch: Branch, entries: list[Entry]) -> None:
        if not self._belongs(branch):
            return  # the model was reset while the page was on its way
        start = len(branch.children)
        branch.complete = len(entries) < PAGE
        if entries:
            self.beginInsertRows(self._index(branch), start, start + len(entries) - 1)
            for row, entry in enumerate(entries, start):
                branch.children.append(Branch(entry, branch, row, complete=entry.child_count == 0))
            self.endInsertRows()
        branch.loading = False
        self.page_arrived.emit(branch.entry.id)

    def _fail(self, branch: Branch, error: InspectorError) -> None:
        if self._belongs(branch):
            branch.loading = False
            branch.complete = True
            self.failed.emit(error)

    def _belongs(self, branch: Branch) -> bool:
        while branch.parent is not None:
            branch = branch.parent
        return branch is self._root

    @staticmethod
    def _new_root(*, empty: bool) -> Branch:
        return Branch(Entry(id="", name="", kind="group"), None, 0, complete=empty)
