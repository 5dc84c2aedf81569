"""Batch norm in inference is a scale and an offset; both from its four vectors and epsilon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Layer, Weight

EPSILON = 1e-3


def scale_and_offset(
    layer: Layer, values: Callable[[Weight], NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`scale = gamma / sqrt(variance + epsilon)`, `offset = beta - mean * scale`, float64 vectors.

    Ioffe and Szegedy, Batch Normalization, 2015, algorithm 2. Missing gamma is 1, missing beta and mean 0.
    """
    arrays = {weight.role: values(weight).astype(np.float64).ravel() for weight in layer.weights}
    variance = arrays.get("moving_variance")
    if variance is None:
        one = next(iter(arrays.values()), np.ones(1))
        variance = np.ones_like(one)
    scale = arrays.get("gamma", np.ones_like(variance)) / np.sqrt(
        variance + float(layer.settings.get("epsilon", EPSILON))
    )
    offset = arrays.get("beta", np.zeros_like(variance)) - arrays.get("moving_mean", np.zeros_like(variance)) * scale
    return scale, offset
