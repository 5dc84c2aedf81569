"""Embedding: a gather from a constant table, with the casts in front of it."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft, weighted
from inspector.lifting.order import node_of
from inspector.lifting.view import View

OPS = ("Gather", "GatherV2", "ResourceGather")


FIXING = frozenset({"Cast", "Less", "Add", "AddV2", "SelectV2", "Select"})


def lift(view: View, node: Node) -> Draft | None:
    """Claim a gather whose table is constant, with what is done to the ids alone before it: a Cast, and in
    Keras 3 the wrapping of negative ids (`ids < 0 ? ids + size : ids`)."""
    names = _fixing(view, node)
    gather = view.nodes[names[-1]]
    if gather.op not in OPS or node_of(view.root(gather.inputs[0])) not in view.constant:
        return None
    table = weighted(view, embeddings=gather.inputs[0])
    data = view.data(node)
    size = view.graph.constant_shape(table["embeddings"])[0] if table else ()
    if len(size) < 2 or not data:
        return None
    return Draft(
        "embedding",
        gather.op,
        names,
        data[:1],
        f"{gather.name}:0",
        {"input_dim": size[0], "output_dim": size[-1]},
        table,
    )


def _fixing(view: View, node: Node) -> list[str]:
    """The node, and what follows as long as it reads the ids or what was made of them, up to a gather."""
    names = [node.name]
    known = {*view.data(node), f"{node.name}:0"}
    while view.nodes[names[-1]].op in FIXING and len(names) <= len(FIXING):
        readers = {r for tensor in known for r in view.consumers.get(tensor, ())} - set(names)
        inside = [
            r for r in readers if set(view.data(view.nodes[r])) <= known and view.nodes[r].op in FIXING | set(OPS)
        ]
        if not inside:
            break
        following = min(inside, key=lambda name: (view.nodes[name].op in OPS, view.position[name]))
        names.append(following)
        known.add(f"{following}:0")
    return names
