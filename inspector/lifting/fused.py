"""Ops that TensorFlow's optimiser has fused: a convolution or MatMul with its bias, batch norm and activation."""

from __future__ import annotations

from typing import Any

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft, weighted
from inspector.lifting.order import node_of
from inspector.lifting.view import View

KINDS = {
    "_FusedConv2D": "conv2d",
    "_FusedMatMul": "dense",
    "_FusedDepthwiseConv2dNative": "depthwise_conv2d",
    "FusedDepthwiseConv2dNative": "depthwise_conv2d",  # as TensorFlow.js calls it
}
ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Elu": "elu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "LeakyRelu": "leaky_relu",
    "GeluExact": "gelu",
    "GeluApproximate": "gelu_tanh",
}


def lift(view: View, node: Node) -> Draft | None:
    """Claim a fused op: what it did to the convolution's result stands in its settings."""
    if node.op not in KINDS or node_of(view.root(node.inputs[1])) not in view.constant:
        return None
    fused = [op.decode() if isinstance(op, bytes) else str(op) for op in node.attributes.get("fused_ops") or []]
    role = "depthwise_kernel" if "Depthwise" in node.op else "kernel"
    tensors = {role: node.inputs[1], **_arguments(node, fused)}
    settings: dict[str, Any] = {"padding": str(node.attributes.get("padding", "")).lower()}
    if "FusedBatchNorm" in fused:
        settings |= {"epsilon": float(node.attributes.get("epsilon", 0.0) or 0.0), "fused_batch_norm": True}
    activation = next((ACTIVATIONS[op] for op in fused if op in ACTIVATIONS), None)
    if activation is not None:
        settings["activation"] = activation
    if activation == "leaky_relu":
        settings["slope"] = float(node.attributes.get("leakyrelu_alpha", 0.2))
    return Draft(
        KINDS[node.op],
        node.op,
        [node.name],
        [view.root(node.inputs[0])],
        f"{node.name}:0",
        settings,
        weighted(view, **tensors),
    )


def _arguments(node: Node, fused: list[str]) -> dict[str, str]:
    """The constants after the kernel: a bias, or the four vectors of a batch norm."""
    if "FusedBatchNorm" in fused:
        return dict(zip(("gamma", "beta", "moving_mean", "moving_variance"), node.inputs[2:6], strict=False))
    return {"bias": node.inputs[2]} if "BiasAdd" in fused and len(node.inputs) > 2 else {}
