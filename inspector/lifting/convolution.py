"""Convolutions with their bias, as 1-D (between ExpandDims and Squeeze) and dilated (SpaceToBatch) too."""

from __future__ import annotations

from typing import Any

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft, weighted
from inspector.lifting.order import node_of
from inspector.lifting.view import View

KINDS = {
    "Conv2D": "conv2d", "Conv3D": "conv3d", "DepthwiseConv2dNative": "depthwise_conv2d",
    "Conv2DBackpropInput": "conv2d_transpose", "Conv3DBackpropInputV2": "conv3d_transpose",
}
BIAS_OPS = ("BiasAdd", "Add", "AddV2")


def lift(view: View, node: Node) -> Draft | None:
    """Claim a convolution, starting at the op itself or at the reshaping in front of it."""
    first = node
    if node.op in ("ExpandDims", "SpaceToBatchND"):
        data = view.data(node)
        following = view.only_consumer(f"{node.name}:0") if len(data) == 1 else None
        if following is not None and following.op == "SpaceToBatchND" and node.op == "ExpandDims":
            following = view.only_consumer(f"{following.name}:0")
        if following is None or following.op not in KINDS:
            return None
        node = following
    if node.op not in KINDS:
        return None
    return _claim(view, first, node)


def _claim(view: View, first: Node, node: Node) -> Draft | None:
    backwards = "Backprop" in node.op
    data, kernel = (node.inputs[2], node.inputs[1]) if backwards else (node.inputs[0], node.inputs[1])
    if node_of(view.root(kernel)) not in view.constant:
        return None
    role = "depthwise_kernel" if node.op == "DepthwiseConv2dNative" else "kernel"
    nodes, source = _before(view, first, node, data)
    draft = Draft(KINDS[node.op], node.op, nodes, [source], f"{node.name}:0", _settings(node),
                  weighted(view, **{role: kernel}))
    squeezed = _after(view, draft)
    if squeezed:
        draft.kind = draft.kind.replace("2d", "1d")
    absorb_bias(view, draft)
    if not squeezed and _after(view, draft):
        draft.kind = draft.kind.replace("2d", "1d")
    return draft


def absorb_bias(view: View, draft: Draft) -> None:
    """Take the bias that directly follows, if one does: BiasAdd, or Add with a vector."""
    following = view.only_consumer(draft.output)
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
    draft.nodes.append(following.name)
    draft.output = f"{following.name}:0"


def _before(view: View, first: Node, node: Node, data: str) -> tuple[list[str], str]:
    if first is node:
        return [node.name], view.root(data)
    between = view.only_consumer(f"{first.name}:0")
    nodes = [first.name, *([between.name] if between is not None and between is not node else []), node.name]
    return nodes, view.root(first.inputs[0])


def _after(view: View, draft: Draft) -> bool:
    """Follow BatchToSpaceND and Squeeze; whether the convolution is one-dimensional."""
    squeezed = False
    for op in ("BatchToSpaceND", "Squeeze"):
        following = view.only_consumer(draft.output)
        opener = "SpaceToBatchND" if op == "BatchToSpaceND" else "ExpandDims"
        opened = any(view.nodes[name].op == opener for name in draft.nodes)
        if following is not None and following.op == op and opened:
            draft.nodes.append(following.name)
            draft.output = f"{following.name}:0"
            squeezed = squeezed or op == "Squeeze"
    return squeezed


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
