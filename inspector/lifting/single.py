"""Layers that are one op in a graph: activations, pooling, reshaping, merging; and `other` for the rest."""

from __future__ import annotations

from typing import Any

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft, leaf
from inspector.lifting.order import node_of
from inspector.lifting.view import View

ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Elu": "elu",
    "Selu": "selu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Exp": "exponential",
    "Erf": "erf",
    "Gelu": "gelu",
}
POOLS = {"MaxPool": "max", "MaxPoolV2": "max", "AvgPool": "average", "MaxPool3D": "max", "AvgPool3D": "average"}
REDUCTIONS = {"Mean": "average", "Max": "max"}
MERGES = {
    "Add": "add",
    "AddV2": "add",
    "AddN": "add",
    "Sub": "subtract",
    "Mul": "multiply",
    "Maximum": "maximum",
    "RealDiv": "divide",
    "Div": "divide",
    "Minimum": "minimum",
    "ConcatV2": "concat",
    "Concat": "concat",
    "MatMul": "dot",
    "BatchMatMul": "dot",
    "BatchMatMulV2": "dot",
    "BatchMatMulV3": "dot",
}
SHAPES = {
    "Reshape": "reshape",
    "Squeeze": "reshape",
    "ExpandDims": "reshape",
    "Transpose": "permute",
    "Pad": "pad",
    "PadV2": "pad",
    "MirrorPad": "pad",
    "StridedSlice": "crop",
    "Slice": "crop",
    "Tile": "repeat",
    "ResizeNearestNeighbor": "upsample",
    "ResizeBilinear": "upsample",
    "ResizeBicubic": "upsample",
}


def lift(view: View, node: Node) -> Draft:
    """One op as one layer; what no table knows is `other`."""
    data = view.data(node)
    draft = Draft("other", node.op, [node.name], data, f"{node.name}:0")
    if node.op in ACTIVATIONS:
        draft.kind, draft.settings = "activation", {"activation": ACTIVATIONS[node.op]}
    elif node.op == "LeakyRelu":
        draft.kind, draft.settings = (
            "activation",
            {"activation": "leaky_relu", "slope": float(node.attributes.get("alpha", 0.2))},
        )
    elif node.op in POOLS:
        draft.kind, draft.settings = "pool", _pool(node)
    elif node.op in REDUCTIONS:
        draft.kind, draft.settings = (
            "global_pool",
            {"pool": REDUCTIONS[node.op], "keepdims": bool(node.attributes.get("keep_dims"))},
        )
    elif node.op in MERGES and len(data) > 1:
        draft.kind = MERGES[node.op]
    elif node.op.startswith("FakeQuantWithMinMax"):
        draft.kind = "fake_quant"
    elif node.op in SHAPES and len(data) == 1:
        draft.kind = SHAPES[node.op]
    else:
        _keep_constants(view, node, draft)
    return draft


def average(view: View, node: Node) -> Draft | None:
    """A mean of tensors: a sum of them, and a division by their number."""
    if node.op not in ("Add", "AddV2") or len(view.data(node)) != 2:
        return None
    inputs, names = view.data(node), [node.name]
    while (following := view.only_consumer(f"{names[-1]}:0")) is not None:
        names.append(following.name)
        rest = [tensor for tensor in view.data(following) if tensor != f"{names[-2]}:0"]
        if following.op in ("Add", "AddV2") and len(rest) == 1 and len(view.data(following)) == 2:
            inputs += rest
            continue
        if following.op not in ("RealDiv", "Mul"):
            break
        factor = view.value(following.inputs[1])
        count = float(factor.ravel()[0]) if factor is not None and factor.size == 1 else 0.0
        divides = count == len(inputs) if following.op == "RealDiv" else abs(count * len(inputs) - 1) < 1e-6
        if not divides:
            break
        return Draft("average", following.op, names, inputs, f"{following.name}:0")
    return None


def _pool(node: Node) -> dict[str, Any]:
    layout = str(node.attributes.get("data_format") or "NHWC")
    spatial = slice(2, None) if layout.startswith("NC") else slice(1, -1)
    return {
        "pool": POOLS[node.op],
        "padding": str(node.attributes.get("padding", "")).lower(),
        "pool_size": tuple(node.attributes.get("ksize") or ())[spatial],
        "strides": tuple(node.attributes.get("strides") or ())[spatial],
    }


def _keep_constants(view: View, node: Node, draft: Draft) -> None:
    """An unknown op keeps the arrays that it reads, so that its weights can still be compared."""
    for index, tensor in enumerate(node.inputs):
        name = leaf(view, tensor) if node_of(view.root(tensor)) in view.constant else None
        shape, dtype = view.graph.constant_shape(name) if name is not None else ((), "")
        if name is not None and shape and "float" in dtype:
            draft.weights[f"constant_{index}"] = name
