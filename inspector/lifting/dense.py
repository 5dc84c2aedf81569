"""Dense layers: MatMul with a constant, also between two Reshapes (tensordot), Einsum and batched MatMul."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.convolution import absorb_bias
from inspector.lifting.draft import Draft, weighted
from inspector.lifting.order import node_of
from inspector.lifting.view import View

OPS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum")


def lift(view: View, node: Node) -> Draft | None:
    """Claim a dense layer, starting at the op itself or at the Reshape of a tensordot."""
    if node.op in ("Reshape", "Transpose"):
        return _tensordot(view, node)
    if node.op not in OPS:
        return None
    return _plain(view, node)


def _plain(view: View, node: Node) -> Draft | None:
    kernel = _kernel(view, node)
    if kernel is None:
        return None
    draft = Draft("dense", node.op, [node.name], view.data(node), f"{node.name}:0", {}, weighted(view, kernel=kernel))
    if node.attributes.get("transpose_b") or node.attributes.get("adj_y"):
        draft.settings["transposed_kernel"] = True
    absorb_bias(view, draft)
    return draft


def _tensordot(view: View, node: Node) -> Draft | None:
    """A dense layer on 3-D or more: rows are flattened for the MatMul, and the last Reshape undoes it."""
    data = view.data(node)
    names = [node.name]
    following, casts = view.next_but_casts(f"{node.name}:0") if len(data) == 1 else (None, [])
    if following is not None and node.op == "Transpose" and following.op == "Reshape":
        names.append(following.name)
        following, casts = view.next_but_casts(f"{following.name}:0")
    if following is None or following.op != "MatMul" or view.nodes[names[-1]].op != "Reshape":
        return None
    kernel = _kernel(view, following)
    end, back = view.next_but_casts(f"{following.name}:0")
    if kernel is None or end is None or end.op != "Reshape" or not _shape_of(view, end, data[0]):
        return None
    names += [*casts, following.name, *back, end.name]
    draft = Draft("dense", "MatMul", names, data, f"{end.name}:0", {}, weighted(view, kernel=kernel))
    absorb_bias(view, draft)
    return draft


def _kernel(view: View, node: Node) -> str | None:
    constants = [t for t in node.inputs if node_of(view.root(t)) in view.constant]
    return constants[0] if len(constants) == 1 and len(view.data(node)) == 1 else None


def _shape_of(view: View, end: Node, source: str) -> bool:
    """Whether the last Reshape takes its shape from the tensor before the first: then it undoes it."""
    shape = view.value(end.inputs[1])
    if shape is not None:
        return shape.size > 2
    waiting = [node_of(view.root(end.inputs[1]))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name in view.constant:
            continue
        seen.add(name)
        node = view.nodes[name]
        if node.op == "Shape":
            return view.root(node.inputs[0]) == source
        waiting.extend(node_of(t) for t in node.inputs)
    return False
