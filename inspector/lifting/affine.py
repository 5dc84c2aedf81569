"""Chains of multiplications and additions with constants: batch norm written out, normalization, rescaling."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.batch_norm import Operand, constants_behind, normalized, written_out
from inspector.lifting.draft import Draft, is_scalar, weighted
from inspector.lifting.order import node_of
from inspector.lifting.view import View

SCALES = ("Mul", "RealDiv", "Div")
OFFSETS = ("Add", "AddV2", "Sub", "BiasAdd")


def constant_operand(view: View, node: Node) -> str | None:
    """The constant one of two operands, None when there is no such."""
    constants = [t for t in node.inputs if node_of(view.root(t)) in view.constant]
    return constants[0] if len(node.inputs) == 2 and len(constants) == 1 else None


def lift(view: View, node: Node) -> Draft | None:
    """Claim a chain: scale and offset (batch norm, Rescaling), or offset and scale (Normalization)."""
    if node.op not in SCALES + OFFSETS or constant_operand(view, node) is None:
        return None
    operands = _chain(view, node)
    names = [operand.node.name for operand in operands]
    draft = Draft("rescaling", node.op, names, view.data(node), f"{names[-1]}:0")
    found = written_out(view, operands)
    if found is not None:
        draft.kind, draft.op = "batch_norm", "Rsqrt"
        draft.settings, draft.weights = found
        return draft
    mean_and_variance = normalized(view, operands)
    if mean_and_variance is not None:
        draft.kind, draft.weights = "normalization", mean_and_variance
        return draft
    _as_vectors(view, draft, operands)
    return draft


def _chain(view: View, node: Node) -> list[Operand]:
    """Scale and offset; or offset and scale, and again scale and offset when that is a batch norm."""
    operands = [_operand(view, node)]
    patterns = [(OFFSETS,)] if node.op in SCALES else [(SCALES,), (SCALES, OFFSETS)]
    for pattern in patterns:
        taken = _follow(view, operands[-1].node, pattern)
        if len(operands) > 1 and written_out(view, [*operands, *taken]) is None:
            break
        operands += taken
    return operands


def _follow(view: View, last: Node, pattern: tuple[tuple[str, ...], ...]) -> list[Operand]:
    taken: list[Operand] = []
    for ops in pattern:
        following = view.only_consumer(f"{last.name}:0")
        if following is None or following.op not in ops or constant_operand(view, following) is None:
            continue
        taken.append(_operand(view, following))
        last = following
    return taken


def _operand(view: View, node: Node) -> Operand:
    tensor = constant_operand(view, node)
    assert tensor is not None  # noqa: S101 - only nodes with one are asked for
    return Operand(node, tensor, scales=node.op in SCALES)


def _as_vectors(view: View, draft: Draft, operands: list[Operand]) -> None:
    """A vector to scale by and one to add is a batch norm worked out beforehand; with a scalar it is Rescaling."""
    vectors = [operand for operand in operands if not is_scalar(view, operand.tensor)]
    if vectors and len(vectors) == len(operands):
        draft.kind = "batch_norm" if len(operands) > 1 else "scale" if operands[0].scales else "offset"
    for operand in vectors:
        if len(constants_behind(view, operand.tensor)) != 1:
            continue  # worked out of several (an offset of beta, mean and scale): it is none of them
        role = "scale" if operand.scales else "offset"
        draft.weights.update(weighted(view, **{role if role not in draft.weights else f"{role}_2": operand.tensor}))
