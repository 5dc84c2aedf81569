"""How wide the columns of the table of matches are, and which of them a narrow window leaves out. No Qt."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.gui.results.cells import NUMBERS, Column

#: The least width in pixels at the body's usual size, the share of what is left over, and how much room there
#: must be before the column is shown at all.
LEAST: Mapping[Column, tuple[int, float, int]] = {
    Column.STATUS: (108, 0.0, 0),
    Column.A: (72, 3.0, 0),
    Column.B: (72, 4.0, 0),
    Column.INTRODUCED: (96, 2.0, 96),
    Column.TOTAL: (96, 2.0, 150),
    Column.EVIDENCE: (96, 2.5, 130),
    Column.CLASS: (96, 1.0, 240),
    Column.NOISE: (88, 0.0, 200),
}


def widths(room: int, *, compared: bool, scale: float = 1.0) -> dict[Column, int]:
    """Column widths that fill `room` pixels; columns that find no room are left out, least needed last.

    Without a comparison there are no columns of numbers. `scale` is the text's size over the usual one."""
    chosen: list[Column] = []
    left = float(room)
    for column, (least, _share, needed) in LEAST.items():
        if (compared or column not in NUMBERS) and (not needed or left >= needed * scale):
            chosen.append(column)
            left -= least * scale
    shares = sum(LEAST[column][1] for column in chosen) or 1.0
    spare = max(left, 0.0)
    return {column: int(LEAST[column][0] * scale + spare * LEAST[column][1] / shares) for column in chosen}
