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
    constants = [t for t in node.inputs if node_of(view.root(t)) in view.constant]
    data = view.data(node)
    if len(constants) != 1 or len(data) != 1:
        return None
    draft = Draft("dense", node.op, [node.name], data, f"{node.name}:0", {}, weighted(view, kernel=constants[0]))
    if node.attributes.get("transpose_b") or node.attributes.get("adj_y"):
        draft.settings["transposed_kernel"] = True
    absorb_bias(view, draft)
    return draft


def _tensordot(view: View, node: Node) -> Draft | None:
    data = view.data(node)
    middle = view.only_consumer(f"{node.name}:0") if len(data) == 1 else None
    if middle is not None and node.op == "Transpose" and middle.op == "Reshape":
        inner = _tensordot(view, middle)
        if inner is not None:
            inner.nodes.insert(0, node.name)
            inner.inputs = data
        return inner
    if middle is None or middle.op != "MatMul" or node.op != "Reshape":
        return None
    draft = _plain(view, middle)
    end = view.only_consumer(f"{middle.name}:0")
    if draft is None or end is None or end.op != "Reshape" or not _shape_of(view, end, data[0]):
        return None
    kernel = draft.weights
    kernel.pop("bias", None)
    draft = Draft("dense", "MatMul", [node.name, middle.name, end.name], data, f"{end.name}:0", {}, kernel)
    absorb_bias(view, draft)
    return draft


def _shape_of(view: View, end: Node, source: str) -> bool:
    """Whether the last Reshape takes its shape from the tensor before the first: then it undoes it."""
    waiting = [node_of(view.root(end.inputs[1]))]
    if waiting[0] in view.constant:
        return view.graph.shape(source) is None or len(view.graph.shape(source) or ()) > 2
    for _ in range(64):
        if not waiting:
            return False
        node = view.nodes[waiting.pop()]
        if node.op == "Shape":
            return view.root(node.inputs[0]) == source
        waiting.extend(node_of(t) for t in node.inputs if node_of(t) not in view.constant)
    return False
