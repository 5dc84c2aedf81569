"""The main window. It only assembles the panels and tells each what another one wants."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from inspector.domain.files import SIDES, Entry, Side
from inspector.gui.answer import AnswerBanner
from inspector.gui.bottom import Results
from inspector.gui.browse.side_panel import SidePanel
from inspector.gui.command_list import command_list
from inspector.gui.commands import Commands
from inspector.gui.convert.popovers import ConvertPopovers
from inspector.gui.drops import read_drop, side_at
from inspector.gui.empty import EmptyPage
from inspector.gui.file_actions import FileActions
from inspector.gui.handle_box import HandleBox
from inspector.gui.inputs.input_bar import InputBar
from inspector.gui.inputs.preview import PreviewPanel
from inspector.gui.options.popovers import OptionPopovers
from inspector.gui.palette import Palette
from inspector.gui.panels import Panel, PanelRing, copy_where_focus_is
from inspector.gui.plain import ElidedLabel
from inspector.gui.remember import Memory
from inspector.gui.results.table import MatchTable
from inspector.gui.snapshot import Known, resolve
from inspector.gui.state import AppState
from inspector.gui.theme import GRID, Mode, Theme
from inspector.gui.work import Work

LEAST = 20 * GRID  # pixels of height for either half: both fit into a window of 1000x700


class MainWindow(QMainWindow):
    """Trees left and right, the matches between them, the results below, the answer on top."""

    def __init__(self, state: AppState, theme: Theme, memory: Memory) -> None:
        super().__init__()
        self.state, self.theme, self.memory = state, theme, memory
        self.work = Work(state, self)
        self.input_bar = InputBar(state, memory)
        self.preview = PreviewPanel(state)
        self.files = FileActions(state, self.work, self.input_bar, memory, self)
        self.answer = AnswerBanner(theme)
        self.empty = EmptyPage(theme)
        self.sides: dict[Side, SidePanel] = {side: SidePanel(side, state, theme) for side in SIDES}
        self.table = MatchTable(state, theme, memory)
        self.results = Results(state, theme)
        self.options = OptionPopovers(state, self.work, {side: self.sides[side].options for side in SIDES}, self)
        self.converting = ConvertPopovers(state, theme, self.work, self)
        self.status = ElidedLabel(role="muted")
        self.pages = QStackedWidget()
        self.ring = self._ring()
        self.commands = Commands(self, command_list(self))
        self.palette_box = Palette(self.commands, self)
        self.handle_box = HandleBox(self)
        self._lay_out()
        self._connect()
        self._restore()
        self._dress()
        self._apply(self.work.known)

    def focus_search(self) -> None:
        """Search in the side that has the keyboard, else in A, else in B."""
        focus = QApplication.focusWidget()
        there = [side for side in SIDES if self.state.files[side]]
        inside = [side for side in there if focus is not None and self.sides[side].isAncestorOf(focus)]
        if there:
            self.sides[(inside or there)[0]].focus_search()

    def show_palette(self) -> None:
        self.palette_box.open_over(self)

    def ask_handle(self, side: Side) -> None:
        """Ask for a TF Hub handle and open it as a side."""
        self.handle_box.open_over(self, side)

    def convert(self, side: Side) -> None:
        """Ask for the form that a side is to be converted to, or close that again."""
        self.converting.toggle(side, self.sides[side].convert)

    def copy_name(self) -> None:
        """Copy the raw name under the keyboard, else of what is selected."""
        selection = self.state.selection
        if not copy_where_focus_is() and (name := selection.layer_a or selection.tensor_b):
            QApplication.clipboard().setText(name)

    def find_selected(self) -> None:
        """Look the selected layer up in B, or the selected tensor of B in A."""
        selection = self.state.selection
        if selection.layer_a:
            self.results.find_by_value("a", selection.layer_a)
        elif selection.tensor_b:
            self.results.find_by_value("b", selection.tensor_b)
        else:
            self.state.set_status("Select a layer or a tensor first.")

    def set_mode(self, mode: Mode) -> None:
        """Light, dark, or as the system has it; remembered."""
        self.memory.keep("theme", mode)
        self.theme.set_mode(mode)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.acceptProposedAction()  # also what will be refused: a refusal is said, not shown by a cursor

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._show_over(side_at(event.position().x(), self.width()))
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_over(None)

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_over(None)
        self.files.take(read_drop(event.mimeData(), side_at(event.position().x(), self.width())))
        event.acceptProposedAction()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.options.fit()
        self.converting.fit()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.memory.keep("window/geometry", self.saveGeometry())
        for name, splitter in self._splitters().items():
            self.memory.keep(f"window/{name}", splitter.saveState())
        self.memory.sync()
        self.hide()
        self.state.jobs.close()
        self.converting.close()
        self.state.session.close()
        event.accept()

    def _apply(self, known: Known) -> None:
        snapshot = resolve(known)
        self.setWindowTitle(snapshot.title)
        self.pages.setCurrentWidget(self.empty if snapshot.page == "empty" else self.workspace)
        self.answer.setVisible(snapshot.page == "work")
        self.answer.show_snapshot(snapshot)
        self.commands.refresh(snapshot)
        for side, name in known.opening.items():
            self.sides[side].show_opening(name)

    def _files_changed(self) -> None:
        for side, panel in self.sides.items():
            panel.follow_file(self.state.files[side])
        if all(file is None for file in self.state.files.values()):
            self._load_recent()

    def _load_recent(self) -> None:
        self.state.jobs.run(self.state.session.recent, self.empty.show_recent, key="recent")

    def _selection_changed(self, _name: str | None) -> None:
        selection = self.state.selection
        if selection.layer_a:
            self.sides["a"].reveal_tensor(selection.layer_a)
        if selection.tensor_b:
            self.sides["b"].reveal_tensor(selection.tensor_b)

    def _entry_chosen(self, side: Side, entry: Entry) -> None:
        browsing = self.state.comparison is None and not self.work.known.running
        self.results.show_details(side, entry, to_front=browsing)
        self._select(side, entry)

    def _entry_opened(self, side: Side, entry: Entry) -> None:
        self.results.show_details(side, entry, to_front=True)
        self._select(side, entry)

    def _select(self, side: Side, entry: Entry) -> None:
        panel = self.sides[side]
        owner = entry if entry.tensor else panel.model.owner_with_tensor(panel.tree.currentIndex())
        if owner is not None and owner.tensor:
            self.state.select(*((owner.tensor, None) if side == "a" else (None, owner.tensor)))

    def _copy_snippet(self, side: Side, entry: Entry) -> None:
        def copy(text: str) -> None:
            QApplication.clipboard().setText(text)
            self.state.set_status("The snippet is on the clipboard.")

        self.state.jobs.run(
            lambda: self.state.session.snippet(side, entry), copy,
            lambda error: self.state.set_status(str(error)), key="snippet",
        )  # fmt: skip

    def _show_in_chart(self, side: Side, entry: Entry) -> None:
        self._select(side, entry)
        self.results.show_tab("divergence")

    def _show_over(self, side: Side | None) -> None:
        self.empty.show_over(side)
        for own, panel in self.sides.items():
            panel.set_over(over=own == side)
        if side is not None:
            self.status.show_text(f"Drop: open as {side.upper()}")
        else:
            self.status.show_text(self.state.status)

    def _connect(self) -> None:
        state, work = self.state, self.work
        work.known_changed.connect(self._apply)
        state.files_changed.connect(self._files_changed)
        state.selection_changed.connect(self._selection_changed)
        state.status_changed.connect(self.status.show_text)
        state.busy_changed.connect(self.answer.show_busy)
        state.file_failed.connect(lambda side, error: self.sides[side].show_error(error))
        self.answer.stop_wanted.connect(work.stop)
        self.answer.run_wanted.connect(work.run)
        self.table.find_wanted.connect(self.results.find_by_value)
        self.results.error.retry.connect(work.retry)
        self.results.error.options_wanted.connect(self.options.toggle)
        self.results.error.trusted.connect(self.options.setter.trust_and_run)
        self.results.error.static_wanted.connect(work.compare_static)
        self.handle_box.chosen.connect(work.open)
        state.assignment_changed.connect(lambda _assignment: self.input_bar.show_settings())
        self.input_bar.preview_toggled.connect(self.preview.setVisible)
        self.empty.open_wanted.connect(self.files.choose)
        self.empty.pair_wanted.connect(self.files.open_pair)
        self.empty.demo_wanted.connect(self.files.open_demo)
        self.theme.changed.connect(self._dress)
        for panel in self.sides.values():
            panel.entry_chosen.connect(self._entry_chosen)
            panel.entry_opened.connect(self._entry_opened)
            panel.snippet_wanted.connect(self._copy_snippet)
            panel.find_wanted.connect(lambda side, entry: self.results.find_by_value(side, entry.tensor))
            panel.chart_wanted.connect(self._show_in_chart)
            panel.retry_wanted.connect(work.reopen)
            panel.convert_wanted.connect(self.convert)
        self._load_recent()

    def _ring(self) -> PanelRing:
        a, b = self.sides["a"], self.sides["b"]
        return PanelRing(
            (
                Panel(self.input_bar, self.input_bar.spec.setFocus),
                Panel(a, a.focus_body),
                Panel(self.table, self.table.view.setFocus),
                Panel(b, b.focus_body),
                Panel(self.results, self.results.focus_body),
                Panel(self.empty, self.empty.demo.setFocus),
            )
        )

    def _dress(self) -> None:
        self.setPalette(self.theme.palette())
        self.setStyleSheet(self.theme.stylesheet())

    def _splitters(self) -> dict[str, QSplitter]:
        return {"rows": self.workspace, "columns": self.columns}

    def _restore(self) -> None:
        self.resize(1280, 800)
        if (geometry := self.memory.bytes("window/geometry")) is not None:
            self.restoreGeometry(geometry)
        for name, splitter in self._splitters().items():
            if (saved := self.memory.bytes(f"window/{name}")) is not None:
                splitter.restoreState(saved)

    def _lay_out(self) -> None:
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        self.workspace = QSplitter(Qt.Orientation.Vertical)
        for widget, share in ((self.sides["a"], 27), (self.table, 46), (self.sides["b"], 27)):
            self.columns.addWidget(widget)
            self.columns.setStretchFactor(self.columns.count() - 1, share)
        for part, share in ((self.columns, 52), (self.results, 48)):
            part.setMinimumHeight(LEAST)
            self.workspace.addWidget(part)
            self.workspace.setStretchFactor(self.workspace.count() - 1, share)
        for splitter, sizes in ((self.columns, [270, 460, 270]), (self.workspace, [520, 480])):
            splitter.setChildrenCollapsible(False)
            splitter.setSizes(sizes)
        for page in (self.empty, self.workspace):
            self.pages.addWidget(page)
        self.preview.hide()
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(GRID, GRID // 2, GRID, 0)
        layout.setSpacing(GRID // 2)
        layout.addLayout(self._bar())
        for shown in (self.preview, self.answer):
            layout.addWidget(shown)
        layout.addWidget(self.pages, 1)
        middle.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a click beside everything leaves a popover
        self.setCentralWidget(middle)
        self.commands.fill(self.menuBar())
        self.status.setContentsMargins(GRID, 0, GRID, 0)
        self.statusBar().addWidget(self.status, 1)
        self.statusBar().setSizeGripEnabled(False)
        self.setAcceptDrops(True)

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(GRID // 2)
        for command, text in (("open-a", "Open A"), ("open-b", "Open B"), ("swap", "⇄")):
            bar.addWidget(self.commands.button(command, text=text, narrow=True))
        bar.addSpacing(GRID)
        bar.addWidget(self.input_bar, 1)
        bar.addSpacing(GRID)
        bar.addWidget(self.commands.button("run", primary=True))
        bar.addWidget(self.commands.button("stop"))
        bar.addWidget(self.commands.button("report", text="Report"))
        return bar
