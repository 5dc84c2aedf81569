"""Cards of the findings panel: a pale ground with a stripe, and the verdict with its reasons."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from inspector.domain.comparison import Comparison
from inspector.domain.wording import capital
from inspector.gui.plain import label, shortened, tooltip
from inspector.gui.theme import GRID, MARKS, Theme
from inspector.gui.words import in_window
from inspector.report.reasons import MEASURED, Reason, reasons, title

LONGEST = 1200  # characters of a sentence that are laid out
_STRIPE = 4


class Card(QFrame):
    """`layer_wanted` carries A's layer, B's tensor; `cause_wanted` a cause's id. `selected` marks the card of the
    layer that is selected everywhere. The stripe has the colour of `status`; a quiet card has neither ground nor
    mark."""

    layer_wanted = Signal(str, str)
    cause_wanted = Signal(str)

    def __init__(self, title: str, status: str, theme: Theme, *, role: str = "heading", quiet: bool = False) -> None:
        super().__init__()
        self._status, self._theme, self._quiet = status, theme, quiet
        self._selected = False
        mark = "" if quiet else f"{MARKS[status][0]}  "
        self.title = _wrapped(shortened(f"{mark}{title}"), role)
        self.setAccessibleName(shortened(title))
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(2 * GRID + _STRIPE, GRID, GRID, GRID)
        self.rows.setSpacing(GRID // 2)
        self.rows.addWidget(self.title)
        theme.changed.connect(self.update)

    @property
    def selected(self) -> bool:
        return self._selected

    def is_about(self, _layer: str | None) -> bool:
        """Whether the card speaks of a layer of A."""
        return False

    def follow(self, layer: str | None) -> None:
        """A layer of A is selected, or none."""
        selected = self.is_about(layer)
        if selected != self._selected:
            self._selected = selected
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), self._theme.colours
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(Qt.BrushStyle.NoBrush if self._quiet else QColor(colours.ground))
        painter.setPen(QPen(QColor(colours.accent), 1) if self._selected else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(ground, _STRIPE, _STRIPE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.line if self._quiet else self._theme.of_status(self._status)))
        painter.drawRect(QRectF(0, 0, _STRIPE, self.height()))


class VerdictCard(Card):
    """The verdict with the reasons it rests on."""

    def __init__(self, comparison: Comparison, theme: Theme) -> None:
        said = title(comparison)
        super().__init__(in_window(said), comparison.verdict, theme, role="heading" if said == MEASURED else "answer")
        self.reasons: tuple[Reason, ...] = reasons(comparison)
        for reason in self.reasons:
            row = QHBoxLayout()
            row.setSpacing(GRID)
            row.addWidget(sentence(in_window(reason.text)), 1)
            if reason.layer:
                row.addWidget(self._show_button(reason.layer), 0, Qt.AlignmentFlag.AlignTop)
            self.rows.addLayout(row)

    def _show_button(self, layer: str) -> QPushButton:
        button = QPushButton("Show")
        button.setProperty("link", True)
        button.setToolTip(tooltip(layer))
        button.setAccessibleName(f"Select {shortened(layer)}")
        button.clicked.connect(lambda: self.layer_wanted.emit(layer, ""))
        return button


def sentence(text: str, role: str = "") -> QLabel:
    """A sentence that wraps and can be selected with the mouse."""
    made = _wrapped(shortened(text, LONGEST), role)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def _wrapped(text: str, role: str) -> QLabel:
    """A label as wide as there is room, however long its longest word, and as high as its lines."""
    made = label(text, role=role, wrap=True)
    policy = made.sizePolicy()
    policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
    made.setSizePolicy(policy)
    return made


def for_window(text: str) -> str:
    """A sentence of the session as the window writes it: with a capital, and in the window's words."""
    return in_window(capital(text))
