"""Statistics, pictures and fingerprints of stored arrays, against numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graph_bytes import constant, part, saved
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from inspector.domain.errors import InspectorError
from inspector.domain.files import ValueSummary
from inspector.formats import Opened, open_file
from inspector.formats.values import BINS, CHUNK, fingerprint, fingerprints, summarise

TYPES = {"float32": 1, "float64": 2, "int32": 3, "bool": 10, "float16": 19, "complex64": 8}


class Arrays:
    """Stands for an open file: arrays by name."""

    def __init__(self, **named: np.ndarray) -> None:
        self._named = named

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        return self._named[value_id].shape, str(self._named[value_id].dtype)

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        return self._named[value_id].ravel()[start:stop]


def of(array: np.ndarray) -> ValueSummary:
    return summarise(Arrays(x=array), "x")


FLOATS = arrays(np.float32, array_shapes(max_dims=4, max_side=6), elements=st.floats(-1e6, 1e6, width=32))


@given(FLOATS)
def test_statistics_are_numpys_in_float64(array: np.ndarray) -> None:
    found, exact = of(array), array.astype(np.float64)
    assert (found.shape, found.count, found.zeros) == (array.shape, array.size, int((array == 0).sum()))
    assert (found.minimum, found.maximum) == (exact.min(), exact.max())
    assert found.mean == pytest.approx(exact.mean(), rel=1e-12, abs=1e-9)
    assert found.deviation == pytest.approx(exact.std(), rel=1e-9, abs=1e-9)


@given(FLOATS)
def test_histogram_counts_every_finite_value(array: np.ndarray) -> None:
    found = of(array)
    assert (len(found.counts), len(found.edges)) == (BINS, BINS + 1)
    np.testing.assert_array_equal(found.counts, np.histogram(array.astype(np.float64), found.edges)[0])
    assert sum(found.counts) == array.size


def test_deviation_survives_a_large_mean_over_many_chunks() -> None:
    array = np.random.default_rng(0).normal(1e8, 1.0, 2 * CHUNK + 17)
    assert of(array).deviation == pytest.approx(array.std(), rel=1e-9)


def test_nan_and_infinity_are_counted_and_left_out() -> None:
    found = of(np.array([np.nan, np.inf, -np.inf, 1.0, 2.0, 0.0], np.float32))
    assert (found.nan, found.infinite, found.zeros, found.count) == (1, 2, 1, 6)
    assert (found.minimum, found.maximum, found.mean) == (0.0, 2.0, 1.0)


@pytest.mark.parametrize("array", [np.zeros((0, 3), np.float32), np.full(4, np.nan, np.float32)])
def test_nothing_finite_gives_no_numbers(array: np.ndarray) -> None:
    found = of(array)
    assert (found.mean, found.deviation, found.minimum, found.maximum) == (0.0, 0.0, 0.0, 0.0)
    assert sum(found.counts) == 0


def test_a_range_beyond_float64_has_no_histogram() -> None:
    assert of(np.array([-1.7e308, 1.7e308])).counts == ()


def test_complex_values_have_no_order() -> None:
    with pytest.raises(InspectorError, match="NOT_NUMERIC"):
        of(np.array([1j], np.complex64))


@given(arrays(np.float32, st.tuples(*[st.integers(1, 6)] * 4), elements=st.floats(-9, 9, width=32)))
def test_kernels_stand_side_by_side(kernel: np.ndarray) -> None:
    picture = np.array(of(kernel).picture)
    height, width, inputs, outputs = kernel.shape
    if kernel.size < 2:
        assert picture.size == 0
        return
    assert picture.shape == (inputs * (height + 1) - 1, outputs * (width + 1) - 1)
    row, column = (inputs - 1) * (height + 1), (outputs - 1) * (width + 1)
    np.testing.assert_array_equal(picture[row : row + height, column : column + width], kernel[:, :, -1, -1])


@pytest.mark.parametrize("shape", [(3, 3, 300, 400), (2000, 3), (5, 70000), (100_000,), (7, 9, 11), (1, 1, 900, 900)])
def test_pictures_fit(shape: tuple[int, ...]) -> None:
    picture = of(np.ones(shape, np.float32)).picture
    assert 0 < len(picture) <= 256
    assert 0 < len(picture[0]) <= 256


def test_a_matrix_is_its_picture() -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(np.array(of(matrix).picture), matrix)


def test_a_transposed_weight_has_the_same_sorted_digest_and_quantiles() -> None:
    matrix = np.random.default_rng(1).normal(size=(30, 7)).astype(np.float32)
    files = Arrays(a=matrix, b=np.ascontiguousarray(matrix.T), c=matrix + np.float32(1e-7))
    a, b, c = (fingerprint(files, name) for name in "abc")
    assert (a.sorted, a.quantiles) == (b.sorted, b.quantiles)
    assert a.exact != b.exact
    assert c.sorted != a.sorted
    np.testing.assert_allclose(a.quantiles, np.quantile(matrix.astype(np.float64), np.linspace(0, 1, 17)))


def test_the_type_that_holds_the_numbers_does_not_matter() -> None:
    values = np.array([1.0, -2.5, 0.0, 3.0])
    files = Arrays(a=values.astype(np.float32), b=values, c=values + 0.0)
    digests = {(fingerprint(files, name).exact, fingerprint(files, name).sorted) for name in "abc"}
    assert len(digests) == 1


def test_minus_zero_is_zero() -> None:
    files = Arrays(a=np.zeros(3, np.float32), b=-np.zeros(3, np.float32))
    assert fingerprint(files, "a").exact == fingerprint(files, "b").exact


def test_a_digest_does_not_depend_on_the_chunks() -> None:
    long = np.random.default_rng(2).normal(size=CHUNK + 100)
    shuffled = np.random.default_rng(3).permutation(long)
    a, b = (fingerprint(Arrays(x=array), "x") for array in (long, shuffled))
    assert a.sorted == b.sorted
    assert len(a.sketch) == 64
    assert (a.sketch[0], a.sketch[-1]) == (long[0], long[-1])


def test_fingerprints_leave_out_what_has_no_numbers(tmp_path: Path) -> None:
    graph: Opened = open_file(
        saved(tmp_path, constant("w", (1,), part(5, np.float32(2).tobytes())), constant("s", (1,), b"", code=7))
    )
    assert [found.id for found in fingerprints(graph, ["w", "s"])] == ["w"]
