"""The plot of the divergence chart: mouse, keys, zoom. It knows the places of layers, not the state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QToolTip

from inspector.gui.charts.axes import DecadeAxis, LayerAxis, dress
from inspector.gui.charts.depth import Depth
from inspector.gui.charts.depth_items import DepthItems, headroom
from inspector.gui.plain import tooltip
from inspector.gui.theme import Theme

_FEWEST = 3.0  # layers that the nearest zoom still shows


class DepthPlot(pg.PlotWidget):
    """`picked` carries the place of the layer that was clicked or stepped to, `hovered` the one under the
    mouse or None."""

    picked = Signal(int)
    hovered = Signal(object)

    def __init__(self, theme: Theme) -> None:
        self.left_axis, self.bottom_axis = DecadeAxis(), LayerAxis()
        super().__init__(axisItems={"left": self.left_axis, "bottom": self.bottom_axis}, enableMenu=False)
        self._theme = theme
        self.depth: Depth | None = None
        self.selected: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAntialiasing(True)
        self.hideButtons()
        self.setMouseEnabled(x=True, y=False)
        self.left_axis.setWidth(44)
        self.left_axis.setGrid(48)
        self.items_drawn = DepthItems()
        self.items_drawn.add_to(self)
        self.scene().sigMouseClicked.connect(self._clicked)
        self.scene().sigMouseMoved.connect(self._moved)
        theme.changed.connect(self.paint_theme)
        self.paint_theme()

    def show_depth(self, depth: Depth) -> None:
        """Draw another comparison, whole."""
        self.depth, self.selected = depth, None
        self.left_axis.scale_shown = depth.scale
        self.bottom_axis.names = tuple(layer.a for layer in depth.layers)
        count, scale = len(depth.layers), depth.scale
        self.getViewBox().setLimits(xMin=-0.6, xMax=count - 0.4, minXRange=min(_FEWEST, count), yMin=None)
        self.setYRange(scale.zero - 0.4, headroom(depth), padding=0)
        self.items_drawn.draw(depth, self._theme.colours)
        self.show_all()

    def show_all(self) -> None:
        """Zoom out to all layers."""
        if self.depth is not None:
            self.setXRange(-0.6, len(self.depth.layers) - 0.4, padding=0)

    def mark(self, position: int | None) -> None:
        """Mark the selected layer, and bring it into sight."""
        self.selected = position
        self.items_drawn.mark(position)
        if position is not None:
            low, high = self.getViewBox().viewRange()[0]
            if not low <= position <= high:
                self.setXRange(position - (high - low) / 2, position + (high - low) / 2, padding=0)

    def paint_theme(self) -> None:
        """Take the colours in force."""
        colours = self._theme.colours
        dress(self, text=colours.muted, line=colours.line, ground=colours.surface)
        self.items_drawn.paint(colours, focused=self.hasFocus(), scale=self.devicePixelRatioF())
        if self.depth is not None:
            self.items_drawn.draw(self.depth, colours)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(10**9), Qt.Key.Key_End: 10**9}
        zooms = {Qt.Key.Key_Plus: 0.6, Qt.Key.Key_Equal: 0.6, Qt.Key.Key_Minus: 1 / 0.6}
        key = Qt.Key(event.key())
        if self.depth is None:
            event.ignore()
        elif key in steps:
            self._step(steps[key], len(self.depth.layers) - 1)
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self._step_to_differing(1 if key == Qt.Key.Key_PageDown else -1, self.depth)
        elif key in zooms:
            centre = None if self.selected is None else QPointF(self.selected, 0)
            self.getViewBox().scaleBy(x=zooms[key], center=centre)
        elif key == Qt.Key.Key_0:
            self.show_all()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.paint_theme()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.paint_theme()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.paint_theme()
        return bool(super().event(event))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def mouseDoubleClickEvent(self, event: Any) -> None:
        super().mouseDoubleClickEvent(event)
        self.show_all()

    def position_at(self, scene_point: QPointF) -> int | None:
        """The nearest layer under a point of the scene, None beside the plot."""
        box = self.getViewBox()
        if self.depth is None or not self.depth.layers or not box.sceneBoundingRect().contains(scene_point):
            return None
        nearest = round(box.mapSceneToView(scene_point).x())
        return min(max(nearest, 0), len(self.depth.layers) - 1)

    def _step(self, by: int, last: int) -> None:
        here = self.selected if self.selected is not None else (-1 if by > 0 else last + 1)
        self.picked.emit(min(max(here + by, 0), last))

    def _step_to_differing(self, direction: int, depth: Depth) -> None:
        places = np.flatnonzero(depth.differing)[::direction]
        here = self.selected if self.selected is not None else -direction * len(depth.layers)
        beyond = [int(place) for place in places if (place - here) * direction > 0]
        if beyond:
            self.picked.emit(beyond[0])

    def _clicked(self, event: Any) -> None:
        position = self.position_at(event.scenePos())
        if position is not None and event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.picked.emit(position)

    def _moved(self, scene_point: QPointF) -> None:
        position = self.position_at(scene_point)
        self.hovered.emit(position)
        if position is None or self.depth is None:
            QToolTip.hideText()
        else:
            at = self.viewport().mapToGlobal(self.mapFromScene(scene_point))
            QToolTip.showText(at, tooltip("\n".join(self.depth.told(position).split("   "))), self)
