"""What of B stands for one layer of A, and what of it the layer does not account for."""

from __future__ import annotations

from inspector.causes.case import Case
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

# a kind, and what it may be written as besides itself
PARTS = {
    "conv1d": ("conv2d",),
    "depthwise_conv1d": ("depthwise_conv2d",),
    "dense": ("dot",),
    "batch_norm": ("scale", "rescaling", "normalization"),
    "layer_norm": ("batch_norm", "group_norm"),
    "leaky_relu": ("activation",),
    "elu": ("activation",),
    "softmax": ("activation",),
    "relu": ("activation",),
    "flatten": (),
    "pool": (),
    "global_pool": (),
    "pad": (),
    "upsample": (),
    "add": (),
    "multiply": (),
    "concat": (),
    "conv2d": (),
    "conv3d": (),
    "depthwise_conv2d": (),
    "conv2d_transpose": (),
    "activation": ("leaky_relu", "elu", "softmax"),
    "reshape": (),
    "permute": (),
}
SILENT = ("offset", "reshape", "permute", "identity", "input", "fake_quant", "flatten")


def region(case: Case, item: LayerDifference) -> list[Layer]:
    """B's layers from the match's tensor back to the matched ones before it, the last one first."""
    makers = {tensor: layer for layer in case.b.computation.layers for tensor in (*layer.outputs, *layer.aliases)}
    matched = {row.b for row in case.layers if row.b and row.b != item.b}
    matched |= {port.tensor for port in case.b.computation.inputs}
    found: dict[str, Layer] = {}
    waiting = [item.b or ""]
    while waiting:
        layer = makers.get(waiting.pop(0))
        if layer is None or layer.kind == "input" or layer.name in found:
            continue
        found[layer.name] = layer
        waiting += [tensor for tensor in layer.inputs if tensor not in matched]
    return list(found.values())


def extra(case: Case, item: LayerDifference, a: Layer) -> list[Layer]:
    """Layers of B in there that are no part of what A's layer does; none for kinds that are many ops anyway.

    What stands in front of the layer's own op is none of its parts, but may stand for what A's layer reads; what
    stands behind it may be its activation."""
    if a.kind not in PARTS:
        return []
    parts = region(case, item)
    own = (a.kind, *PARTS[a.kind])
    main = next((at for at, layer in enumerate(parts) if layer.kind in own), None)
    if main is None:
        return []
    has_activation = a.kind != "activation" and str(a.settings.get("activation", "linear")) != "linear"
    behind = [] if has_activation else parts[:main]
    known = {*SILENT, *PARTS[a.kind], *_before(case, a)}
    return [layer for layer in (*behind, *parts[main + 1 :]) if layer.kind not in known]


def _before(case: Case, a: Layer) -> set[str]:
    """The kinds of the layers that A's layer reads and that no tensor of B is matched with."""
    unmatched = {row.a for row in case.layers if row.b is None}
    made = [layer for layer in case.a.computation.layers if set(layer.outputs) & set(a.inputs)]
    return {layer.kind for layer in made if layer.name in unmatched}
