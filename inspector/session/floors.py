"""Noise floors: how far rounding alone takes two sides apart, from what float64 says of each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from inspector.domain.match import WeightDifference
from inspector.workers.runner_client import ReferenceError64

SAFETY = 4.0
WITHOUT_REFERENCE = 256.0
ONE_REFERENCE = 64.0
QUANTIZED = 1.5
MOST = 0.05  # beyond that, weights are no rounded ones
PRECISION = {"int8": 0.5 / 127, "uint8": 0.5 / 255, "int16": 0.5 / 32767, "float16": 2.0**-11, "dynamic": 0.5 / 127}
EXACT = ("float32", "float64")
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


def floor(
    a: ReferenceError64 | None,
    b: ReferenceError64 | None,
    *,
    scale: float,
    dtype: str = "float32",
    step: float = 0.0,
    relative: float = 0.0,
) -> Floor:
    """Where both sides compute the same function, |A - B| <= |A - exact| + |B - exact|. The floor is four
    times that bound, and four spacings at the largest value for weights that were rounded once more.

    A side without a float64 reference (a browser, TensorFlow Lite) is taken to be as far off as the other,
    and 64 spacings for its own kernels; without any reference it is 256 spacings, which is a guess and said
    to be one. `step`: the quantization steps of the two tensors, each value lies within one and a half of
    them (rounding, and once more when the accumulator is scaled down). `relative`: see `relative_error`."""
    spaced = spacing(dtype) * scale
    errors = [item.error for item in (a, b) if item is not None and np.isfinite(item.error)]
    coarse = QUANTIZED * step + relative * scale
    if not errors:
        return Floor(value=WITHOUT_REFERENCE * spaced + coarse, error_a=None, error_b=None)
    total = SAFETY * sum(errors) + SAFETY * spaced
    if len(errors) == 1:
        total = 2 * SAFETY * errors[0] + ONE_REFERENCE * spaced
    return Floor(value=total + coarse, error_a=a.error if a else None, error_b=b.error if b else None)


def relative_error(precision: str, weights: tuple[WeightDifference, ...]) -> float:
    """How far a layer's output is off, as a share of its largest value, when weights are kept coarsely.

    The errors of a sum's terms are independent, so a sum is off by its terms' relative error (root mean
    square of the weights' errors over that of the weights): of a kernel rounded to steps, half a step / sqrt(3)
    over a quarter of the largest weight; four times that, as for every floor here. Where activations are
    quantized on the way (dynamic range), the layer's inputs count likewise."""
    if precision in EXACT:
        return 0.0
    rounded = [item.max_rel for item in weights if item.role.endswith("kernel") and item.max_rel]
    own = max([*rounded, PRECISION.get(precision, 0.0)], default=0.0) if weights else 0.0
    inputs = PRECISION["int8"] if precision.startswith("dynamic") and weights else 0.0
    return SAFETY * 4.0 / math.sqrt(3.0) * min(MOST, own + inputs)


def accumulated(levels: Iterable[tuple[float, float]]) -> float:
    """The share of an output's scale that the layers' floors add up to; `levels`: (floor, scale) of each.

    Relative noise of independent layers adds in squares: 1/SQNR = sum of 1/SQNR of the layers (Lin, Talathi,
    Annapureddy, "Fixed Point Quantization of Deep Convolutional Networks", 2016, eq. 2)."""
    return float(np.sqrt(sum((level / scale) ** 2 for level, scale in levels if scale > 0 and np.isfinite(level))))
