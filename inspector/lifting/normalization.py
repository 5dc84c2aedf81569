"""Batch norm as one fused op; and layer norm, for which Keras 2 uses that op on a reshaped tensor."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.affine import constant_operand
from inspector.lifting.draft import Draft, weighted
from inspector.lifting.view import View

OPS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def lift(view: View, node: Node) -> Draft | None:
    """Claim a fused batch norm with its four vectors, epsilon and whether it is in training mode."""
    if node.op == "Reshape":
        return _layer_norm(view, node)
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


def _layer_norm(view: View, node: Node) -> Draft | None:
    """Rows laid out as channels, normalized by their own moments (training mode), and laid back."""
    middle = view.only_consumer(f"{node.name}:0")
    end = view.only_consumer(f"{middle.name}:0") if middle is not None and middle.op in OPS else None
    if middle is None or end is None or end.op != "Reshape" or not middle.attributes.get("is_training", True):
        return None
    draft = Draft(
        "layer_norm",
        middle.op,
        [node.name, middle.name, end.name],
        view.data(node),
        f"{end.name}:0",
        {"epsilon": float(middle.attributes.get("epsilon", 1e-4) or 0.0)},
    )
    absorb_scale_and_offset(view, draft)
    return draft


def absorb_scale_and_offset(view: View, draft: Draft) -> None:
    """Take gamma, then beta, where they directly follow a layer norm."""
    for role, ops in (("gamma", ("Mul",)), ("beta", ("Add", "AddV2"))):
        following = view.only_consumer(draft.output)
        operand = constant_operand(view, following) if following is not None and following.op in ops else None
        if following is not None and operand is not None:
            draft.nodes.append(following.name)
            draft.output = f"{following.name}:0"
            draft.weights.update(weighted(view, **{role: operand}))
