"""The environment of a side: our own Python or one that the person added, and the confinement in force."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QRadioButton, QSizePolicy, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.gui.options.fields import button, hint, section
from inspector.gui.options.interpreters import OWN, Interpreters
from inspector.gui.options.wording import also_text, versions_text
from inspector.gui.plain import ElidedLabel, shortened, tooltip
from inspector.gui.theme import GRID
from inspector.session.environments import Environment

PYTHONS = "Python interpreters (python*);;All files (*)"
LOOKING = "looking…"


class Choosable(QWidget):
    """One interpreter: a button to choose it, its path, and one to take it off the list."""

    def __init__(self, path: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self.choose = QRadioButton()
        self.choose.setAutoExclusive(False)  # the others are not its siblings
        self.choose.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.where = ElidedLabel(path, role="muted")
        self.remove: QPushButton | None = None
        line = QHBoxLayout()
        line.addWidget(self.choose, 1)
        if path != OWN:
            self.remove = button("Remove", f"Remove {shortened(path)} from the list")
            line.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self.where)
        self.where.setContentsMargins(3 * GRID, 0, 0, 0)

    def show_found(self, interpreters: Interpreters, *, chosen: bool) -> None:
        """Say what it has, or why it cannot be used."""
        found = interpreters.known.get(self.path)
        failed = isinstance(found, InspectorError)
        said, more = _said(found)
        shown = f"Our own · {said}" if self.path == OWN else f"✕  {said}" if failed else said
        self.choose.setText(shortened(shown, 60).replace("&", "&&"))
        self.choose.setToolTip(tooltip("\n".join(part for part in (shown, more, self.path) if part)))
        self.choose.setEnabled(chosen or not failed)
        self.choose.setChecked(chosen)
        self.where.show_text(" · ".join(part for part in ("" if failed else more, self.path) if part))


def _said(found: Environment | InspectorError | None) -> tuple[str, str]:
    """What an interpreter has, or why it cannot be used; and the rest of it."""
    if found is None:
        return LOOKING, ""
    if isinstance(found, InspectorError):
        return found.what, found.todo
    return versions_text(found), also_text(found)


class EnvironmentRows(QWidget):
    """`chosen(path)` when an interpreter is chosen; an empty path is our own."""

    chosen = Signal(str)

    def __init__(self, interpreters: Interpreters, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._interpreters = interpreters
        self._chosen = OWN
        self._take = False
        self.items: list[Choosable] = []
        self.add = button("Add…", "Add a Python interpreter")
        self.message = hint()
        self.confinement = hint()
        self.add.clicked.connect(self.choose_file)
        interpreters.changed.connect(self._refresh)
        interpreters.refused.connect(self._refused)
        interpreters.added.connect(self._added)
        self._lay_out()

    def show_python(self, path: str) -> None:
        """Show which interpreter is chosen."""
        self._chosen = path
        self._refresh()

    def show_confinement(self, text: str) -> None:
        """Show what holds for the process that runs the side; empty while it is not known."""
        self.confinement.setText(f"Confinement: {text}." if text else "Confinement: not known until it has started.")

    def choose_file(self) -> None:
        """Let an interpreter be chosen; it is looked into first."""
        path, _kind = QFileDialog.getOpenFileName(self, "A Python interpreter that has TensorFlow", "", PYTHONS)
        if path:
            self._take = True
            self.message.setText("Looking into it…")
            self.message.show()
            self._interpreters.add(path)

    def _refresh(self) -> None:
        paths = self._interpreters.paths(self._chosen)
        if paths != [item.path for item in self.items]:
            self._build(paths)
        for item in self.items:
            item.show_found(self._interpreters, chosen=item.path == self._chosen)
        self._interpreters.look(*paths)

    def _build(self, paths: list[str]) -> None:
        for item in self.items:
            item.hide()
            item.deleteLater()
        self.items = [Choosable(path) for path in paths]
        for item in self.items:
            self._list.addWidget(item)
            item.choose.clicked.connect(partial(self._choose, item.path))
            if item.remove is not None:
                item.remove.clicked.connect(partial(self._remove, item.path))

    def _choose(self, path: str, _checked: bool = True) -> None:  # noqa: FBT001, FBT002 - what a click carries
        self._chosen = path
        for item in self.items:
            item.choose.setChecked(item.path == path)
        self.chosen.emit(path)

    def _remove(self, path: str, _checked: bool = False) -> None:  # noqa: FBT001, FBT002 - what a click carries
        if path == self._chosen:
            self._choose(OWN)
        self._interpreters.forget(path)

    def _refused(self, error: InspectorError) -> None:
        if self._take:
            self._take = False
            self.message.setText(f"✕  {shortened(error.what, 400)}. {shortened(error.todo, 400)}")

    def _added(self, path: str) -> None:
        if self._take:
            self._take = False
            self.message.hide()
            self._choose(path)

    def _lay_out(self) -> None:
        part, rows = section("Environment")
        self._list = QVBoxLayout()
        self._list.setSpacing(GRID // 2)
        rows.addLayout(self._list)
        adding = QHBoxLayout()
        adding.addWidget(self.add)
        adding.addStretch()
        rows.addLayout(adding)
        rows.addWidget(self.message)
        rows.addWidget(self.confinement)
        self.message.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(part)
