"""Batch norm as one fused op, and what Keras writes around it."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft, weighted
from inspector.lifting.view import View

OPS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def lift(view: View, node: Node) -> Draft | None:
    """Claim a fused batch norm with its four vectors, epsilon and whether it is in training mode."""
    if node.op not in OPS:
        return None
    gamma, beta, mean, variance = node.inputs[1:5]
    settings = {
        "epsilon": float(node.attributes.get("epsilon", 1e-4) or 0.0),
        "training": bool(node.attributes.get("is_training", True)),
        "axis": 1 if str(node.attributes.get("data_format", "NHWC")).startswith("NC") else -1,
    }
    weights = weighted(view, gamma=gamma, beta=beta, moving_mean=mean, moving_variance=variance)
    return Draft("batch_norm", node.op, [node.name], [view.root(node.inputs[0])], f"{node.name}:0", settings, weights)
