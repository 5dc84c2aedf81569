"""The pipeline's steps as TensorFlow's ops against the app's own steps, which are numpy and Pillow."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from inspector.runners.exporting.picture_resizing import resized
from inspector.runners.exporting.preprocessing import preprocessed
from inspector.runners.server import RequestError
from inspector.session.pipeline_message import as_message
from inspector.session.preprocess import parse

pytestmark = pytest.mark.framework
METHODS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "area": Image.Resampling.BOX,
}
SIZES = [((31, 47), (16, 24)), ((31, 47), (64, 80)), ((96, 64), (33, 7)), ((5, 5), (5, 5))]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("before", "after"), SIZES)
def test_bytes_are_resized_as_pillow_does_bit_for_bit(method: str, before, after) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (2, *before, 3), dtype=np.uint8)
    found = resized(tf.constant(pixels), after[1], after[0], method).numpy()
    truth = [np.asarray(Image.fromarray(picture).resize(after[::-1], METHODS[method])) for picture in pixels]
    np.testing.assert_array_equal(found, np.stack(truth))


@pytest.mark.parametrize("method", METHODS)
def test_floats_are_resized_as_pillow_does(method: str) -> None:
    pixels = np.random.default_rng(4).normal(size=(1, 31, 47, 1)).astype(np.float32)
    found = resized(tf.constant(pixels), 20, 12, method).numpy()[0, :, :, 0]
    truth = np.asarray(Image.fromarray(pixels[0, :, :, 0]).resize((20, 12), METHODS[method]))
    np.testing.assert_allclose(found, truth, atol=1e-6)


PIPELINES = (
    "resize 24x20 bilinear | scale 1/255 | mean 0.485 0.456 0.406 | std 0.229 0.224 0.225",
    "resize 40x40 area | crop 21x24 center | bgr | float32",
    "resize 24x24 | gray | range -1 1",
    "gray | bgr | scale 0.5",
    "bgr | gray",
    "crop 20x20 | torch | nchw",
    "nchw | flip vertical | crop 16x18 | caffe",
    "tf | flip horizontal | scale 2 | mean 0.25 | std 3",
    "scale 1/3 | uint8 | float32",
    "scale 2 | mean 300 | int8",
    "torch | resize 11x13 lanczos | nchw | nhwc",
)


@pytest.mark.parametrize("text", PIPELINES)
def test_a_pipeline_gives_the_same_numbers_inside_a_model(text: str) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (2, 30, 28, 3), dtype=np.uint8)
    truth = parse(text).apply(pixels)
    found = preprocessed(tf.constant(pixels), as_message(parse(text))).numpy()
    assert found.shape == truth.shape
    assert found.dtype == truth.dtype
    np.testing.assert_allclose(found, truth, rtol=1e-6, atol=1e-5 if "resize" in text and "torch" in text else 1e-6)


def test_sizes_may_be_unknown_when_the_graph_is_made() -> None:
    """A SavedModel takes pictures of any size."""
    steps = as_message(parse("resize 12x10 bicubic | crop 8x8 | scale 1/255"))
    function = tf.function(
        lambda x: preprocessed(x, steps), input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)]
    )
    for size in ((33, 21), (8, 9)):
        pixels = np.random.default_rng(6).integers(0, 256, (1, *size, 3), dtype=np.uint8)
        truth = parse("resize 12x10 bicubic | crop 8x8 | scale 1/255").apply(pixels)
        np.testing.assert_allclose(function(tf.constant(pixels)).numpy(), truth, atol=1e-7)


def test_every_step_of_the_vocabulary_has_its_ops() -> None:
    from inspector.runners.exporting.preprocessing import STEPS
    from inspector.session.pipeline_message import WORDS

    assert set(WORDS.values()) == set(STEPS)


def test_a_step_without_ops_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        preprocessed(tf.zeros((1, 2, 2, 3)), [["sharpen"]])
    assert caught.value.fields["code"] == "CANNOT_CONVERT"
