"""Embedding: a gather from a constant table, with the casts in front of it."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft, weighted
from inspector.lifting.order import node_of
from inspector.lifting.view import View

OPS = ("Gather", "GatherV2", "ResourceGather")


def lift(view: View, node: Node) -> Draft | None:
    """Claim a gather whose table is constant; a Cast of the ids alone before it belongs to it."""
    first = node
    if node.op == "Cast":
        following = view.only_consumer(f"{node.name}:0")
        if following is None or following.op not in OPS:
            return None
        node = following
    if node.op not in OPS or node_of(view.root(node.inputs[0])) not in view.constant:
        return None
    table = weighted(view, embeddings=node.inputs[0])
    data = view.data(first)
    if not table or not data or len(view.graph.constant_shape(table["embeddings"])[0]) < 2:
        return None
    size = view.graph.constant_shape(table["embeddings"])[0]
    nodes = [first.name] if first is node else [first.name, node.name]
    return Draft("embedding", node.op, nodes, data[:1], f"{node.name}:0",
                 {"input_dim": size[0], "output_dim": size[-1]}, table)
