"""Pipelines: their text, their arithmetic against numpy, Pillow and Keras, and their refusals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inspector.domain.errors import InspectorError
from inspector.session.preprocess import Pipeline, parse

LINE = (
    "resize 224x224 bilinear | bgr | scale 1/255 | mean 0.485 0.456 0.406 | std 0.229 0.224 0.225 "
    "| nchw | float32 | batch 4"
)
RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (LINE, LINE),
        ("", ""),
        ("  Resize 8X6|RGB ", "resize 8x6 bilinear | rgb"),
        ("scale 0.0078125", "scale 0.0078125"),
        ("scale 2 / 255", "scale 2/255"),
        ("mean 0.1,0.2, 0.3", "mean 0.1 0.2 0.3"),
        ("crop 4x4", "crop 4x4 center"),
        ("flip", "flip horizontal"),
        ("range -1 1", "range -1 1"),
        ("caffe|nchw", "caffe | nchw"),
    ],
)
def test_the_line_reads_back(written: str, line: str) -> None:
    pipeline = parse(written)
    assert str(pipeline) == line
    assert parse(str(pipeline)) == pipeline
    assert bool(pipeline) == bool(line)


_NUMBER = st.floats(-1e9, 1e9).map(lambda x: x or 1.0)
_STEP = st.one_of(
    st.tuples(st.integers(1, 9999), st.integers(1, 9999), st.sampled_from(["nearest", "area", "lanczos"])).map(
        lambda t: f"resize {t[0]}x{t[1]} {t[2]}"
    ),
    st.lists(_NUMBER, min_size=1, max_size=5).map(lambda v: "mean " + " ".join(map(repr, v))),
    st.lists(_NUMBER, min_size=1, max_size=5).map(lambda v: "std " + " ".join(map(repr, v))),
    _NUMBER.map(lambda v: f"scale {v!r}"),
    st.sampled_from(["rgb", "bgr", "gray", "nchw", "nhwc", "caffe", "torch", "tf", "uint8", "flip vertical"]),
    st.integers(1, 65536).map(lambda n: f"batch {n}"),
)


@given(st.lists(_STEP, max_size=6))
def test_every_line_reads_back(parts: list[str]) -> None:
    pipeline = parse(" | ".join(parts))
    assert parse(str(pipeline)) == pipeline
    assert len(pipeline.steps) == len(parts)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("resze 8x8", r"step 1, `resze 8x8`, is not known.*Did you mean `resize WxH"),
        ("rgb | resize 8", r"step 2, `resize 8`, cannot be read\.Write|step 2, `resize 8`, cannot be read"),
        ("resize 8x8 cubic", "nearest|bilinear|bicubic|lanczos|area"),
        ("resize 0x8", "cannot be read"),
        ("scale", "scale N/M"),
        ("scale 1/0", "cannot be read"),
        ("mean", "mean NUMBER"),
        ("mean nan", "cannot be read"),
        ("std 0", "cannot be read"),
        ("range 1 1", "from 0..255"),
        ("batch 0", "batch N"),
        ("rgb 3", "cannot be read"),
        ("rgb | | bgr", "step 2, ``, is not known"),
        ("flip sideways", "horizontal"),
        ("__class__", "is not known"),
    ],
)
def test_what_cannot_be_read_is_named(line: str, text: str) -> None:
    with pytest.raises(InspectorError, match=text) as caught:
        parse(line)
    assert caught.value.code == "BAD_PIPELINE"


def test_resize_is_pillows() -> None:
    for method, resample in (("bilinear", Image.BILINEAR), ("nearest", Image.NEAREST), ("area", Image.BOX)):
        made = parse(f"resize 5x3 {method}").apply(PHOTO)
        assert made.shape == (2, 3, 5, 3)
        assert made.dtype == np.uint8
        assert np.array_equal(made[1], np.asarray(Image.fromarray(PHOTO[1]).resize((5, 3), resample)))


def test_resize_of_floats_by_area_is_a_mean() -> None:
    x = RNG.normal(size=(1, 4, 6, 5)).astype(np.float32)
    blocks = x.reshape(1, 2, 2, 3, 2, 5).mean(axis=(2, 4))
    assert np.allclose(parse("resize 3x2 area").apply(x), blocks, atol=1e-6)


def test_crop_takes_the_middle() -> None:
    assert np.array_equal(parse("crop 3x2").apply(PHOTO), PHOTO[:, 2:4, 2:5])
    with pytest.raises(InspectorError, match=r"`crop 9x2 center` cannot be done: the image is only 8x6"):
        parse("crop 9x2").apply(PHOTO)


def test_colours() -> None:
    assert np.array_equal(parse("bgr").apply(PHOTO), PHOTO[..., ::-1])
    assert np.array_equal(parse("rgb").apply(PHOTO), PHOTO)
    assert np.array_equal(parse("bgr | rgb").apply(PHOTO), PHOTO)
    gray = parse("gray").apply(PHOTO)
    assert np.array_equal(gray[0, ..., 0], np.asarray(Image.fromarray(PHOTO[0]).convert("L")))
    assert np.array_equal(parse("bgr | gray").apply(PHOTO), gray)
    assert np.array_equal(parse("gray | rgb").apply(PHOTO), np.repeat(gray, 3, -1))
    x = PHOTO.astype(np.float32)
    assert np.allclose(parse("gray").apply(x)[..., 0], x @ np.float32([0.299, 0.587, 0.114]))


def test_scale_is_a_division_bit_for_bit() -> None:
    made = parse("scale 1/255").apply(PHOTO)
    assert made.dtype == np.float32
    assert np.array_equal(made, PHOTO.astype(np.float32) / np.float32(255))
    assert np.array_equal(parse("scale 3").apply(PHOTO), PHOTO * np.float32(3))


def test_range_mean_std() -> None:
    x = np.array([[0, 255, 51]], np.uint8)
    assert np.allclose(parse("range -1 1").apply(x), [[-1, 1, -0.6]])
    assert np.allclose(parse("mean 1 2 3 | std 2 4 8").apply(x), [[-0.5, 63.25, 6]])
    assert np.allclose(parse("mean 5").apply(x), [[-5, 250, 46]])
    with pytest.raises(InspectorError, match=r"`mean 1 2` cannot be done: there are 3 channels, not 2"):
        parse("mean 1 2").apply(x)


def test_channels_first() -> None:
    line = "mean 1 2 3 | bgr | flip"
    last = parse(line).apply(PHOTO)
    first = parse(f"nchw | {line}").apply(PHOTO)
    # The mean meets the same channels wherever they lie.
    assert np.array_equal(first, last.transpose(0, 3, 1, 2))
    raw = PHOTO.transpose(0, 3, 1, 2)
    assert np.array_equal(parse("nhwc").apply(raw, channels_first=True), PHOTO)
    assert np.array_equal(parse("nhwc").apply(PHOTO), PHOTO)
    assert np.array_equal(parse("resize 8x6 | nchw | nchw").apply(PHOTO), raw)


def test_dtype_cuts_and_saturates() -> None:
    x = np.array([[-3.7, 2.9, 300.0]])
    assert parse("uint8").apply(x).tolist() == [[0, 2, 255]]
    assert parse("int32").apply(x).tolist() == [[-3, 2, 300]]
    assert parse("float16").apply(x).dtype == np.float16


def test_batch_is_left_to_the_caller() -> None:
    pipeline = parse("batch 3 | scale 2 | batch 5")
    assert pipeline.batch == 5
    assert pipeline.apply(PHOTO).shape == PHOTO.shape
    assert Pipeline().batch is None


def test_image_steps_refuse_what_is_no_image() -> None:
    with pytest.raises(InspectorError, match=r"`resize 2x2 bilinear` cannot be done: \[1, 4\] is no image"):
        parse("resize 2x2").apply(np.zeros((1, 4)))
    with pytest.raises(InspectorError, match="there are 5 channels"):
        parse("caffe").apply(np.zeros((1, 2, 2, 5)))


_KERAS = """
import sys
import numpy as np
from keras.applications.imagenet_utils import preprocess_input
for dtype in ("uint8", "float32"):
    x = np.random.RandomState(1).randint(0, 256, (2, 9, 7, 3)).astype(dtype)
    for mode in ("caffe", "torch", "tf"):
        for order, turned in (("channels_last", x), ("channels_first", x.transpose(0, 3, 1, 2))):
            np.save(f"{sys.argv[1]}/{dtype}_{mode}_{order}.npy",
                    preprocess_input(turned.copy(), data_format=order, mode=mode))
"""


@pytest.mark.framework
def test_modes_are_keras_own_results(tmp_path) -> None:
    import os

    subprocess.run(
        [sys.executable, "-c", _KERAS, str(tmp_path)], check=True, capture_output=True, timeout=250,
        env=os.environ | {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    for dtype in ("uint8", "float32"):
        x = np.random.RandomState(1).randint(0, 256, (2, 9, 7, 3)).astype(dtype)
        for mode in ("caffe", "torch", "tf"):
            for order, line in (("channels_last", mode), ("channels_first", f"nchw | {mode}")):
                keras = np.load(tmp_path / f"{dtype}_{mode}_{order}.npy")
                made = parse(line).apply(x)
                assert made.dtype == np.float32
                assert np.array_equal(made, keras), (dtype, mode, order)
