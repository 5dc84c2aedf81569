"""What the sections of the popover are made of: a heading, a row with its label, a hint."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from inspector.gui.plain import label
from inspector.gui.theme import GRID

LABEL_WIDTH = 14 * GRID


def section(title: str) -> tuple[QWidget, QVBoxLayout]:
    """A titled part, and the layout that takes its rows."""
    widget = QWidget()
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID // 2)
    layout.addWidget(label(title, role="heading"))
    return widget, layout


def row(title: str, *widgets: QWidget) -> QHBoxLayout:
    """A label and what belongs to it; the first widget takes the room."""
    layout = QHBoxLayout()
    layout.setSpacing(GRID // 2)
    name = label(title, role="muted")
    name.setFixedWidth(LABEL_WIDTH)
    layout.addWidget(name)
    for place, widget in enumerate(widgets):
        layout.addWidget(widget, 0 if place else 1)
    return layout


def hint(text: str = "") -> QLabel:
    """A muted sentence that may take several lines."""
    made = label(text, role="muted", wrap=True)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return made


def button(text: str, name: str = "") -> QPushButton:
    """A small button; `name` says what it is for where the text alone does not."""
    made = QPushButton(text)
    made.setAccessibleName(name or text)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setProperty("narrow", True)
    return made
