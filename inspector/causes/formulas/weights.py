"""A layer's weights by role, in float64."""

from __future__ import annotations

import numpy as np

from inspector.causes.case import Array, Case
from inspector.domain.computation import Layer


def roles(case: Case, layer: Layer) -> dict[str, Array]:
    """A's arrays of the layer by role (`kernel`, `bias`, `gamma`, ...), each in its own shape."""
    return {
        weight.role: np.asarray(case.values_a(weight.id), np.float64).reshape(weight.shape) for weight in layer.weights
    }
