"""Layers cut into steps that are alike on every side: a Conv2D with a ReLU is a convolution and an activation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from inspector.domain.computation import Computation, Layer, Weight

ACTIVATION_KINDS = {"leaky_relu": "leaky_relu", "elu": "elu", "softmax": "softmax", "relu": "relu"}
WITH_ACTIVATION = frozenset(
    {
        "conv1d",
        "conv2d",
        "conv3d",
        "conv1d_transpose",
        "conv2d_transpose",
        "conv3d_transpose",
        "depthwise_conv2d",
        "separable_conv2d",
        "separable_conv1d",
        "dense",
    }
)
SEPARABLE = {"separable_conv2d": "conv2d", "separable_conv1d": "conv1d"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One piece of a layer's work. The last step of a layer is `final`: its output is the layer's."""

    layer: Layer
    kind: str
    activation: str
    weights: tuple[Weight, ...]
    inputs: tuple[str, ...]
    output: str
    final: bool


def steps_of(computation: Computation) -> list[Step]:
    """All steps in the computation's order."""
    return [step for layer in computation.layers for step in _steps(layer)]


def _steps(layer: Layer) -> Iterator[Step]:
    output = layer.outputs[0] if layer.outputs else layer.name
    activation = str(layer.settings.get("activation") or "linear")
    kind = "activation" if layer.kind in ACTIVATION_KINDS else layer.kind
    main = Step(
        layer=layer,
        kind=kind,
        activation=ACTIVATION_KINDS.get(layer.kind, activation),
        weights=layer.weights,
        inputs=layer.inputs,
        output=output,
        final=True,
    )
    if kind not in WITH_ACTIVATION:
        yield main
        return
    activated = activation != "linear"
    end = f"{output}#{kind}" if activated else output
    if kind in SEPARABLE:
        yield from _separable(main, end, final=not activated)
    else:
        yield replace(main, output=end, final=not activated, activation="linear")
    if activated:
        yield replace(main, kind="activation", weights=(), inputs=(end,))


def _separable(main: Step, end: str, *, final: bool) -> Iterator[Step]:
    middle = f"{main.output}#depthwise"
    deep = tuple(weight for weight in main.weights if "depthwise" in weight.role)
    rest = tuple(weight for weight in main.weights if "depthwise" not in weight.role)
    yield replace(main, kind="depthwise_conv2d", weights=deep, output=middle, final=False, activation="linear")
    yield replace(
        main, kind=SEPARABLE[main.kind], weights=rest, inputs=(middle,), output=end, final=final, activation="linear"
    )


_FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"conv1d", "conv2d", "conv3d", "depthwise_conv2d", "dense"}),
    frozenset({"conv1d_transpose", "conv2d_transpose", "conv3d_transpose"}),
    frozenset({"global_pool", "pool"}),
    frozenset({"lstm", "gru", "simple_rnn", "bidirectional", "conv_lstm2d"}),
    frozenset({"batch_norm", "normalization", "rescaling", "scale", "offset", "layer_norm", "group_norm"}),
    frozenset({"activation", "prelu", "threshold"}),
    frozenset({"add", "subtract", "multiply", "divide", "average", "maximum", "minimum", "concat", "dot"}),
    frozenset({"upsample", "repeat", "crop", "pad"}),
)
_SAME = {
    frozenset({"flatten", "reshape"}),
    frozenset({"normalization", "batch_norm"}),
    frozenset({"rescaling", "scale"}),
    frozenset({"normalization", "rescaling"}),
}
ANYTHING = frozenset({"other", "lambda", "time_distributed", "attention", "multi_head_attention", "group_norm"})
IDENTITIES = frozenset({"dropout", "identity", "masking", "fake_quant"})


def alike(a: Step, b: Step) -> float:
    """How alike two steps' kinds are: 1 the same, 0 impossible."""
    if a.kind == b.kind:
        return 1.0 if a.kind != "activation" or a.activation == b.activation else 0.7
    if frozenset({a.kind, b.kind}) in _SAME:
        return 0.95
    if any(a.kind in family and b.kind in family for family in _FAMILIES):
        return 0.5
    return 0.25 if a.kind in ANYTHING or b.kind in ANYTHING else 0.0


def is_identity(step: Step) -> bool:
    """Whether the step changes nothing in inference."""
    return step.kind in IDENTITIES or (step.kind == "activation" and step.activation == "linear")
