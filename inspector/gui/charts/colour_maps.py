"""Colours of maps: viridis for activations; for differences blue where A is larger, orange where B is."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from inspector.gui.browse.small_charts import VIRIDIS
from inspector.gui.theme import Colours

MapKind = Literal["even", "diverging"]
STEPS = 256


def table(kind: MapKind, colours: Colours) -> NDArray[np.uint8]:
    """The colours from the lowest to the highest value, shape (STEPS, 3), red green blue 0..255.

    The middle of a diverging table is the ground of the charts: no difference, nothing to see."""
    stops = VIRIDIS if kind == "even" else _diverging(colours)
    place = np.linspace(0, len(stops) - 1, STEPS)
    channels = [np.interp(place, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _diverging(colours: Colours) -> NDArray[np.float64]:
    """Nine stops; the steps next to the middle are large, so that a small difference can be seen."""
    a, b, middle = _rgb(colours.a), _rgb(colours.b), _rgb(colours.surface)
    shares = (1.0, 0.75, 0.5, 0.27)
    left = [middle + (a - middle) * share for share in shares]
    right = [middle + (b - middle) * share for share in reversed(shares)]
    return np.array([*left, middle, *right])


def _rgb(name: str) -> NDArray[np.float64]:
    colour = QColor(name)
    return np.array([colour.red(), colour.green(), colour.blue()], np.float64)
