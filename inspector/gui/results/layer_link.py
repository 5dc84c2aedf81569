"""Buttons that select a layer everywhere: one for a pair of names, one with a list of the others."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter

from inspector.gui.plain import shortened, tooltip
from inspector.gui.theme import GRID

ARROW = "  ↔  "
_ROOM = 3 * GRID  # what a button's own padding takes
_LISTED = 200


class LayerLink(QPushButton):
    """A's layer and B's tensor; each name is cut in its middle where there is no room for both."""

    def __init__(self, layer_a: str, layer_b: str) -> None:
        self.names = tuple(shortened(name) for name in (layer_a, layer_b) if name)
        super().__init__(ARROW.join(self.names).replace("&", "&&"))
        self.setToolTip(tooltip("\n".join(name for name in (layer_a, layer_b) if name)))
        self.setAccessibleName(f"Select {shortened(layer_a or layer_b)}")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(ARROW.join(self.names)) + _ROOM, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(8 * GRID, self.sizeHint().width()), self.sizeHint().height())

    def shown(self) -> str:
        """What stands on the screen at the present width."""
        metrics, room = self.fontMetrics(), self.width() - _ROOM
        if metrics.horizontalAdvance(ARROW.join(self.names)) <= room:
            return ARROW.join(self.names)
        room -= metrics.horizontalAdvance(ARROW) * (len(self.names) - 1)
        widths = [metrics.horizontalAdvance(name) for name in self.names]
        fair = room // len(widths)
        spare = sum(max(0, fair - width) for width in widths)
        return ARROW.join(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, fair + spare) for name in self.names)

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self.shown().replace("&", "&&")
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)


class MoreLayers(QPushButton):
    """The other layers of a finding, as a menu. `chosen` carries A's layer."""

    chosen = Signal(str)

    def __init__(self, layers: tuple[str, ...]) -> None:
        super().__init__(f"and {len(layers)} more layer{'s' if len(layers) > 1 else ''}")
        self.layers = layers
        self.setProperty("link", True)
        self.setToolTip(tooltip("\n".join(shortened(name, 80) for name in layers[:20])))
        self.clicked.connect(lambda: self.menu_of_layers().popup(self.mapToGlobal(self.rect().bottomLeft())))

    def menu_of_layers(self) -> QMenu:
        """A menu with the layers, made when it is asked for."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in self.layers[:_LISTED]:
            action = menu.addAction(shortened(name, 80).replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, name=name: self.chosen.emit(name))
        return menu
