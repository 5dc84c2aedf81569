"""Noise floors by hand: four times both sides' own rounding and four spacings at the largest value."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.session.floors import floor, spacing
from inspector.workers.runner_client import ReferenceError64

EPSILON = 2.0**-23


def error(value: float) -> ReferenceError64:
    return ReferenceError64(error=value, scale=1.0, exact=True)


def test_both_sides_known() -> None:
    found = floor(error(1e-7), error(3e-7), scale=2.0)

    assert found.value == pytest.approx(4 * 4e-7 + 4 * EPSILON * 2.0)
    assert (found.error_a, found.error_b) == (1e-7, 3e-7)


def test_one_side_known_stands_for_both() -> None:
    assert floor(None, error(2e-7), scale=0.0).value == pytest.approx(4 * 4e-7)


def test_no_reference_is_a_guess_of_256_spacings() -> None:
    assert floor(None, None, scale=0.5).value == pytest.approx(256 * EPSILON * 0.5)


def test_spacings_are_numpys() -> None:
    assert spacing("float32") == np.finfo(np.float32).eps
    assert spacing("float16") == np.finfo(np.float16).eps
    assert spacing("float64") == np.finfo(np.float64).eps
    assert spacing("bfloat16") == 2.0**-7


def test_float32_sums_lie_below_the_floor_that_their_own_rounding_gives() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(64, 512)), rng.normal(size=(512, 32))
    exact = x.astype(np.float32).astype(np.float64) @ w.astype(np.float32).astype(np.float64)
    forwards = x.astype(np.float32) @ w.astype(np.float32)
    backwards = x.astype(np.float32)[:, ::-1] @ w.astype(np.float32)[::-1]
    errors = [error(float(np.abs(side - exact).max())) for side in (forwards, backwards)]

    found = floor(*errors, scale=float(np.abs(exact).max()))

    assert np.abs(forwards - backwards).max() <= found.value
    assert found.value < 1e-4 * np.abs(exact).max()
