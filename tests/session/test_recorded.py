"""Both sides are fed what a recording recorded, in the shapes and dtypes that each takes, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import inspector
from inspector.domain.computation import Port
from inspector.domain.errors import InspectorError
from inspector.domain.files import ModelFile
from inspector.formats import open_file
from inspector.formats.opened import Opened
from inspector.session.recorded import RecordedInputs, prepared, recorded_inputs
from inspector.session.settings import Settings

X = np.random.default_rng(0).random((6, 4, 5, 3), np.float32)
IDS = np.arange(6, dtype=np.int32).reshape(6, 1)


def port(name: str, shape: tuple[int | None, ...]) -> Port:
    return Port(name=name, tensor=name, shape=shape, dtype="float32")


@dataclass
class FakeSide:
    """A side whose reader is the opened file itself."""

    file: ModelFile | None = None
    reader: Opened | None = field(default=None, repr=False)


@pytest.fixture
def recording(tmp_path: Path):
    path = inspector.record(lambda x: x["image"], {"ids": IDS, "image": X}, tmp_path / "r.npz")
    opened = open_file(path)
    yield FakeSide(opened.file, opened)
    opened.close()


def feed(found: RecordedInputs | None, *pairs, **settings):
    assert found is not None
    return prepared(found, pairs, Settings(**settings))


def test_the_inputs_of_the_side_that_is_a_recording(recording: FakeSide) -> None:
    other = FakeSide()
    for sides, side in (((recording, other), "a"), ((other, recording), "b"), ((recording, recording), "a")):
        found = recorded_inputs(*sides)
        assert found is not None
        assert found.side == side
        assert list(found.arrays) == ["ids", "image"]
        np.testing.assert_array_equal(found.arrays["image"], X)
        np.testing.assert_array_equal(found.arrays["ids"], IDS)
        assert found.arrays["ids"].dtype == np.int32
    assert recorded_inputs(other, other) is None


def test_both_sides_are_fed_them_whatever_is_set(recording: FakeSide) -> None:
    found = recorded_inputs(FakeSide(), recording)
    pairs = (
        (port("x", (None, 4, 5, 3)), port("image", (None, 4, 5, 3))),
        (port("n", (None, 1)), port("ids", (None, 1))),
    )
    image, ids = feed(found, *pairs, inputs=("zeros",), preprocess_a="scale:0..1", low=5.0)
    np.testing.assert_array_equal(image.array_a, X)
    np.testing.assert_array_equal(image.array_b, X)
    assert (image.tensor_a, image.tensor_b, image.used.spec) == ("x", "image", "recorded by side B")
    assert image.used.preprocess_a == ""
    assert image.used.stats_a[0] == pytest.approx(X.min())
    assert [note.code for note in image.notes] == ["RECORDED_INPUTS"]
    assert ids.array_a.dtype == np.float32  # as the port of A takes them
    np.testing.assert_array_equal(ids.array_a, IDS)


def test_channels_are_turned_for_the_side_that_has_them_first(recording: FakeSide) -> None:
    found = recorded_inputs(recording, FakeSide())
    (image,) = feed(found, (port("image", (None, 4, 5, 3)), port("x", (None, 3, 4, 5))))
    np.testing.assert_array_equal(image.array_a, X)
    np.testing.assert_array_equal(image.array_b, X.transpose(0, 3, 1, 2))
    assert [note.code for note in image.notes] == ["RECORDED_INPUTS", "INPUT_TRANSPOSED"]


@pytest.mark.parametrize(("fixed", "batch", "count"), [(None, None, 6), (2, None, 2), (None, 3, 3), (None, 99, 6)])
def test_fewer_samples_are_the_first_ones(
    recording: FakeSide, fixed: int | None, batch: int | None, count: int
) -> None:
    found = recorded_inputs(recording, FakeSide())
    (image,) = feed(found, (port("image", (None, 4, 5, 3)), port("x", (fixed, 4, 5, 3))), batch=batch)
    np.testing.assert_array_equal(image.array_a, X[:count])
    np.testing.assert_array_equal(image.array_b, X[:count])


def test_what_does_not_fit_is_refused(recording: FakeSide) -> None:
    found = recorded_inputs(recording, FakeSide())
    with pytest.raises(
        InspectorError, match=r"^WRONG_SHAPE: 6 samples were recorded, and a side takes batches of 8 only"
    ):
        feed(found, (port("image", (None, 4, 5, 3)), port("x", (8, 4, 5, 3))))
    with pytest.raises(InspectorError, match=r"^WRONG_SHAPE"):
        feed(found, (port("image", (None, 4, 5, 3)), port("x", (None, 7, 7, 3))))
    with pytest.raises(InspectorError, match=r"^INPUT_MISSING: the recording has no input mask"):
        feed(found, (port("mask", (None, 1)), port("x", (None, 1))))
