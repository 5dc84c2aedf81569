"""The scale and the places of the divergence chart, worked by hand."""

import math

import pytest
import samples

from inspector.report.charts import EDGE, HEIGHT, LANE, MAX_DECADES, divergence_chart, log_scale


def test_the_scale_ends_at_whole_decades_around_the_values():
    scale = log_scale([3e-7, 0.024, 0.0, math.nan, math.inf])
    assert (scale.low, scale.high) == (-7, -1)
    assert scale.y(1e-7) == HEIGHT - LANE
    assert scale.y(1e-1) == LANE
    assert scale.y(1e-4) == pytest.approx(HEIGHT / 2)


def test_zero_lies_below_and_what_is_not_finite_above():
    scale = log_scale([1e-7, 1.0])
    assert scale.y(0) == HEIGHT - EDGE
    assert scale.y(math.inf) == scale.y(math.nan) == EDGE
    assert scale.share(0) == scale.share(None) == 0
    assert scale.share(math.nan) == 1
    assert scale.share(10**-3.5) == pytest.approx(0.5)


def test_a_scale_has_two_decades_at_least_and_a_bound():
    assert log_scale([0.5]).high - log_scale([0.5]).low == 2
    wide = log_scale([1e-300, 1.0])
    assert wide.high - wide.low == MAX_DECADES
    assert wide.y(1e-300) == HEIGHT - LANE  # drawn at the lower end, not outside
    assert log_scale([]).high == 0


def test_ticks_are_whole_decades_and_few():
    heights = {label: y for y, label in log_scale([1e-7, 0.05]).ticks()}
    assert list(heights) == ["1e-1", "1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-7"]
    assert heights["1e-7"] > heights["1e-1"]
    assert len(log_scale([1e-16, 1.0]).ticks()) <= 7
    assert log_scale([1e-2, 1.0]).ticks()[0][1] == "1"


def test_every_layer_has_its_place_and_the_culprit_is_marked():
    chart = divergence_chart(samples.one_culprit(count=4, culprit=1))
    assert [mark.x for mark in chart.marks] == [12.5, 37.5, 62.5, 87.5]
    assert [mark.left for mark in chart.marks] == [0, 25, 50, 75]
    assert chart.culprit is chart.marks[1]
    assert [mark.is_different for mark in chart.marks] == [False, True, False, False]
    assert chart.marks[2].introduced == chart.zero  # layer 2 introduces nothing at all
    assert chart.not_finite is None
    assert chart.names


def test_the_total_line_breaks_where_a_layer_has_no_number():
    chart = divergence_chart(samples.hostile(count=12))
    first, second = (line.split() for line in chart.total_lines)
    assert (len(first), len(second)) == (5, 6)  # layer 5 was not compared
    assert chart.not_finite == EDGE


def test_the_noise_band_steps_from_floor_to_floor():
    comparison = samples.within_noise(count=2)
    chart = divergence_chart(comparison)
    floors = [chart.scale.y(layer.noise_floor) for layer in comparison.layers]
    points = [tuple(map(float, point.split(","))) for point in chart.noise_band.split()]
    assert points == [
        (0, HEIGHT),
        (0, round(floors[0], 1)),
        (500, round(floors[0], 1)),
        (500, round(floors[1], 1)),
        (1000, round(floors[1], 1)),
        (1000, HEIGHT),
    ]


def test_positions_under_the_chart_are_round_and_few():
    labels = [label for _, label in divergence_chart(samples.one_culprit(400, 260)).positions]
    assert labels == ["0", "50", "100", "150", "200", "250", "300", "350"]


def test_no_layers_make_an_empty_chart():
    chart = divergence_chart(samples.nothing_compared())
    assert chart.marks == ()
    assert chart.culprit is None
    assert chart.noise_band == ""
