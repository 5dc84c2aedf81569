"""One way to ask for what a layer computes, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from inspector.causes.case import Array
from inspector.causes.formulas import convolutions, merges, norms, places, pools
from inspector.causes.formulas.activations import activation
from inspector.causes.formulas.recurrent import recurrent
from inspector.domain.computation import Layer

Weights = Mapping[str, Array]
Formula = Callable[[Layer, Sequence[Array], Weights], Array | None]
LINEAR: dict[str, Formula] = {
    "dense": convolutions.dense,
    "conv1d": convolutions.convolution,
    "conv2d": convolutions.convolution,
    "conv3d": convolutions.convolution,
    "depthwise_conv1d": convolutions.depthwise,
    "depthwise_conv2d": convolutions.depthwise,
    "separable_conv1d": convolutions.separable,
    "separable_conv2d": convolutions.separable,
    "conv1d_transpose": convolutions.transposed,
    "conv2d_transpose": convolutions.transposed,
    "conv3d_transpose": convolutions.transposed,
}
STANDING_ALONE = ("activation", "leaky_relu", "elu", "softmax", "prelu")
FORMULAS: dict[str, Formula] = {
    **LINEAR,
    "batch_norm": norms.batch_norm,
    "normalization": norms.normalization,
    "layer_norm": norms.layer_norm,
    "group_norm": norms.group_norm,
    "pool": pools.pool,
    "global_pool": pools.global_pool,
    "pad": places.pad,
    "crop": places.crop,
    "upsample": places.resize,
    "flatten": places.flatten,
    "reshape": places.reshape,
    "permute": places.permute,
    "repeat": places.repeat,
    **dict.fromkeys(merges.JOINS, merges.merge),
    "concat": merges.concat,
    "lstm": recurrent,
    "gru": recurrent,
    "simple_rnn": recurrent,
    "bidirectional": recurrent,
    **dict.fromkeys(("conv_lstm1d", "conv_lstm2d", "conv_lstm3d"), recurrent),
}
IDLE = ("dropout", "identity")


def compute(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """A layer's output in float64 by its settings and weights, all arrays with the channels last.

    None for what is not written here, or where the settings make no sense for these arrays."""
    try:
        with np.errstate(all="ignore"):
            return _computed(layer, inputs, weights)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None  # settings of a file may be anything


def linear(layer: Layer, x: Array, weights: Weights) -> Array | None:
    """The value of a layer before the activation that it has inside."""
    nothing = ("activation", "slope", "max_value", "threshold")
    settings = {name: value for name, value in layer.settings.items() if name not in nothing}
    return compute(replace(layer, settings=settings), [x], weights) if layer.kind in LINEAR else None


def _computed(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    if not inputs:
        return None
    if layer.kind in IDLE:
        return inputs[0]
    if layer.kind == "time_distributed":
        return _each_step(layer, inputs, weights)
    if layer.kind in STANDING_ALONE:
        settings = {**layer.settings, "activation": layer.settings.get("activation", layer.kind)}
        return activation(settings, inputs[0], weights)
    formula = FORMULAS.get(layer.kind)
    found = formula(layer, inputs, weights) if formula is not None else None
    if found is None or layer.kind not in LINEAR:
        return found
    return activation({**_inside(layer)}, found)


def _inside(layer: Layer) -> Mapping[str, object]:
    """The settings of the activation that a layer has inside."""
    given = layer.settings
    own = {"axis": given["activation_axis"]} if "activation_axis" in given else {}
    return {**{key: given[key] for key in ("activation", "slope", "max_value", "threshold") if key in given}, **own}


def _each_step(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """A layer given to every time step by itself."""
    x = inputs[0]
    inner = replace(layer, kind=str(layer.settings.get("layer_kind", "")))
    found = _computed(inner, [x.reshape(-1, *x.shape[2:])], weights)
    return None if found is None else found.reshape(*x.shape[:2], *found.shape[1:])
