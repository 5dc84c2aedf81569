"""Outputs of a quantized side that are apart by what its layers' rounding adds up to."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.compare.metrics import measure
from inspector.domain.comparison import LayerDifference, OutputDifference, Status
from inspector.session.rows import settled


def output(apart: float, floor: float) -> OutputDifference:
    metrics = measure(np.array([1.0]), np.array([1.0 + apart]), noise_floor=floor)
    return OutputDifference(
        a="out", b="out", shape=(1,), metrics=metrics, noise_floor=floor, within_noise=apart <= floor, identical=False
    )


def layer(status: Status) -> LayerDifference:
    return LayerDifference(index=0, a="x", b="x", class_name="", kind="dense", status=status)


@pytest.mark.parametrize(
    ("apart", "noise", "statuses", "within"),
    [
        (0.15, 0.1, ("within-noise", "not-compared"), True),
        (0.25, 0.1, ("within-noise",), False),  # more than twice what the layers add up to
        (0.15, 0.1, ("within-noise", "different"), False),  # a layer introduces it
        (0.15, 0.0, ("within-noise",), False),  # both sides compute in float32
        (0.15, 0.1, ("not-compared",), False),  # nothing is known of any layer
    ],
)
def test_rounding_that_adds_up(apart: float, noise: float, statuses: tuple[Status, ...], *, within: bool) -> None:
    (found,) = settled([output(apart, 0.1)], [layer(status) for status in statuses], noise)
    assert found.within_noise is within
    assert (found.metrics.max_abs <= found.noise_floor) is within
    assert found.metrics.fraction_beyond_noise == (0.0 if within else 1.0)
