"""One side's panel: what file it is, its search, its tree or hits, or an error in their place."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.domain.files import Found, ModelFile, Side
from inspector.gui.browse.icons import entry_icon
from inspector.gui.browse.search import LIMIT, HitList, HitModel, SearchBox
from inspector.gui.browse.tree_model import EntryModel
from inspector.gui.browse.tree_view import EntryTree
from inspector.gui.browse.wording import bytes_text
from inspector.gui.drops import WHAT_OPENS
from inspector.gui.errors import ErrorPanel, Notice
from inspector.gui.options.bar import OptionsBar
from inspector.gui.options.fields import button
from inspector.gui.options.wording import runs_in_text
from inspector.gui.plain import ClampedLabel, ElidedLabel, label, tooltip
from inspector.gui.snapshot import name_of
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Theme
from inspector.gui.words import in_window

LINES = 4  # of the reason why a file cannot run
INVITATIONS: dict[Side, str] = {
    "a": f"{WHAT_OPENS}\n\nDrop one here, or open one with Ctrl+O.",
    "b": f"{WHAT_OPENS}\n\nDrop one here, or open one with Ctrl+Shift+O.",
}


class SidePanel(QFrame):
    """`entry_chosen(side, entry)` for each row reached, `entry_opened` for Enter; the rest are wishes of
    the context menu."""

    entry_chosen = Signal(str, object)
    entry_opened = Signal(str, object)
    snippet_wanted = Signal(str, object)
    find_wanted = Signal(str, object)
    chart_wanted = Signal(str, object)
    open_wanted = Signal(str)
    retry_wanted = Signal(str)
    convert_wanted = Signal(str)

    def __init__(self, side: Side, state: AppState, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.side: Side = side
        self._state, self._theme = state, theme
        self._file: ModelFile | None = None
        self._opening = False
        self._icons: dict[str, Any] = {}
        self.title = ElidedLabel(role="heading")
        self.facts = ElidedLabel(role="muted", sentence=True)
        self.cannot_run = ClampedLabel(LINES)
        self.options = OptionsBar(side)
        self.convert = button("Convert…", f"Convert {side.upper()}")
        self.count = label(role="muted")
        self.search = SearchBox()
        self.model = EntryModel(self._ask, self._icon, self)
        self.tree = EntryTree(self.model)
        self.hits = HitModel(self._icon)
        self.hit_list = HitList(self.hits, theme)
        self.error = ErrorPanel()
        self.notice = Notice()
        self.notice.hide()
        self.invitation = label(role="muted", wrap=True)
        self.body = QStackedWidget()
        self._lay_out()
        self._name_parts()
        self._connect()
        self.show_file(None)

    def follow_file(self, file: ModelFile | None) -> None:
        """Show the file if it is another one; an error or a search stays while the other side changes."""
        if self._opening or file is not self._file:
            self.show_file(file)
        elif self.body.currentWidget() is not self.error:
            self._show_where_it_runs(file)  # the other side may run it now, or no longer

    def show_file(self, file: ModelFile | None) -> None:
        """Show a file's head and its tree, or the invitation to open one."""
        self._file = file
        self.search.clear()
        self.notice.hide()
        self._show_head()
        if file is not None:
            self.model.reset()
        else:
            self.model.clear()

    def _show_head(self) -> None:
        """What file it is; its tree as far as it is known."""
        file, self._opening = self._file, False
        self.invitation.setText(INVITATIONS[self.side])
        self.search.setVisible(file is not None)
        self.convert.setVisible(file is not None)
        self.title.show_text(name_of(file) if file else "no file")
        self.title.setToolTip(tooltip(_told(file)) if file else "")
        self._show_where_it_runs(file)
        self.body.setCurrentWidget(self.invitation if file is None else self.tree)

    def _show_where_it_runs(self, file: ModelFile | None) -> None:
        """In one line; why it cannot run, and what to do about it, in as many as it takes."""
        stands_in = self._state.stands_in(self.side)
        runs = file is not None and (bool(file.runs_in) or stands_in)
        text = in_window(runs_in_text(file, self.side, stands_in=stands_in)) if file is not None else ""
        self.facts.show_text(text)
        self.facts.setVisible(runs)
        self.cannot_run.show_text(text)
        self.cannot_run.setVisible(file is not None and not runs)

    def show_error(self, error: InspectorError | None) -> None:
        """Put the error where the tree would have been, or above the tree of a file that stays open; None takes
        it away."""
        if error is not None and self._file is not None:
            self.notice.show_error(error)
            self.notice.show()
            if self._opening:
                self._show_head()
        elif error is not None:
            self._opening = False
            self.error.show_error(error)
            for part in (self.facts, self.cannot_run, self.search):
                part.hide()
            self.body.setCurrentWidget(self.error)
        elif self.body.currentWidget() is self.error:
            self.show_file(self._state.files[self.side])
        else:
            self.notice.hide()

    def show_opening(self, name: str) -> None:
        """Say that a file is being read."""
        self._opening = True
        self.notice.hide()
        self.title.show_text(name)
        self.invitation.setText("Reading the structure…")
        self.body.setCurrentWidget(self.invitation)

    def set_over(self, *, over: bool) -> None:
        """Show that a drop now would land here."""
        self.setProperty("over", over)
        self.style().unpolish(self)
        self.style().polish(self)

    def focus_search(self) -> None:
        """Put the cursor into the search box, its text marked."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def focus_body(self) -> None:
        """Put the keyboard on what the panel shows now."""
        shown = self.body.currentWidget()
        target = self.error.retry_button if shown is self.error else shown
        (target or self).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def copy_name(self) -> None:
        """Copy the raw name of the marked row."""
        if self.body.currentWidget() is self.hit_list:
            self.hit_list.copy_name()
        else:
            self.tree.copy_name()

    def reveal_tensor(self, tensor: str) -> None:
        """Bring the row of a tensor into sight and put the cursor on it, without selecting anew."""
        current = self.tree.current_entry()
        if self._state.files[self.side] is None or (current is not None and current.tensor == tensor):
            return
        owner = self.model.owner_with_tensor(self.tree.currentIndex()) if current else None
        if owner is None or owner.tensor != tensor:
            self._find(tensor, 20, lambda hits: self._reveal(hits, tensor), key=f"reveal-{self.side}")

    def reveal_entry(self, hit: Found) -> None:
        """Leave the hits and show one of them in the tree."""
        self.search.clear()
        self.tree.reveal(_path(hit))
        self.tree.setFocus(Qt.FocusReason.OtherFocusReason)
        self.entry_opened.emit(self.side, hit.entry)

    def _ask(self, entry_id: str, start: int, stop: int, on_done: Any, on_error: Any) -> None:
        session, side = self._state.session, self.side
        self._state.jobs.run(lambda: session.reader(side).children(entry_id, start, stop), on_done, on_error)

    def _find(self, query: str, limit: int, on_done: Any, *, key: str) -> None:
        session, side = self._state.session, self.side
        self._state.jobs.run(
            lambda: session.reader(side).search(query, limit),
            lambda hits: on_done(tuple(hits)), self._search_failed, key=key,
        )  # fmt: skip

    def _search(self, query: str) -> None:
        if query:
            self._find(query, LIMIT, self._show_hits, key=f"search-{self.side}")

    def _search_failed(self, error: InspectorError) -> None:
        self._state.set_status(str(error))

    def _show_hits(self, hits: tuple[Found, ...]) -> None:
        self.hits.show_hits(hits)
        self.count.setText(f"{len(hits)}{'+' if len(hits) >= LIMIT else ''}" if hits else "nothing")
        self.body.setCurrentWidget(self.hit_list)

    def _leave_search(self) -> None:
        self._state.jobs.drop(f"search-{self.side}")
        self.count.setText("")
        if self.body.currentWidget() is self.hit_list:
            self.body.setCurrentWidget(self.tree)

    def _reveal(self, hits: tuple[Found, ...], tensor: str) -> None:
        exact = next((hit for hit in hits if hit.entry.tensor == tensor), None)
        if exact is not None:
            self.tree.reveal(_path(exact))

    def _icon(self, kind: str) -> Any:
        colours = self._theme.colours
        key = kind + colours.muted
        if key not in self._icons:
            accent = colours.a if self.side == "a" else colours.b
            self._icons[key] = entry_icon(kind, muted=colours.muted, accent=accent)
        return self._icons[key]

    def _connect(self) -> None:
        side = self.side
        self.convert.clicked.connect(lambda: self.convert_wanted.emit(side))
        self.search.wanted.connect(self._search)
        self.search.textChanged.connect(lambda _text: self._state.jobs.drop(f"search-{side}"))
        self.search.left.connect(self._leave_search)
        self.search.went_down.connect(self.focus_body)
        self.model.failed.connect(self.show_error)
        self.tree.chosen.connect(lambda entry: self.entry_chosen.emit(side, entry))
        self.tree.opened.connect(lambda entry: self.entry_opened.emit(side, entry))
        self.hit_list.chosen.connect(lambda hit: self.entry_chosen.emit(side, hit.entry))
        self.hit_list.opened.connect(self.reveal_entry)
        for mine, of_tree in (
            (self.snippet_wanted, self.tree.snippet_wanted),
            (self.find_wanted, self.tree.find_wanted),
            (self.chart_wanted, self.tree.chart_wanted),
        ):
            of_tree.connect(lambda entry, mine=mine: mine.emit(side, entry))
        for said in (self.error, self.notice):
            said.retry.connect(lambda: self.retry_wanted.emit(side))
            said.dismissed.connect(lambda: self._state.file_failed.emit(side, None))
        self._theme.changed.connect(self.tree.viewport().update)

    def _name_parts(self) -> None:
        letter = self.side.upper()
        self.convert.setToolTip("Write the model in another form, and prove that it computes the same")
        self.search.setAccessibleName(f"Search in {letter}")
        self.tree.setAccessibleName(f"Structure of {letter}")
        self.hit_list.setAccessibleName(f"Hits in {letter}")

    def _lay_out(self) -> None:
        letter = label(self.side.upper())
        letter.setProperty("side", self.side)
        heading = QHBoxLayout()
        heading.setSpacing(GRID)
        heading.addWidget(letter)
        heading.addWidget(self.title, 1)
        heading.addWidget(self.convert)
        finding = QHBoxLayout()
        finding.addWidget(self.search, 1)
        finding.addWidget(self.count)
        self.invitation.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for widget in (self.invitation, self.tree, self.hit_list, self.error):
            self.body.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID // 2)
        layout.addLayout(heading)
        layout.addWidget(self.facts)
        layout.addWidget(self.cannot_run)
        layout.addWidget(self.options)
        layout.addLayout(finding)
        layout.addWidget(self.notice)
        layout.addWidget(self.body, 1)
        self.setMinimumWidth(20 * GRID)


def _path(hit: Found) -> tuple[str, ...]:
    return (*(ancestor for ancestor in hit.ancestors if ancestor), hit.entry.id)


def _told(file: ModelFile) -> str:
    facts = [f"{name}: {value}" for name, value in file.facts]
    warnings = [f"{warning.code}: {in_window(warning.text)}" for warning in file.warnings]
    return "\n".join([file.path, f"{file.title}, {bytes_text(file.size)}", in_window(file.reason), *facts, *warnings])
