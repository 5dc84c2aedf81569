"""How wide the columns of the table of matches are, and which of them a narrow window leaves out. No Qt."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.gui.results.cells import NUMBERS, Column

#: The least width in pixels at the body's usual size, and the share of what is left over.
LEAST: Mapping[Column, tuple[int, float]] = {
    Column.STATUS: (104, 0.0),
    Column.A: (72, 3.0),
    Column.B: (72, 4.0),
    Column.INTRODUCED: (84, 1.5),
    Column.TOTAL: (84, 1.5),
    Column.EVIDENCE: (96, 2.0),
    Column.CLASS: (96, 1.0),
    Column.NOISE: (88, 0.0),
}


def widths(room: int, *, compared: bool, scale: float = 1.0) -> dict[Column, int]:
    """Column widths that fill `room` pixels; columns that find no room are left out, least needed last.

    Without a comparison there are no columns of numbers. `scale` is the text's size over the usual one."""
    wanted = [column for column in LEAST if compared or column not in NUMBERS]
    chosen: list[Column] = []
    left = float(room)
    for column in wanted:
        least = LEAST[column][0] * scale
        if left < least and len(chosen) >= 3:
            break
        chosen.append(column)
        left -= least
    shares = sum(LEAST[column][1] for column in chosen) or 1.0
    spare = max(left, 0.0)
    return {column: int(LEAST[column][0] * scale + spare * LEAST[column][1] / shares) for column in chosen}
