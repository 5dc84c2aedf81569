"""Checkpoints' values against TensorFlow's own, the table format by hand, and what is broken about them."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from tensorflow_written import TRUTH, made

from inspector.domain.errors import InspectorError
from inspector.formats import snappy, table_file
from inspector.formats.slices import Slice, key_of_slice, slice_of_text
from inspector.formats.tensor_bundle import TensorBundle
from inspector.formats.wire_format import WireFormatError


def handle(offset: int, size: int) -> bytes:
    """A BlockHandle of small numbers: two varints of one byte."""
    return bytes((offset, size))


def table(block: bytes, *, kind: int = 0) -> bytes:
    """A table of one data block, by hand from LevelDB's table_format.md."""
    restarts = bytes(4) + (1).to_bytes(4, "little")
    if kind == 0:
        block += restarts
    index = b"\x00\x01\x02z" + handle(0, len(block)) + restarts
    at = len(block) + 5
    footer = (handle(0, 0) + handle(at, len(index))).ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")
    return block + bytes((kind, 0, 0, 0, 0)) + index + bytes(5) + footer


ENTRIES = b"\x00\x03\x01abcX" + b"\x02\x01\x02dYZ"  # abc: X, and abd, which shares two bytes: YZ


def test_keys_share_what_they_begin_with() -> None:
    found = [(key, bytes(value)) for key, value in table_file.entries(memoryview(table(ENTRIES)))]
    assert found == [(b"abc", b"X"), (b"abd", b"YZ")]


def test_a_packed_block() -> None:
    plain = ENTRIES + bytes(4) + (1).to_bytes(4, "little")
    packed = bytes((len(plain), (len(plain) - 1) << 2)) + plain  # snappy: the length, then one literal
    found = [(key, bytes(value)) for key, value in table_file.entries(memoryview(table(packed, kind=1)))]
    assert found == [(b"abc", b"X"), (b"abd", b"YZ")]


def test_snappy_repeats_what_came_before() -> None:
    # "ab" as a literal, then a copy of 6 bytes from 2 bytes back (kind 1: length 4..11, offset below 2048)
    packed = b"\x08" + b"\x04ab" + bytes(((6 - 4) << 2 | 1, 2))
    assert snappy.unpacked(memoryview(packed), 100) == b"abababab"
    with pytest.raises(WireFormatError):
        snappy.unpacked(memoryview(b"\x08\x04ab" + bytes(((6 - 4) << 2 | 1, 3))), 100)


@pytest.mark.parametrize("size", [0, 1, 7, 20, 47])
def test_a_table_without_its_end(size: int) -> None:
    with pytest.raises(InspectorError) as caught:
        list(table_file.entries(memoryview(table(ENTRIES)[:size])))
    assert caught.value.code == "TRUNCATED"


def test_a_table_whose_bytes_are_wrong_is_an_error_and_never_more() -> None:
    whole = table(ENTRIES)
    for at in range(len(whole) - 8):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        with contextlib.suppress(InspectorError):
            list(table_file.entries(memoryview(bytes(damaged))))


def test_every_variable_of_a_real_checkpoint_is_the_h5s(shared_models: Path) -> None:
    folder = shared_models / "pairs" / "lenet5"
    bundle = TensorBundle(folder / "ckpt_small" / "model_small")
    with h5py.File(folder / "modelLeNet5_small.h5") as file:
        for layer in ("conv2d", "conv2d_1", "dense", "input_tensor", "output_tensor"):
            for role in ("kernel", "bias"):
                stored = np.asarray(file[f"model_weights/{layer}/{layer}/{role}:0"])
                np.testing.assert_array_equal(bundle.values(f"{layer}/{role}").reshape(stored.shape), stored)
    assert bundle.values("SGD/iterations").tolist() == [2400]


@pytest.mark.framework
def test_a_partitioned_variable_is_put_together() -> None:
    truth = np.load(made() / TRUTH)["trained/kernel"]
    bundle = TensorBundle(made() / "trained" / "net-12")
    stored = bundle.stored("hidden/kernel")
    assert [part.extents for part in stored.slices] == [((0, 4), (0, 6)), ((4, 3), (0, 6)), ((7, 3), (0, 6))]
    np.testing.assert_array_equal(bundle.values("hidden/kernel").reshape(10, 6), truth)
    np.testing.assert_array_equal(bundle.values("hidden/kernel", part="10 6 4,3:-").reshape(3, 6), truth[4:7])
    np.testing.assert_array_equal(bundle.values("hidden/kernel", 6, 8), truth.ravel()[6:8])


def test_slices_as_text_and_as_keys() -> None:
    part = slice_of_text("300 5 100,200:-")
    assert part == Slice(((100, 200), (0, -1)))
    # OrderedCode by hand: 100 takes two bytes (0x40 and more), 200 too, -1 is 0x7f, the name ends in 0x00 0x01
    assert key_of_slice("w", part) == b"\x00w\x00\x01" + b"\x01\x02" + b"\xc0\x64\xc0\xc8" + b"\x80\x7f"
    with pytest.raises(InspectorError):
        slice_of_text("5 a,b")


def test_shards_that_are_missing_or_short_are_named(shared_models: Path, tmp_path: Path) -> None:
    source = shared_models / "pairs" / "lenet5" / "ckpt_small"
    shutil.copy(source / "model_small.index", tmp_path)
    bundle = TensorBundle(tmp_path / "model_small")
    assert bundle.problems == ("model_small.data-00000-of-00001 is missing: the variables in it have no values",)
    with pytest.raises(InspectorError) as caught:
        bundle.values("conv2d/kernel")
    assert caught.value.code == "NO_VALUES"
    assert "model_small.data-00000-of-00001" in caught.value.what
    data = (source / "model_small.data-00000-of-00001").read_bytes()
    (tmp_path / "model_small.data-00000-of-00001").write_bytes(data[:50])
    again = TensorBundle(tmp_path / "model_small")
    assert again.problems == (f"model_small.data-00000-of-00001 is cut off: {len(data)} bytes expected, 50 are there",)
    assert again.values("SGD/decay").shape == (1,)
    with pytest.raises(InspectorError) as short:
        again.values("output_tensor/kernel")
    assert short.value.code == "TRUNCATED"
