"""Histograms, scatters, channels and maps against numpy on whole arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.compare.charts import channel_ranking, difference_histogram, scatter_sample
from inspector.compare.maps import channel_count, maps
from inspector.domain.errors import InspectorError


def test_histogram_is_numpys_over_an_even_range() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 100_003))
    h = difference_histogram(a, b, 65)
    reach = np.abs(b - a).max()
    counts, edges = np.histogram(b - a, 65, (-reach, reach))
    assert np.array_equal(h.counts, counts)
    assert np.allclose(h.edges, edges, rtol=0, atol=1e-12)
    assert h.counts.sum() == a.size


def test_histogram_of_equal_arrays_and_of_nan() -> None:
    h = difference_histogram(np.array([1, np.nan, 2]), np.array([1, 3.0, 2]), 3)
    assert h.counts.tolist() == [0, 2, 0]
    assert h.left_out == 1


def test_scatter_has_the_worst_points_and_sees_the_whole_array() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=(10, 200, 100)).astype(np.float32)
    b = a.copy()
    bad = rng.choice(a.size, 50, replace=False)
    b.reshape(-1)[bad] += rng.uniform(1, 2, 50).astype(np.float32)
    s = scatter_sample(a, b, 1000, seed=9)
    assert set(bad) <= set(s.index.tolist())
    assert s.index.size <= 1000
    assert np.array_equal(s.a, a.reshape(-1)[s.index])
    assert np.array_equal(s.b, b.reshape(-1)[s.index])
    assert np.diff(np.r_[0, s.index, a.size]).max() < 2 * a.size / 700
    again = scatter_sample(a, b, 1000, seed=9)
    assert np.array_equal(s.index, again.index)


def test_scatter_of_few_points_is_all_of_them() -> None:
    s = scatter_sample(np.arange(4.0).reshape(2, 2), np.zeros((2, 2)), 10)
    assert s.a.tolist() == [0, 1, 2, 3]
    assert scatter_sample(np.array(2.0), np.array(3.0)).b.tolist() == [3.0]


def test_channels_by_their_largest_difference() -> None:
    a = np.zeros((2, 5, 4, 3), np.float32)
    b = a.copy()
    b[1, 4, 0, 2] = -7
    b[0, 0, 0, 1] = 2
    assert [(c.channel, c.max_abs) for c in channel_ranking(a, b)] == [(2, 7), (1, 2), (0, 0)]
    first = channel_ranking(a.transpose(0, 3, 1, 2), b.transpose(0, 3, 1, 2), channel_axis=1)
    assert first == channel_ranking(a, b)


def test_a_channel_with_a_one_sided_nan_is_the_worst() -> None:
    a = np.array([[1.0, 2.0, np.nan]])
    b = np.array([[1.0, 9.0, np.nan]])
    assert channel_ranking(a, b)[0].channel == 1
    b[0, 0] = np.nan
    assert channel_ranking(a, b)[0].max_abs == math.inf


def test_map_of_an_image_channel() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 3, 4, 5, 6))
    m = maps(a, b, sample=2, channel=4)
    assert np.array_equal(m.a, a[2, :, :, 4])
    assert np.array_equal(m.difference, b[2, :, :, 4] - a[2, :, :, 4])
    assert m.layout == "rows by columns"
    first = maps(a.transpose(0, 3, 1, 2), b.transpose(0, 3, 1, 2), sample=2, channel=4, channel_axis=1)
    assert np.array_equal(first.b, m.b)


@pytest.mark.parametrize(
    ("shape", "picture", "layout"),
    [
        ((), (1, 1), "elements in one row"),
        ((7,), (1, 7), "elements in one row"),
        ((2, 10), (1, 10), "units in one row"),
        ((2, 100), (10, 10), "units in rows of 10"),
        ((2, 101), (10, 11), "units in rows of 11"),
        ((2, 6, 4), (4, 6), "units down, steps across"),
        ((2, 5, 4, 3), (5, 4), "rows by columns"),
        ((2, 4, 5, 6, 3), (11, 13), "4 slices, 2 across, rows by columns each"),
        ((2, 2, 2, 2, 2, 2), (1, 32), "elements, flattened in one row"),
    ],
)
def test_every_rank_has_a_picture(shape, picture, layout) -> None:
    a = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    m = maps(a, a + 1)
    assert m.a.shape == m.b.shape == m.difference.shape == picture
    assert m.layout == layout
    assert set(m.difference[~np.isnan(m.difference)].tolist()) == {1.0}


def test_slices_lie_side_by_side() -> None:
    a = np.arange(2 * 2 * 3 * 1, dtype=float).reshape(1, 2, 2, 3, 1)
    sheet = maps(a, a).a
    assert np.array_equal(sheet[:, :3], [[0, 1, 2], [3, 4, 5]])
    assert np.isnan(sheet[:, 3]).all()
    assert np.array_equal(sheet[:, 4:], [[6, 7, 8], [9, 10, 11]])


def test_maps_refuse_what_is_not_there() -> None:
    with pytest.raises(IndexError):
        maps(np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 2, 3)), channel=3)
    with pytest.raises(InspectorError, match="WRONG_SHAPE"):
        maps(np.zeros((1, 2)), np.zeros((1, 3)))
    assert channel_count((1, 8, 9, 5)) == 5
    assert channel_count((1, 5, 8, 9), channel_axis=1) == 5
    assert channel_count((1, 5)) == 1
