"""A, B and their difference as maps: A and B on one scale, zoomed and pointed at together."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QGridLayout, QWidget

from inspector.compare.maps import Maps
from inspector.gui.charts.map_view import MapView, ScaleBar
from inspector.gui.plain import ElidedLabel
from inspector.gui.theme import GRID, Theme
from inspector.report.numbers import short


class Triptych(QWidget):
    """Three maps, the scale of A and B under both, and a line with the values under the mouse."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.maps: Maps | None = None
        self._note = ""
        self.a = MapView("A", "even", theme)
        self.b = MapView("B", "even", theme)
        self.difference = MapView("B − A", "diverging", theme)
        self.values_bar = ScaleBar("even", theme)
        self.difference_bar = ScaleBar("diverging", theme)
        self.readout = ElidedLabel(role="muted")
        for side, view in (("a", self.a), ("b", self.b)):
            view.title.setProperty("role", "")
            view.title.setProperty("side", side)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GRID)
        grid.setVerticalSpacing(GRID // 2)
        for column, view in enumerate((self.a, self.b, self.difference)):
            grid.addWidget(view, 0, column)
            grid.setColumnStretch(column, 1)
            view.hovered.connect(self._tell)
        for view in (self.b, self.difference):
            view.plot.setXLink(self.a.plot)
            view.plot.setYLink(self.a.plot)
        grid.addWidget(self.values_bar, 1, 0, 1, 2)
        grid.addWidget(self.difference_bar, 1, 2)
        grid.addWidget(self.readout, 2, 0, 1, 3)
        grid.setRowStretch(0, 1)

    def show_maps(
        self, maps: Maps, *, low: float, high: float, reach: float, worst: tuple[int, int] | None, note: str
    ) -> None:
        """Draw three maps of one shape; `low` to `high` is the scale of A and B, ±`reach` the difference's."""
        self.maps, self._note = maps, note
        self.a.show_values(maps.a, low, high, worst)
        self.b.show_values(maps.b, low, high, worst)
        self.difference.show_values(maps.difference, -reach, reach, worst)
        self.values_bar.show_range(low, high)
        self.difference_bar.show_range(-reach, reach)
        self._tell(None)

    def _tell(self, cell: Any) -> None:
        """The values under the mouse, or else what rows and columns are."""
        if self.maps is None or cell is None:
            self.readout.show_text(self._note)
            return
        row, column = cell
        a, b, difference = (float(part[cell]) for part in (self.maps.a, self.maps.b, self.maps.difference))
        self.readout.show_text(f"row {row}, column {column}:   A {short(a)}   B {short(b)}   B − A {short(difference)}")
