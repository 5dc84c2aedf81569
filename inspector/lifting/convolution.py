"""Convolutions with their bias, as 1-D (between ExpandDims and Squeeze) and dilated (SpaceToBatch) too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft, weighted
from inspector.lifting.order import node_of
from inspector.lifting.view import View

KINDS = {
    "Conv2D": "conv2d",
    "Conv3D": "conv3d",
    "DepthwiseConv2dNative": "depthwise_conv2d",
    "Conv2DBackpropInput": "conv2d_transpose",
    "Conv3DBackpropInputV2": "conv3d_transpose",
}
OPENERS = ("ExpandDims", "SpaceToBatchND")
CLOSERS = {"Squeeze": "ExpandDims", "BatchToSpaceND": "SpaceToBatchND"}
BIAS_OPS = ("BiasAdd", "Add", "AddV2")


def lift(view: View, node: Node) -> Draft | None:
    """Claim a convolution, starting at the op itself or at the reshaping in front of it."""
    names = [node.name]
    while view.nodes[names[-1]].op in OPENERS and len(names) <= len(OPENERS):
        following = view.only_consumer(f"{names[-1]}:0")
        if following is None or len(view.data(following)) != 1:
            return None
        names.append(following.name)
    convolution = view.nodes[names[-1]]
    return _claim(view, names, convolution) if convolution.op in KINDS else None


def _claim(view: View, names: list[str], node: Node) -> Draft | None:
    backwards = "Backprop" in node.op
    data, kernel = (node.inputs[2], node.inputs[1]) if backwards else (node.inputs[0], node.inputs[1])
    if node_of(view.root(kernel)) not in view.constant or node_of(view.root(data)) in view.constant:
        return None
    role = "depthwise_kernel" if node.op == "DepthwiseConv2dNative" else "kernel"
    source = view.root(data) if len(names) == 1 else view.data(view.nodes[names[0]])[0]
    draft = Draft(
        KINDS[node.op], node.op, names, [source], f"{node.name}:0", _settings(node), weighted(view, **{role: kernel})
    )
    open_ops = {view.nodes[name].op for name in names} | _opened_before(view, source)
    _close(view, draft, open_ops)
    absorb_bias(view, draft)
    if "bias" not in draft.weights:
        _absorb_turned_bias(view, draft)
    _close(view, draft, open_ops)
    return draft


def _opened_before(view: View, source: str) -> set[str]:
    """A separable convolution of one dimension is opened before its first half and closed after its second."""
    maker = view.nodes.get(node_of(source))
    if maker is None or maker.op != "DepthwiseConv2dNative":
        return set()
    before = view.nodes.get(node_of(view.root(maker.inputs[0])))
    return {before.op} & {"ExpandDims"} if before is not None else set()


def _close(view: View, draft: Draft, open_ops: set[str]) -> None:
    """Take what undoes the openers, as far as it follows directly."""
    for _ in CLOSERS:
        following = view.only_consumer(draft.output)
        if following is None or CLOSERS.get(following.op) not in open_ops:
            return
        draft.nodes.append(following.name)
        draft.output = f"{following.name}:0"
        if following.op == "Squeeze":
            draft.kind = draft.kind.replace("2d", "1d")


def _absorb_turned_bias(view: View, draft: Draft) -> None:
    """Take the bias behind a Transpose: one axis longer than 1, along the channels that were brought forward."""
    turned = view.only_consumer(draft.output)
    if turned is None or turned.op != "Transpose" or len(view.data(turned)) != 1:
        return
    behind = replace(draft, nodes=[*draft.nodes, turned.name], output=f"{turned.name}:0", weights=dict(draft.weights))
    order = view.value(turned.inputs[1])
    absorb_bias(view, behind)
    bias = behind.weights.get("bias")
    if bias is None or order is None:
        return
    shape = view.graph.constant_shape(bias)[0]
    from_end = [len(shape) - axis for axis, size in enumerate(shape) if size != 1]
    channels = int(np.flatnonzero(order.ravel() == order.size - 1)[0])
    if from_end == [order.size - channels]:
        draft.nodes, draft.output, draft.weights = behind.nodes, behind.output, behind.weights


def absorb_bias(view: View, draft: Draft) -> None:
    """Take the bias that directly follows, if one does: BiasAdd, or Add with a vector."""
    following, casts = view.next_but_casts(draft.output)
    if following is None or following.op not in BIAS_OPS or "bias" in draft.weights:
        return
    constants = [t for t in following.inputs if node_of(view.root(t)) in view.constant]
    if len(constants) != 1:
        return
    found = weighted(view, bias=constants[0])
    shape = view.graph.constant_shape(found["bias"])[0] if found else ()
    if sum(size != 1 for size in shape) > 1 or not shape:
        return
    draft.weights.update(found)
    draft.nodes += [*casts, following.name]
    draft.output = f"{following.name}:0"


def _settings(node: Node) -> dict[str, Any]:
    layout = str(node.attributes.get("data_format") or "NHWC")
    spatial = slice(2, None) if layout.startswith("NC") else slice(1, -1)
    settings: dict[str, Any] = {
        "padding": str(node.attributes.get("padding", "")).lower(),
        "data_format": "channels_first" if layout.startswith("NC") else "channels_last",
    }
    for name, attribute in (("strides", "strides"), ("dilation", "dilations")):
        values = node.attributes.get(attribute)
        if values:
            settings[name] = tuple(int(value) for value in list(values)[spatial])
    return settings
