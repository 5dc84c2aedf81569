"""Class scores by hand; what an array says at all, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.compare.content import content, mean_magnitude, says_nothing
from inspector.compare.scores import looks_like_scores, scores

A = np.array([[0.4, 0.3, 0.1, 0.1, 0.05, 0.05, 0.0], [0, 0, 0, 0, 0, 0, 1]], np.float32)
B = np.array([[0.3, 0.4, 0.0, 0.1, 0.05, 0.05, 0.1], [0, 0, 0, 0, 0, 0, 1]], np.float32)


def test_scores_by_hand() -> None:
    s = scores(A, B)
    assert s is not None
    assert s.top5_a == (0, 1, 2, 3, 4)
    assert s.top5_b == (1, 0, 3, 6, 4)
    assert s.values_a == pytest.approx((0.4, 0.3, 0.1, 0.1, 0.05))
    assert s.top5_overlap == 4
    assert s.top1_agreement == 0.5


def test_what_looks_like_scores() -> None:
    assert looks_like_scores(A)
    assert not looks_like_scores(A * 2)
    assert not looks_like_scores(A[:, :1])
    assert not looks_like_scores(A[0])
    assert not looks_like_scores(np.array([[1.5, -0.5]]))
    assert scores(A * 2, B * 2) is None


def test_scores_that_were_asked_for() -> None:
    logits = np.array([[1.0, 3.0, np.nan]])
    s = scores(logits, logits, asked=True)
    assert s is not None
    assert s.top5_a == (1, 0, 2)
    assert s.top1_agreement == 1.0
    assert scores(np.zeros((2, 1)), np.zeros((2, 1)), asked=True) is None


def test_content_is_numpys() -> None:
    x = np.random.default_rng(2).normal(3, 2, (50, 60, 70)).astype(np.float32)
    y = x.astype(np.float64)
    c = content(x)
    assert (c.size, c.finite, c.nan) == (x.size, x.size, 0)
    assert (c.minimum, c.maximum) == (y.min(), y.max())
    assert c.mean == pytest.approx(y.mean(), rel=1e-12)
    assert c.deviation == pytest.approx(y.std(), rel=1e-12)
    assert mean_magnitude(x) == pytest.approx(np.abs(y).mean(), rel=1e-12)


def test_content_leaves_out_what_is_not_finite() -> None:
    c = content(np.array([np.nan, np.inf, -1.0, 3.0]))
    assert (c.size, c.finite, c.nan, c.minimum, c.maximum, c.mean, c.deviation) == (4, 2, 1, -1, 3, 1, 2)


@pytest.mark.parametrize(
    ("x", "why"),
    [
        (np.zeros((0, 3)), "empty"),
        (np.full(3, np.nan), "not a single finite number"),
        (np.zeros(3), "all zero"),
        (np.full((2, 2), 0.5), "constant"),
        (np.array([[0.5]]), ""),
        (np.array([0.0, 1.0]), ""),
    ],
)
def test_agreement_that_says_nothing(x, why: str) -> None:
    assert says_nothing(x) == why
