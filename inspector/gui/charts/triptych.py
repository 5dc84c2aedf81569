"""A, B and their difference as maps: A and B on one scale, zoomed and pointed at together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QGridLayout, QWidget

from inspector.compare.maps import Maps
from inspector.domain.wording import short
from inspector.gui.charts.map_view import MapView, ScaleBar
from inspector.gui.plain import ElidedLabel
from inspector.gui.theme import GRID, Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Maps of one sample and channel. `low`, `high` is the one scale of A and B, `reach` the largest
    magnitude of the difference's. `worst` is the row and column of the worst position if it is on them.
    `square`: rows and columns are places in an image, so that cells are as wide as high."""

    maps: Maps
    low: float
    high: float
    reach: float
    worst: tuple[int, int] | None
    square: bool
    note: str


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
            view.fit_wanted.connect(self.fit)
            view.plot.getViewBox().sigRangeChangedManually.connect(lambda _mouse, view=view: self._follow(view))
        grid.addWidget(self.values_bar, 1, 0, 1, 2)
        grid.addWidget(self.difference_bar, 1, 2)
        grid.addWidget(self.readout, 2, 0, 1, 3)
        grid.setRowStretch(0, 1)

    def show_pictures(self, pictures: Pictures) -> None:
        """Draw three maps of one shape."""
        maps, reach = pictures.maps, pictures.reach
        self.maps, self._note = maps, pictures.note
        for view, values in ((self.a, maps.a), (self.b, maps.b)):
            view.show_values(values, pictures.low, pictures.high, worst=pictures.worst, square=pictures.square)
        self.difference.show_values(maps.difference, -reach, reach, worst=pictures.worst, square=pictures.square)
        self.values_bar.show_range(pictures.low, pictures.high)
        self.difference_bar.show_range(-reach, reach)
        self._tell(None)

    def fit(self) -> None:
        """Show all three maps whole."""
        for view in (self.a, self.b, self.difference):
            view.fit()

    def _follow(self, moved: MapView) -> None:
        """What one map is zoomed to the others are zoomed to."""
        (left, right), (top, bottom) = moved.plot.getViewBox().viewRange()
        for view in (self.a, self.b, self.difference):
            if view is not moved:
                view.plot.setRange(xRange=(left, right), yRange=(top, bottom), padding=0)

    def _tell(self, cell: Any) -> None:
        """The values under the mouse, or else what rows and columns are."""
        if self.maps is None or cell is None:
            self.readout.show_text(self._note)
            return
        row, column = cell
        a, b, difference = (float(part[cell]) for part in (self.maps.a, self.maps.b, self.maps.difference))
        self.readout.show_text(f"row {row}, column {column}:   A {short(a)}   B {short(b)}   B − A {short(difference)}")
