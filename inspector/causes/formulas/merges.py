"""Layers that join several tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np

from inspector.causes.case import Array
from inspector.domain.computation import Layer

JOINS: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "average": np.add,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


def merge(layer: Layer, inputs: Sequence[Array], _weights: Mapping[str, Array]) -> Array | None:
    """Element by element; an average is the sum over their number."""
    if len(inputs) < 2:
        return None
    found = reduce(JOINS[layer.kind], inputs)
    return np.asarray(found / len(inputs)) if layer.kind == "average" else np.asarray(found)


def concat(layer: Layer, inputs: Sequence[Array], _weights: Mapping[str, Array]) -> Array | None:
    """Along the layer's axis, the last one by default."""
    axis = layer.settings.get("axis", -1)
    return np.concatenate(list(inputs), axis=axis) if isinstance(axis, int) and len(inputs) > 1 else None
