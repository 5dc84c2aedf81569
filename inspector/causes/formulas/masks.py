"""Which steps a recurrent layer is told to skip: Keras hands a mask on beside the values."""

from __future__ import annotations

import numpy as np

from inspector.causes.case import Array, Case
from inspector.causes.formulas.chain import value_of

PASSING = ("dropout", "identity", "activation", "leaky_relu", "elu", "prelu", "dense", "batch_norm", "layer_norm")
STEPPING = ("lstm", "gru", "simple_rnn", "bidirectional", "time_distributed")
MOST_ABOVE = 16


def mask_of(case: Case, tensor: str) -> Array | None:
    """(samples, steps) of A's tensor, None where nothing above it makes a mask or it is not handed on."""
    makers = {name: layer for layer in case.a.computation.layers for name in layer.outputs}
    for _ in range(MOST_ABOVE):
        layer = makers.get(tensor)
        if layer is None or not layer.inputs:
            return None
        if layer.kind in ("embedding", "masking"):
            return _made(case, layer.kind, layer.settings, layer.inputs[0])
        stepping = layer.kind in STEPPING and layer.settings.get("return_sequences", layer.kind == "time_distributed")
        if layer.kind not in PASSING and not stepping:
            return None
        tensor = layer.inputs[0]
    return None


def _made(case: Case, kind: str, settings: dict[str, object], tensor: str) -> Array | None:
    value = value_of(case, tensor)
    if value is None or (kind == "embedding" and not settings.get("mask_zero")):
        return None
    if kind == "embedding":
        return np.asarray(value != 0)
    left_out = settings.get("mask_value", 0.0)
    return np.asarray((value != left_out).any(axis=-1)) if isinstance(left_out, int | float) else None
