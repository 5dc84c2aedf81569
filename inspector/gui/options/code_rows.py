"""Code that a side may run: a file with custom layers, what the model file itself carries, and the network."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile, Side
from inspector.domain.options import SideOptions
from inspector.gui.check_box import CheckBox
from inspector.gui.options.consent import DIGITS, Consent, fingerprint
from inspector.gui.options.fields import button, hint, section
from inspector.gui.options.wording import WITH_CODE
from inspector.gui.plain import ElidedLabel, tooltip
from inspector.gui.state import AppState
from inspector.gui.theme import GRID

FILES = "Python (*.py)"
TRUST = "Trust this file's own code (Lambda layers)"
TRUST_HINT = "Holds for this file on this side, until another one is opened."


class CodeRows(QWidget):
    """`changed` carries the options with one of them changed."""

    changed = Signal(object)

    def __init__(self, side: Side, state: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side, self._state = side, state
        self._options = SideOptions()
        self._told = ""
        self.path = ElidedLabel("No file with custom layers", role="muted")
        self.digest = hint()
        self.choose, self.drop = button("Custom layers…", "Choose a Python file with custom layers"), button("Remove")
        self.consent = Consent(side, state)
        self.trust, self.online = CheckBox(TRUST), CheckBox("May use the network (TensorFlow Hub layers)")
        self.trust_hint = hint(TRUST_HINT)
        self.choose.clicked.connect(self.choose_file)
        self.drop.clicked.connect(lambda: self._set(custom=""))
        self.drop.setAccessibleName("Remove the file with custom layers")
        self.consent.agreed.connect(lambda path: self._set(custom=path))
        self.trust.toggled.connect(lambda on: self._set(trust=on))
        self.online.toggled.connect(lambda on: self._set(online=on))
        self._lay_out()

    def show_options(self, file: ModelFile | None, options: SideOptions) -> None:
        """Show what is set, where the file's framework can run such code or something is set."""
        self._options = options
        weights_alone = file is not None and any(choice.name == "architecture" for choice in file.choices)
        runs_code = file is not None and (file.runs_in in WITH_CODE or weights_alone)
        self.setVisible(runs_code or options.trust or bool(options.custom) or options.online)
        self.drop.setVisible(bool(options.custom))
        self.path.show_text(options.custom or "No file with custom layers")
        for check, value in ((self.trust, options.trust), (self.online, options.online)):
            blocked = check.blockSignals(True)
            check.setChecked(value)
            check.blockSignals(blocked)
        self._show_digest()

    def choose_file(self) -> None:
        """Let a Python file be chosen; it is asked for consent before it counts."""
        path, _kind = QFileDialog.getOpenFileName(self, "Custom layers", "", FILES)
        if path:
            self.consent.ask(path, path)

    def _set(self, **changes: str | bool) -> None:
        changed = replace(self._options, **changes)  # type: ignore[arg-type]
        if changed != self._options:
            self._options = changed
            self.changed.emit(changed)

    def _show_digest(self) -> None:
        path = self._options.custom
        self.digest.setVisible(bool(path))
        if path and path != self._told:
            self.digest.setText("Reading the file…")
            self._state.jobs.run(
                lambda: fingerprint(path), self._read, self._failed, key=f"custom-{self._side}"
            )  # fmt: skip
        self._told = path

    def _read(self, digest: str) -> None:
        self.digest.setText(f"SHA-256 {digest[:DIGITS]}…")
        self.digest.setToolTip(tooltip(digest))

    def _failed(self, error: InspectorError) -> None:
        self.digest.setText(f"✕  {error.what}")

    def _lay_out(self) -> None:
        part, rows = section("Code")
        buttons = QHBoxLayout()
        buttons.addWidget(self.path, 1)
        buttons.addWidget(self.choose)
        buttons.addWidget(self.drop)
        rows.addLayout(buttons)
        for widget in (self.digest, self.consent, self.trust, self.trust_hint, self.online):
            rows.addWidget(widget)
        self.trust_hint.setContentsMargins(3 * GRID, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(part)
