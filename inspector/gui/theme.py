"""The look: one frozen table of colours with one meaning each, light and dark, and the style made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette

from inspector.gui.stylesheet import stylesheet

Mode = Literal["system", "light", "dark"]
GRID = 8  # pixels; every margin and gap is a multiple, or half of it
BODY_POINTS = 10.0
ANSWER_POINTS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """`#rrggbb` each. `a`, `b`, `introduced`, `total`, `noise` mean the same in window, charts and report.

    `ground` lies under everything, `surface` under tables and charts, `text`, `muted`, `line` stand on
    both. `accent` marks what can be acted on or has the focus; `selection` is its pale ground.
    `same`, `within`, `different` go with the marks of the verdict, `error` with refusals only."""

    a: str
    b: str
    introduced: str
    total: str
    noise: str
    ground: str
    surface: str
    raised: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    selection: str
    same: str
    within: str
    different: str
    error: str


LIGHT = Colours(
    a="#0a66b0",
    b="#c25700",
    introduced="#c2127d",
    total="#8a83a6",
    noise="#e4e3e9",
    ground="#f3f3f6",
    surface="#ffffff",
    raised="#e9e9ee",
    text="#1c1b22",
    muted="#63616e",
    line="#d5d4dc",
    accent="#0b6e69",
    on_accent="#ffffff",
    selection="#d3e9e7",
    same="#0b6e69",
    within="#63616e",
    different="#c2127d",
    error="#b3261e",
)
DARK = Colours(
    a="#5fb0f2",
    b="#f5a04c",
    introduced="#ff6fbf",
    total="#9d95bd",
    noise="#33323c",
    ground="#18171c",
    surface="#201f26",
    raised="#2b2a33",
    text="#eceaf2",
    muted="#a3a0b0",
    line="#3a3944",
    accent="#4cc2b8",
    on_accent="#0b1f1d",
    selection="#1f4441",
    same="#4cc2b8",
    within="#a3a0b0",
    different="#ff6fbf",
    error="#ff8a80",
)
#: The mark and the word that always go with the colour of a status or verdict.
MARKS: dict[str, tuple[str, str]] = {
    "same": ("=", "same"),
    "within-noise": ("≈", "within noise"),
    "different": ("≠", "different"),
    "not-compared": ("–", "not compared"),
    "not-comparable": ("?", "not comparable"),
}


class Theme(QObject):
    """The colours in force. `changed` is emitted after `colours` has changed; widgets that paint listen."""

    changed = Signal()

    def __init__(self, mode: Mode = "system", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mode: Mode = mode
        self.colours = self._resolved()
        if hints := QGuiApplication.styleHints():
            hints.colorSchemeChanged.connect(self._refresh)

    @property
    def dark(self) -> bool:
        return self.colours is DARK

    @property
    def mode(self) -> Mode:
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        self._mode = mode
        self._refresh()

    def of_status(self, status: str) -> str:
        """The colour of a layer's status or of the verdict."""
        colours = self.colours
        known = {"same": colours.same, "within-noise": colours.within, "different": colours.different}
        return known.get(status, colours.muted)

    def stylesheet(self) -> str:
        return stylesheet(self.colours, body=BODY_POINTS, answer=ANSWER_POINTS, grid=GRID)

    def palette(self) -> QPalette:
        """The palette for what the style sheet does not reach (tool tips, links, placeholder text)."""
        colours, palette = self.colours, QPalette()
        roles = QPalette.ColorRole
        for role, colour in (
            (roles.Window, colours.ground), (roles.WindowText, colours.text), (roles.Base, colours.surface),
            (roles.AlternateBase, colours.ground), (roles.Text, colours.text), (roles.Button, colours.raised),
            (roles.ButtonText, colours.text), (roles.Highlight, colours.selection),
            (roles.HighlightedText, colours.text), (roles.ToolTipBase, colours.raised),
            (roles.ToolTipText, colours.text), (roles.PlaceholderText, colours.muted),
            (roles.Link, colours.accent), (roles.Accent, colours.accent),
        ):  # fmt: skip
            palette.setColor(role, QColor(colour))
        return palette

    def _resolved(self) -> Colours:
        if self._mode != "system":
            return DARK if self._mode == "dark" else LIGHT
        hints = QGuiApplication.styleHints()
        return DARK if hints and hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT

    def _refresh(self) -> None:
        colours = self._resolved()
        if colours is not self.colours:
            self.colours = colours
            self.changed.emit()


def numbers_font() -> QFont:
    """The body font with tabular figures, so that columns of numbers stand under each other."""
    font = QFont(QGuiApplication.font())
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def code_font() -> QFont:
    """A fixed-width font of the body's size for snippets and settings."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(BODY_POINTS)
    return font
