"""Elements of HDF5 datasets by range, against numpy; and what has no numbers to read."""

from __future__ import annotations

from collections.abc import Iterator

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.errors import InspectorError
from inspector.formats import keras_h5

WHOLE = np.random.default_rng(7).standard_normal((5, 3, 4, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[keras_h5.OpenedKeras]:
    path = tmp_path_factory.mktemp("h5") / "a.h5"
    with h5py.File(path, "w") as file:
        file["whole"] = WHOLE
        file.create_dataset("chunked", data=WHOLE, chunks=(2, 2, 3, 2), compression="gzip", shuffle=True)
        file["big_endian"] = WHOLE.astype(">f8")
        file["half"] = WHOLE.astype(np.float16)
        file["flags"] = np.array([True, False, True])
        file["scalar"] = np.float64(2.5)
        file["empty"] = np.zeros((3, 0, 2), np.float32)
        file["null"] = h5py.Empty("f4")
        file.create_dataset("huge", shape=(1 << 40,), dtype="f4", chunks=(1 << 16,))
        file["text"] = "words"
        file["compound"] = np.zeros(2, np.dtype([("x", "f4"), ("y", "i4")]))
        file.create_dataset("ragged", (2,), dtype=h5py.vlen_dtype(np.int32))
        file["pointer"] = np.array([file["scalar"].ref], dtype=h5py.ref_dtype)
        file["bfloat16"] = (
            (np.array([1.5, -2.0, 0.15625], np.float32).view(np.uint32) >> 16).astype(np.uint16).view("V2")
        )
        file["type"] = np.dtype("f4")
    opened = keras_h5.open(path)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", ["whole", "chunked"])
@given(start=st.integers(0, 130), stop=st.none() | st.integers(0, 130))
def test_every_range_is_numpys(opened: keras_h5.OpenedKeras, name: str, start: int, stop: int | None) -> None:
    assert np.array_equal(opened.values(f"/{name}", start, stop), WHOLE.reshape(-1)[start:stop])


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "values"),
    [
        ("big_endian", (5, 3, 4, 2), "float64", WHOLE.astype(np.float64)),
        ("half", (5, 3, 4, 2), "float16", WHOLE.astype(np.float16)),
        ("flags", (3,), "bool", np.array([True, False, True])),
        ("scalar", (), "float64", np.float64(2.5)),
        ("empty", (3, 0, 2), "float32", np.zeros(0)),
        ("bfloat16", (3,), "bfloat16", np.array([1.5, -2.0, 0.15625])),
    ],
)
def test_types_are_read_in_native_order(
    opened: keras_h5.OpenedKeras, name: str, shape: tuple[int, ...], dtype: str, values: np.ndarray
) -> None:
    assert opened.value_shape(f"/{name}") == (shape, dtype)
    found = opened.values(f"/{name}")
    assert found.ndim == 1
    assert found.dtype.isnative
    assert found.dtype.name == ("float32" if dtype == "bfloat16" else dtype)
    assert np.array_equal(found, np.ravel(values))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("null", "NO_VALUES"),
        ("huge", "TOO_LARGE"),
        ("text", "NOT_NUMERIC"),
        ("compound", "NOT_NUMERIC"),
        ("ragged", "NOT_NUMERIC"),
        ("pointer", "NOT_NUMERIC"),
        ("type", "NO_SUCH_VALUE"),
        ("no", "NO_SUCH_ENTRY"),
        ("", "NO_SUCH_VALUE"),
        ("scalar/deeper", "NO_SUCH_ENTRY"),
    ],
)
def test_what_has_no_numbers_says_so(opened: keras_h5.OpenedKeras, name: str, code: str) -> None:
    for ask in (opened.values, opened.value_shape):
        with pytest.raises(InspectorError) as caught:
            ask(f"/{name}")
        assert caught.value.code == code


def test_entries_show_types_and_shapes(opened: keras_h5.OpenedKeras) -> None:
    found = {entry.name: entry for entry in opened.children("section:Weights", 0, 100)}
    assert found["huge"].shape == (1 << 40,)
    assert found["huge"].note == "the shape asks for 4398046511104 bytes, the file holds 0"
    assert found["huge"].value_id == ""
    assert (found["compound"].dtype, found["compound"].note) == ("compound", "not numeric: compound")
    assert (found["null"].shape, found["null"].note) == (None, "no values")
    assert (found["empty"].shape, found["empty"].value_id) == ((3, 0, 2), "")
    assert (found["chunked"].size, found["chunked"].value_id) == (480, "/chunked")
    assert (found["type"].kind, found["type"].note) == ("link", "a stored type")


def test_details_tell_how_it_is_stored(opened: keras_h5.OpenedKeras) -> None:
    rows = dict(opened.details("h5:/chunked").rows)
    assert rows["Shape"] == "5 × 3 × 4 × 2"
    assert rows["Chunks"] == "2 × 2 × 3 × 2"
    assert rows["Compression"] == "shuffle, deflate"
