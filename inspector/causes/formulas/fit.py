"""Whether numbers are those of a formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.causes.case import Array, Sample

RELATIVE = 2e-5
SAMPLES = 2


@dataclass(frozen=True, slots=True)
class Fit:
    """A layer's arrays of the first samples in float64, and how near a formula must come to be the one."""

    inputs: tuple[Array, ...]
    a: Array
    b: Array
    tolerance: float


def fit_of(sample: Sample | None, *, samples: int = SAMPLES) -> Fit | None:
    """None where there are no arrays, or none that are finite numbers."""
    if sample is None:
        return None
    arrays = [np.asarray(array[:samples], np.float64) for array in (*sample.inputs, sample.a, sample.b) if array.ndim]
    if len(arrays) != len(sample.inputs) + 2 or not all(np.isfinite(array).all() for array in arrays):
        return None
    *inputs, a, b = arrays
    size = float(np.abs(b).max(initial=0.0))
    return Fit(tuple(inputs), a, b, max(2.0 * sample.noise_floor, RELATIVE * size))


def fits(found: Array | None, wanted: Array, tolerance: float) -> bool:
    """Whether a formula gives these numbers everywhere."""
    if found is None or found.size != wanted.size or not np.isfinite(found).all():
        return False
    return bool(np.abs(found.reshape(wanted.shape) - wanted).max(initial=0.0) <= tolerance)
