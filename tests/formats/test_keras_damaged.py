"""Cut and damaged Keras files: what is left is shown, nothing is made up, and each fault has a name."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from keras_files import input_layer, layer, sequential, write_keras

from inspector.domain.errors import InspectorError
from inspector.formats import keras_h5

SIZES = (6, 40, 60, 50, 3)
ARRAYS = {
    f"d{i}": [(f"d{i}/kernel:0", np.random.default_rng(i).standard_normal((a, b)).astype(np.float32))]
    for i, (a, b) in enumerate(pairwise(SIZES))
}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    layers = [layer("Dense", f"d{i}", units=units, use_bias=False) for i, units in enumerate(SIZES[1:])]
    return write_keras(tmp_path / "whole.h5", sequential(input_layer("x", 6), *layers), ARRAYS)


def attempt(call: Callable[..., Any], *args: Any) -> tuple[Any, InspectorError | None]:
    """The result, or the error by which it was refused."""
    try:
        return call(*args), None
    except InspectorError as error:
        return None, error


def outcome(path: Path) -> str:
    """Open, lay out, walk and read everything; the code when the file is refused."""
    opened, error = attempt(keras_h5.open, path)
    if error is not None:
        return error.code
    for entry, _ in opened.entries():
        if entry.value_id:
            values, refusal = attempt(opened.values, entry.value_id)
            if refusal is None:
                assert values.size == np.prod(entry.shape)
            else:
                assert refusal.code in {"TRUNCATED", "UNREADABLE", "CORRUPT", "TOO_LARGE"}
    opened.close()
    return "opened"


@pytest.mark.parametrize("sixteenth", range(1, 16))
def test_a_cut_file_opens_as_far_as_it_goes(whole: Path, tmp_path: Path, sixteenth: int) -> None:
    data = whole.read_bytes()
    held = len(data) * sixteenth // 16
    path = tmp_path / "cut.h5"
    path.write_bytes(data[:held])
    opened, error = attempt(keras_h5.open, path)
    if error is not None:
        assert (error.code, error.what) == ("TRUNCATED", f"the file has {held} bytes of {len(data)}")
        return
    assert opened.file.warnings[0].code == "TRUNCATED"
    assert opened.file.warnings[0].text == f"the file has {held} bytes of {len(data)}; what is left is shown"
    assert opened.file.runs_in == ""
    good, bad = 0, 0
    for entry, _ in opened.entries():
        if entry.kind == "dataset":
            found, refusal = attempt(opened.values, entry.value_id)
            good, bad = good + (refusal is None), bad + (refusal is not None)
            if refusal is None:
                assert np.array_equal(found.reshape(entry.shape), ARRAYS[entry.id.split("/")[2]][0][1])
            else:
                assert refusal.code == "TRUNCATED"
    opened.close()
    assert sixteenth < 12 or good > 0
    assert bad or good < 4


def test_a_stump_is_named(tmp_path: Path) -> None:
    path = tmp_path / "stump.h5"
    path.write_bytes(keras_h5.SIGNATURE + b"\0" * 4)
    with pytest.raises(InspectorError) as caught:
        keras_h5.open(path)
    assert caught.value.code == "TRUNCATED"
    assert caught.value.what == "the file has 12 bytes, less than an HDF5 header"


def test_flipped_bytes_give_a_named_error_or_the_tree(whole: Path, tmp_path: Path) -> None:
    """In the raw data and the old-style groups; HDF5 itself can hang on a damaged global heap, where
    variable-length text lies, which is why a reader is a process of its own."""
    data = whole.read_bytes()
    heap = data.find(b"GCOL")
    generator = random.Random(5)
    seen = set()
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(generator.choice((1, 8, 40))):
            place = generator.randrange(8, len(data))
            if not heap <= place < heap + 4096:
                damaged[place] = generator.randrange(256)
        path = tmp_path / "damaged.h5"
        path.write_bytes(damaged)
        seen.add(outcome(path))
    assert "opened" in seen
    assert seen <= {"opened", "CORRUPT", "TRUNCATED"}


def test_the_signature_may_stand_behind_a_user_block(tmp_path: Path) -> None:
    path = tmp_path / "block.h5"
    with h5py.File(path, "w", userblock_size=1024) as file:
        file["x"] = 1.0
    head = path.read_bytes()[:8192]
    assert not head.startswith(keras_h5.SIGNATURE)
    assert keras_h5.recognise(head, path)
    assert not keras_h5.recognise(b"\x0a\x05hello" * 100, path)
    opened = keras_h5.open(path)
    assert opened.values("/x").tolist() == [1.0]
    opened.close()


def test_other_hdf5_files_are_shown_and_hold_no_model(tmp_path: Path) -> None:
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file["group/data"] = np.arange(3)
        file.attrs["title"] = "measurements"
    opened = keras_h5.open(path)
    assert [entry.name for entry in opened.children("", 0, 9)] == ["Weights", "Attributes"]
    assert ("title", "measurements") in opened.details("section:Attributes").rows
    assert opened.file.runs_in == ""
    with pytest.raises(InspectorError) as caught:
        opened.computation()
    assert caught.value.code == "NO_MODEL"
    for ask in (opened.details, lambda entry: opened.children(entry, 0, 1)):
        with pytest.raises(InspectorError) as caught:
            ask("h5:/nothing")
        assert caught.value.code == "NO_SUCH_ENTRY"
    opened.close()


def test_an_attribute_too_large_to_be_true_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.create("layer_names", np.zeros((65 << 20) // 8))
    opened = keras_h5.open(path)
    assert dict(opened.details("section:Attributes").rows)["layer_names"] == "cannot be read"
    opened.close()
