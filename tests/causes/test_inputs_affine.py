"""The closed form of what a preprocessing does: solved for, and said."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.causes.inputs import IDENTITY, Affine, between, in_words, pipeline_of, solve, uniform

X = np.random.default_rng(0).uniform(0, 255, (2, 5, 4, 3))
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CAFFE = np.array([103.939, 116.779, 123.68])


@pytest.mark.parametrize(
    ("made", "words", "line"),
    [
        (X / 255, "x / 255", "scale 1/255"),
        (X * 255, "x * 255", "scale 255"),
        (X / 127.5 - 1, "x / 127.5 - 1", "tf"),
        ((X + 1) * 127.5, "x * 127.5 + 127.5", "scale 127.5 | mean -127.5"),
        (X[..., ::-1], "x with red and blue exchanged", "bgr"),
        (X[..., ::-1] - CAFFE, "caffe's: BGR, ImageNet's mean taken away", "caffe"),
        ((X / 255 - MEAN) / DEVIATION, "torch's: x / 255, ImageNet's mean and deviation", "torch"),
        (X * 0.3 + 7, "x * 0.3 + 7", "scale 0.3 | mean -7"),
        ((X - [1, 2, 3]) / [4, 5, 6], "(x - mean) / deviation with mean 1 2 3 and deviation 4 5 6", None),
        (X[..., [1, 2, 0]], "x with its channels mixed", None),
        (X, "x as it is", ""),
    ],
)
def test_what_was_done_is_found_and_said(made: np.ndarray, words: str, line: str | None) -> None:
    found = between(X.astype(np.float32), made.astype(np.float32), 1e-5 * np.abs(made).max())
    assert found is not None
    assert in_words(found) == words
    assert pipeline_of(found) == line
    assert np.allclose(found(X), made, atol=1e-4 * np.abs(made).max())


def test_what_is_no_scale_or_offset_is_not_found() -> None:
    assert between(X, np.sqrt(X), 1e-3) is None
    assert between(X, X[:, ::-1], 1e-3) is None


def test_inverse_and_order_of_two() -> None:
    first, then = Affine(np.diag([2.0, 4.0, 8.0]), np.array([1.0, 2.0, 3.0])), uniform(10, -1)
    assert np.allclose(then.after(first)(X), (X * [2, 4, 8] + [1, 2, 3]) * 10 - 1)
    back = first.inverse()
    assert back is not None
    assert back.after(first).is_near(IDENTITY)
    assert uniform(0.0).inverse() is None


def test_it_is_solved_for_behind_a_multiplication() -> None:
    random = np.random.default_rng(1)
    x, kernel = random.normal(size=(50, 6)), random.normal(size=(6, 8))
    scale, offset = random.uniform(1, 2, 6), random.normal(size=6)
    found = solve(lambda field: field @ kernel, x, (x * scale + offset) @ kernel, 1e-9)
    assert found is not None
    assert np.allclose(np.diag(found.matrix), scale)
    assert np.allclose(found.offset, offset)


def test_too_few_numbers_prove_nothing() -> None:
    x, kernel = np.random.default_rng(1).normal(size=(1, 6)), np.ones((6, 1))
    assert solve(lambda field: field @ kernel, x, x @ kernel * 2, 1e-9) is None
