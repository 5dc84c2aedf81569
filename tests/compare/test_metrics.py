"""Metrics against formulas of numpy float64 over whole arrays, and against numbers worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inspector.compare import stream
from inspector.compare.metrics import Accumulator, measure
from inspector.compare.stream import identical
from inspector.domain.errors import InspectorError


def test_by_hand() -> None:
    m = measure(np.float32([[3, 4], [0, 0]]), np.float32([[3, 4], [0, 1]]), noise_floor=0.5)
    assert m.max_abs == 1.0
    assert m.mean_abs == 0.25
    assert m.max_rel == 0.25
    assert m.cosine == pytest.approx(25 / (5 * math.sqrt(26)), abs=1e-15)
    assert m.sqnr_db == pytest.approx(10 * math.log10(25), abs=1e-12)
    assert m.fraction_beyond_noise == 0.25
    assert m.worst_index == (1, 1)


def test_difference_at_the_noise_floor_is_within_it() -> None:
    assert measure(np.zeros(4), np.full(4, 0.5), noise_floor=0.5).fraction_beyond_noise == 0.0
    assert measure(np.zeros(4), np.full(4, 0.5), noise_floor=0.4999).fraction_beyond_noise == 1.0


def test_equal_arrays() -> None:
    x = np.linspace(-3, 7, 200_001, dtype=np.float32)
    m = measure(x, x.copy())
    assert (m.max_abs, m.mean_abs, m.max_rel, m.cosine, m.fraction_beyond_noise) == (0, 0, 0, 1, 0)
    assert m.sqnr_db == math.inf


def test_zero_against_something() -> None:
    m = measure(np.zeros(3), np.ones(3))
    assert (m.max_rel, m.cosine, m.sqnr_db) == (math.inf, 0.0, -math.inf)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_nothing_to_compare(shape: tuple[int, ...]) -> None:
    m = measure(np.zeros(shape), np.zeros(shape))
    assert (m.max_abs, m.cosine, m.worst_index) == (0, 1, ())


def test_a_scalar_that_differs() -> None:
    m = measure(np.float64(2).reshape(()), np.float64(2.5).reshape(()))
    assert (m.max_abs, m.max_rel, m.worst_index) == (0.5, 0.25, ())


def test_nan_on_both_sides_agrees_and_is_counted() -> None:
    a = np.array([1, np.nan, np.inf, -np.inf])
    m = measure(a, a + 0)
    assert (m.max_abs, m.cosine, m.fraction_beyond_noise) == (0, 1, 0)
    assert (m.nan_a, m.nan_b, m.inf_a, m.inf_b) == (1, 1, 2, 2)


@pytest.mark.parametrize(("x", "y"), [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (np.inf, -np.inf), (np.nan, np.inf)])
def test_one_sided_nan_or_infinity_is_never_the_same(x: float, y: float) -> None:
    m = measure(np.array([5.0, 0.0, x, 2.0]), np.array([1.0, 0.0, y, 2.0]), noise_floor=1e9)
    assert m.max_abs == math.inf
    assert m.max_rel == math.inf
    assert m.fraction_beyond_noise == 0.25
    assert m.worst_index == (2,)
    assert m.mean_abs == pytest.approx(4 / 3)


def test_integers_and_booleans() -> None:
    assert measure(np.array([2**40]), np.array([2**40 + 3])).max_abs == 3
    assert measure(np.array([True, False]), np.array([True, True])).mean_abs == 0.5
    assert measure(np.array([250], np.uint8), np.array([255], np.uint8)).max_abs == 5


def test_refuses_other_shapes_and_words() -> None:
    with pytest.raises(InspectorError, match=r"A has shape \[2, 3\] and B has shape \[3, 2\]"):
        measure(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(InspectorError, match="WRONG_DTYPE"):
        measure(np.array(["x"]), np.array(["y"]))


def test_transposed_view_is_read_in_its_own_order() -> None:
    a = np.arange(24.0).reshape(2, 3, 4)
    b = np.ascontiguousarray(a.transpose(2, 0, 1))
    b[3, 1, 2] += 9
    m = measure(a, b.transpose(1, 2, 0))
    assert (m.max_abs, m.worst_index) == (9.0, (1, 2, 3))


def test_batches_are_joined(tmp_path) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 7, 50, 3)).astype(np.float32)
    accumulator = Accumulator(noise_floor=0.5)
    for low, high in ((0, 3), (3, 4), (4, 7)):
        accumulator.add(a[low:high], b[low:high])
    joined, whole = accumulator.result(), measure(a, b, noise_floor=0.5)
    assert joined.worst_index == whole.worst_index
    assert joined.fraction_beyond_noise == whole.fraction_beyond_noise
    assert joined.mean_abs == pytest.approx(whole.mean_abs, rel=1e-13)
    with pytest.raises(InspectorError, match="WRONG_SHAPE"):
        accumulator.add(a[:, :5], b[:, :5])


def test_memory_stays_bounded_for_memory_maps(tmp_path) -> None:
    import tracemalloc

    shape = (40, 250, 250)  # 10 MB on each side, 20 MB as float64
    for name in "ab":
        np.lib.format.open_memmap(tmp_path / f"{name}.npy", "w+", np.float32, shape)[:] = ord(name)
    a, b = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "ab")
    tracemalloc.start()
    for view_a, view_b in ((a, b), (a.T, b.T)):
        assert measure(view_a, view_b).max_abs == 1.0
    assert tracemalloc.get_traced_memory()[1] < 8 * stream.CHUNK * 8
    tracemalloc.stop()


_NUMBERS = st.floats(-1e6, 1e6, width=32)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_like_whole_array_formulas(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(max_dims=4, max_side=6))
    a = data.draw(hnp.arrays(np.float32, shape, elements=_NUMBERS))
    b = data.draw(hnp.arrays(np.float32, shape, elements=_NUMBERS))
    floor = data.draw(st.floats(0, 10))
    m = measure(a, b, noise_floor=floor)
    x, y = a.astype(np.float64), b.astype(np.float64)
    d = np.abs(x - y)
    assert m.max_abs == d.max()
    assert d[m.worst_index] == d.max()
    assert m.mean_abs == pytest.approx(d.mean(), rel=1e-12)
    assert m.fraction_beyond_noise == (d > floor).mean()
    if x.any() and d.any():
        assert m.max_rel == pytest.approx(d.max() / np.abs(x).max(), rel=1e-15)
        assert m.sqnr_db == pytest.approx(10 * np.log10((x**2).sum() / (d**2).sum()), rel=1e-9, abs=1e-9)
    if x.any() and y.any():
        cosine = (x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum())
        assert m.cosine == pytest.approx(cosine, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, 9, elements=st.floats(allow_nan=True, allow_infinity=True)), st.integers(0, 8))
def test_swapping_a_value_for_another_is_seen(x, at) -> None:
    y = x.copy()
    y[at] = 1.0 if x[at] != 1.0 else 2.0
    m = measure(x, y)
    assert m.max_abs > 0
    assert m.worst_index == (at,)


def test_chunks_cover_a_large_array_exactly() -> None:
    rng = np.random.default_rng(7)
    a = rng.normal(size=3 * stream.CHUNK + 17)
    b = a.copy()
    b[-1] += 1.0
    m = measure(a, b)
    assert m.worst_index == (a.size - 1,)
    assert m.fraction_beyond_noise == 1 / a.size


def test_identical_is_bit_for_bit() -> None:
    x = np.array([1.0, np.nan, 0.0], np.float32)
    assert identical(x, x.copy())
    assert not identical(x, np.array([1.0, np.nan, -0.0], np.float32))
    assert not identical(x, x.astype(np.float64))
    assert not identical(x, x.reshape(1, 3))
    big = np.arange(2 * stream.CHUNK).reshape(2, -1)
    assert identical(big.T, np.ascontiguousarray(big.T))
    assert identical(np.zeros((0, 3)), np.zeros((0, 3)))
