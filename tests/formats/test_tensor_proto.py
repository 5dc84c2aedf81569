"""Constants in all the ways in which a file can hold them, against numpy."""

from __future__ import annotations

from pathlib import Path

import graph_writer
import numpy as np
import pytest
from graph_bytes import constant, part, saved
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.errors import InspectorError
from inspector.formats import Opened, open_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("constants")
    graph_writer.run("write", str(path))
    return path


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "truth.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def written(folder: Path) -> Opened:
    return open_file(str(folder / "graph.pb"))


def test_every_constant_has_its_values(written: Opened, truth: dict[str, np.ndarray]) -> None:
    assert len(truth) == 26
    for name, expected in truth.items():
        assert written.value_shape(name)[0] == expected.shape, name
        found = written.values(name)
        found = found.astype(expected.dtype) if found.dtype.kind == "V" else found
        np.testing.assert_array_equal(found, expected.ravel(), err_msg=name)


@given(data=st.data())
def test_any_range_is_numpys_slice(written: Opened, truth: dict[str, np.ndarray], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["content/float32", "list/last_for_rest", "list/one_for_all", "list/empty"]))
    flat = truth[name].ravel()
    start = data.draw(st.integers(0, flat.size))
    stop = data.draw(st.integers(start, flat.size + 3) | st.none())
    np.testing.assert_array_equal(written.values(name, start, stop), flat[start:stop])


def test_more_or_fewer_bytes_than_the_shape_needs(tmp_path: Path) -> None:
    graph = open_file(saved(tmp_path, constant("kernel", (2, 2), part(4, bytes(12)))))
    with pytest.raises(InspectorError, match="CORRUPT: 12 bytes stored, 16 declared"):
        graph.values("kernel")


def test_float8(tmp_path: Path) -> None:
    # e5m2: sign, five bits of exponent with bias 15, two of mantissa: 0x3e is 1.1 (binary) x 2^0
    graph = open_file(saved(tmp_path, constant("eighth", (2,), part(18, b"\x3e\xbc"), code=24)))
    assert graph.value_shape("eighth") == ((2,), "float8_e5m2")
    assert graph.values("eighth").astype(np.float32).tolist() == [1.5, -1.0]
