"""Noise floors: how far rounding alone takes two sides apart, from what float64 says of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.workers.runner_client import ReferenceError64

SAFETY = 4.0
WITHOUT_REFERENCE = 256.0
_SPACING = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float64": 2.0**-52}


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """`value` in the units of the activation; `error_a`, `error_b` each side's own distance from float64."""

    value: float
    error_a: float | None
    error_b: float | None


def spacing(dtype: str) -> float:
    """The relative distance of neighbouring numbers of a dtype; float32 for whatever else."""
    return _SPACING.get(dtype, float(np.finfo(np.float32).eps))


def floor(a: ReferenceError64 | None, b: ReferenceError64 | None, *, scale: float, dtype: str = "float32") -> Floor:
    """Where both sides compute the same function, |A - B| <= |A - exact| + |B - exact|. The floor is four
    times that bound, and four spacings at the largest value for weights that were rounded once more.

    Without any reference it is 256 spacings at the largest value, which is a guess and said to be one."""
    step = spacing(dtype) * scale
    errors = [item.error for item in (a, b) if item is not None and np.isfinite(item.error)]
    if not errors:
        return Floor(value=WITHOUT_REFERENCE * step, error_a=None, error_b=None)
    total = sum(errors) if len(errors) == 2 else 2 * errors[0]
    return Floor(value=SAFETY * total + SAFETY * step, error_a=a.error if a else None, error_b=b.error if b else None)
