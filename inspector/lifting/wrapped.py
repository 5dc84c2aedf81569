"""Ops between reshapings that undo each other: 1-D pooling, Dot, softmax over another axis than the last."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft
from inspector.lifting.order import node_of
from inspector.lifting.single import POOLS
from inspector.lifting.single import lift as single
from inspector.lifting.view import View

INSIDE = {**dict.fromkeys(POOLS, ("ExpandDims", "Squeeze")), "Softmax": ("Transpose", "Transpose")}
PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")


def lift(view: View, node: Node) -> Draft | None:
    """Claim the op with the node in front of it and the one behind."""
    if node.op == "ExpandDims":
        found = _product(view, node)
        if found is not None:
            return found
    middle = view.only_consumer(f"{node.name}:0")
    if middle is None or INSIDE.get(middle.op, ("", ""))[0] != node.op or len(view.data(node)) != 1:
        return None
    end = view.only_consumer(f"{middle.name}:0")
    if end is None or end.op != INSIDE[middle.op][1]:
        return None
    draft = single(view, middle)
    draft.nodes, draft.inputs = [node.name, middle.name, end.name], view.data(node)
    draft.output = f"{end.name}:0"
    return draft


def _product(view: View, node: Node) -> Draft | None:
    """Dot of two batches of vectors: both get an axis, which is taken out of the product again."""
    middle = view.only_consumer(f"{node.name}:0")
    if middle is None or middle.op not in PRODUCTS or len(view.data(middle)) != 2:
        return None
    makers = [view.nodes[node_of(tensor)] for tensor in view.data(middle)]
    end = view.only_consumer(f"{middle.name}:0")
    if any(maker.op != "ExpandDims" for maker in makers) or end is None or end.op != "Squeeze":
        return None
    sources = [tensor for maker in makers for tensor in view.data(maker)]
    return Draft("dot", middle.op, [*(maker.name for maker in makers), middle.name, end.name], sources, f"{end.name}:0")
