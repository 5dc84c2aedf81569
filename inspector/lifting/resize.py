"""Repeating along axes, as Keras writes UpSampling and RepeatVector: Split and Concat, or ExpandDims and Tile."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft
from inspector.lifting.view import View

AXES = 3


def lift(view: View, node: Node) -> Draft | None:
    """Claim the repeats of consecutive axes as one layer."""
    names = [node.name] if node.op == "Reshape" else []  # RepeatVector gives the vector its new axis first
    source = view.data(node)
    axes = 0
    while axes < AXES:
        first = node if not names else view.only_consumer(f"{names[-1]}:0")
        taken = _repeat(view, first) if first is not None else []
        if not taken:
            break
        names += taken
        axes += 1
    if not axes or len(source) != 1:
        return None
    kind = "repeat" if view.nodes[names[0]].op == "Reshape" else "upsample"
    return Draft(kind, view.nodes[names[-1]].op, names, source, f"{names[-1]}:0")


def _repeat(view: View, node: Node) -> list[str]:
    """One axis: every slice joined several times, or a new axis tiled and merged into the one before it."""
    if node.op == "Split":
        return _joined(view, node)
    if node.op != "ExpandDims":
        return []
    names = [node.name]
    for op in ("Tile", "Reshape"):
        following = view.only_consumer(f"{names[-1]}:0")
        if following is None or following.op != op:
            return []
        names.append(following.name)
    return names


def _joined(view: View, node: Node) -> list[str]:
    readers = {
        name
        for index in range(int(node.attributes.get("num_split", 0) or 0))
        for name in view.consumers.get(f"{node.name}:{index}", ())
    }
    if len(readers) != 1:
        return []
    end = view.nodes[readers.pop()]
    parts = [view.root(tensor) for tensor in end.inputs[:-1]]
    times = parts.count(f"{node.name}:0")
    slices = [f"{node.name}:{i}" for i in range(int(node.attributes["num_split"]))]
    repeated = [tensor for tensor in slices for _ in range(times)]
    return [node.name, end.name] if end.op == "ConcatV2" and times > 1 and parts == repeated else []
