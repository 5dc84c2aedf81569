"""The same picture in other pixels: a few grey levels, or turned."""

from __future__ import annotations

import numpy as np
import pytest
from port_cases import Ports

from inspector.causes.image_decoding import suspect

ROWS, COLUMNS = np.mgrid[0:24, 0:24]
PICTURE = np.stack([120 + 90 * np.sin(ROWS / 5), 5.0 * COLUMNS + ROWS, 200 - 4 * ROWS + 20 * np.cos(COLUMNS / 3)], -1)
PICTURE = np.round(PICTURE).clip(0, 255)[np.newaxis].astype(np.float32)
NOISE = np.random.default_rng(0).uniform(0, 255, PICTURE.shape).astype(np.float32)
GREY = np.random.default_rng(1).integers(-2, 3, PICTURE.shape)


def fed(a: np.ndarray, b: np.ndarray, *, same: bool = False, **more) -> list:
    made = Ports().fed("image", a, b, **more).gives("out", "out:0", np.zeros(3), np.zeros(3) if same else np.ones(3))
    return list(suspect(made.case()))


@pytest.mark.parametrize(
    ("b", "told"),
    [
        (PICTURE + GREY, "grey levels in the mean"),
        (PICTURE.transpose(0, 2, 1, 3)[:, :, ::-1], "turned by 90 degrees"),
        (PICTURE[:, ::-1, ::-1], "turned by 180 degrees"),
        (PICTURE[:, :, ::-1], "mirrored"),
        (PICTURE[:, ::-1] + GREY, "upside down"),
        (PICTURE.transpose(0, 2, 1, 3), "transposed"),
    ],
)
def test_what_the_decoder_did_is_told(b: np.ndarray, told: str) -> None:
    (found,) = fed(PICTURE, b.astype(np.float32))
    assert told in found.title
    assert found.trial is not None
    assert found.trial.feeds_b is not None
    assert np.array_equal(found.trial.feeds_b["image:0"], PICTURE)
    assert found.layer_a == "image"


def test_the_numbers_are_of_255() -> None:
    (found,) = fed(PICTURE / 255, (PICTURE + 1) / 255)
    span = float(np.ptp(PICTURE))
    assert f"differ by {255 / span:.2f} of 255 grey levels" in found.evidence


@pytest.mark.parametrize(
    ("a", "b", "more"),
    [
        (PICTURE, PICTURE, {}),
        (PICTURE / 255, (PICTURE / 255).astype(np.float16), {}),
        (PICTURE, 255 - PICTURE, {}),
        (PICTURE, PICTURE + GREY, {"preprocess_b": "resize 24x24 nearest"}),
        (NOISE, NOISE + 2, {}),
        (PICTURE, NOISE, {}),
        (PICTURE, PICTURE + GREY, {"same": True}),
    ],
    ids=["the same", "float16", "a negative", "another pipeline", "no picture", "another picture", "nothing differs"],
)
def test_what_is_no_matter_of_decoding(a: np.ndarray, b: np.ndarray, more: dict) -> None:
    assert fed(a, b.astype(b.dtype if b.dtype == np.float16 else np.float32), **more) == []
