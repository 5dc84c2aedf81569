"""A logarithmic scale with a place for zero below it and one for infinity above it. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

MOST_DECADES = 18
FEWEST_DECADES = 3
ZERO_GAP = 0.75  # decades between the line of zeros and the lowest decade
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class LogScale:
    """Whole decades from 10**low to 10**high. Zero lies `ZERO_GAP` decades below the lowest."""

    low: int = -9
    high: int = 0

    @property
    def zero(self) -> float:
        """Where zeros lie, in decades."""
        return self.low - ZERO_GAP

    def place(self, value: float) -> float:
        """The height of |value| in decades; NaN for NaN. What lies beyond the scale stays on its rim."""
        if math.isnan(value):
            return math.nan
        if value == 0:
            return self.zero
        return self.high if math.isinf(value) else min(max(math.log10(abs(value)), self.low), self.high)

    def share(self, value: float) -> float:
        """The height of |value| as a share 0..1 of the scale, 0 for zero; NaN for NaN."""
        place = self.place(value)
        return place if math.isnan(place) else (place - self.zero) / (self.high - self.zero)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Places and words of at most `most` even decades, and of the zero."""
        step = max(1, math.ceil((self.high - self.low + 1) / max(1, most - 1)))
        decades = range(self.high, self.low - 1, -step)
        return [(self.zero, "0"), *((float(power), decade_text(power)) for power in reversed(decades))]


def fitted(values: Iterable[float | None]) -> LogScale:
    """The scale in whole decades around all finite values that are not zero."""
    logs = [math.log10(abs(value)) for value in values if value and math.isfinite(value)]
    if not logs:
        return LogScale()
    high = math.floor(max(logs)) + 1
    low = max(math.floor(min(logs)), high - MOST_DECADES)
    return LogScale(min(low, high - FEWEST_DECADES), high)


def decade_text(power: int) -> str:
    """`1`, `10`, `0.1`, or ten with a raised exponent: `10⁻⁷`."""
    near = {0: "1", 1: "10", -1: "0.1", 2: "100"}
    return near.get(power) or f"10{str(power).translate(_SUPERSCRIPT)}"
