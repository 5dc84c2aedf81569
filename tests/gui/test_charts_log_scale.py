"""The logarithmic scale: decades, zero below them, infinity on the rim."""

from __future__ import annotations

import math

import pytest

from inspector.gui.charts.axes import LayerAxis
from inspector.gui.charts.log_scale import LogScale, decade_text, fitted


def test_whole_decades_around_the_values() -> None:
    assert fitted([2.4e-2, 3.1e-7, 0.0, None, math.inf, math.nan]) == LogScale(-7, -1)


def test_at_least_three_decades_and_a_scale_for_nothing() -> None:
    assert fitted([1.5, 2.5]) == LogScale(-2, 1)
    assert fitted([0.0, None]) == LogScale(-9, 0)


def test_places_in_decades() -> None:
    scale = LogScale(-7, -1)
    assert scale.place(1e-3) == pytest.approx(-3)
    assert scale.place(-1e-3) == pytest.approx(-3)
    assert scale.place(0.0) == -7.75
    assert scale.place(math.inf) == -1
    assert scale.place(1e-20) == -7
    assert math.isnan(scale.place(math.nan))


def test_shares_of_the_whole_scale() -> None:
    scale = LogScale(-7, -1)
    assert scale.share(0.0) == 0.0
    assert scale.share(0.1) == 1.0
    assert scale.share(1e-4) == pytest.approx((7.75 - 4) / 6.75)


def test_ticks_start_with_zero_and_keep_even_steps() -> None:
    assert LogScale(-4, 0).ticks(20) == [
        (-4.75, "0"), (-4.0, "10⁻⁴"), (-3.0, "10⁻³"), (-2.0, "10⁻²"), (-1.0, "0.1"), (0.0, "1"),
    ]  # fmt: skip
    assert [word for _, word in LogScale(-9, 0).ticks(5)] == ["0", "10⁻⁹", "10⁻⁶", "10⁻³", "1"]


@pytest.mark.parametrize(("power", "text"), [(0, "1"), (-1, "0.1"), (2, "100"), (3, "10³"), (-12, "10⁻¹²")])
def test_decades_in_words(power: int, text: str) -> None:
    assert decade_text(power) == text


def test_layer_axis_shows_numbers_when_narrow_and_names_when_wide(qtbot) -> None:
    axis = LayerAxis()
    axis.names = tuple(f"layer_{i}" for i in range(100))
    [(step, narrow)] = axis.tickValues(-0.5, 99.5, 600)
    assert step == 10
    assert axis.tickStrings(narrow, 1, step)[:3] == ["0", "10", "20"]
    [(step, wide)] = axis.tickValues(10, 15, 600)
    assert wide == [10, 11, 12, 13, 14, 15]
    assert axis.tickStrings(wide, 1, step)[0] == "layer_10"
