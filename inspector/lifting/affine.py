"""Chains of multiplications and additions with constants: batch norm written out, scale and offset."""

from __future__ import annotations

from typing import Any

import numpy as np

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft, leaf, weighted
from inspector.lifting.order import node_of
from inspector.lifting.view import View

SCALES = ("Mul", "RealDiv", "Div")
OFFSETS = ("Add", "AddV2", "Sub", "BiasAdd")


def constant_operand(view: View, node: Node) -> str | None:
    """The constant one of two operands, None when there is no such."""
    constants = [t for t in node.inputs if node_of(view.root(t)) in view.constant]
    return constants[0] if len(node.inputs) == 2 and len(constants) == 1 else None


def lift(view: View, node: Node) -> Draft | None:
    """Claim a chain: scale then offset, or offset, scale, and again offset (Normalization)."""
    if node.op not in SCALES + OFFSETS or constant_operand(view, node) is None:
        return None
    chain = _chain(view, node)
    tensors = [constant_operand(view, member) for member in chain]
    draft = Draft("rescaling", node.op, [member.name for member in chain], view.data(node), f"{chain[-1].name}:0")
    operands = [tensor for tensor in tensors if tensor is not None]
    if all(_is_scalar(view, tensor) for tensor in operands):
        return draft
    _roles(view, draft, chain, operands)
    return draft


def _chain(view: View, node: Node) -> list[Node]:
    pattern = (SCALES, OFFSETS) if node.op in SCALES else (OFFSETS, SCALES, SCALES, OFFSETS)
    chain = [node]
    wanted = list(pattern[1:])
    while wanted:
        following = view.only_consumer(f"{chain[-1].name}:0")
        if following is None or constant_operand(view, following) is None:
            break
        while wanted and following.op not in wanted[0]:
            wanted.pop(0)
        if not wanted or following.name not in view.alive:
            break
        wanted.pop(0)
        chain.append(following)
    return chain


def _is_scalar(view: View, tensor: str) -> bool:
    name = leaf(view, tensor)
    return name is not None and all(size == 1 for size in view.graph.constant_shape(name)[0])


def _roles(view: View, draft: Draft, chain: list[Node], operands: list[str]) -> None:
    written = _written_out(view, operands)
    if written is not None:
        draft.kind, draft.op = "batch_norm", "Rsqrt"
        draft.settings, draft.weights = written
        return
    draft.kind = "batch_norm" if len(chain) > 1 else "scale" if chain[0].op in SCALES else "offset"
    for member, tensor in zip(chain, operands, strict=True):
        role = "scale" if member.op in SCALES else "offset"
        draft.weights.update(weighted(view, **{role if role not in draft.weights else f"{role}_2": tensor}))


def _written_out(view: View, operands: list[str]) -> tuple[dict[str, Any], dict[str, str]] | None:
    """Variance, epsilon, mean, gamma and beta from `gamma * rsqrt(variance + epsilon)` in the constants."""
    for tensor in operands:
        for name in _constant_nodes(view, tensor):
            if view.nodes[name].op in ("Rsqrt", "Sqrt"):
                variance, settings = _variance(view, view.nodes[name])
                if variance is not None:
                    return settings, _moments(view, operands, variance, view.nodes[name])
    return None


def _variance(view: View, root: Node) -> tuple[str | None, dict[str, Any]]:
    """The variance's constant behind a root, and the epsilon that is added to it with its own constant."""
    inner = view.nodes[node_of(view.root(root.inputs[0]))]
    if inner.op not in ("Add", "AddV2"):
        return leaf(view, root.inputs[0]), {}
    scalars = [t for t in inner.inputs if _is_scalar(view, t)]
    vectors = [t for t in inner.inputs if t not in scalars]
    if len(scalars) != 1 or not vectors:
        return (leaf(view, vectors[0]) if vectors else None), {}
    node, value = leaf(view, scalars[0]), view.value(scalars[0])
    if node is None or value is None:
        return leaf(view, vectors[0]), {}
    settings = {"epsilon": float(np.float32(value.ravel()[0])), "epsilon_node": node,
                "epsilon_shape": view.graph.constant_shape(node)[0]}
    return leaf(view, vectors[0]), settings


def _moments(view: View, operands: list[str], variance: str, root: Node) -> dict[str, str]:
    roles = {"moving_variance": variance}
    for tensor in operands:
        for name in _constant_nodes(view, tensor):
            node = view.nodes[name]
            if node.op == "Mul":
                _factor(view, node, root, roles)
            elif node.op == "Sub":
                beta = leaf(view, node.inputs[0])
                if beta is not None and view.graph.is_constant(node_of(view.root(node.inputs[0]))):
                    roles.setdefault("beta", beta)
    for tensor in operands:
        direct = node_of(view.root(tensor))
        if view.graph.is_constant(direct) and direct not in roles.values():
            roles.setdefault("beta" if "moving_mean" in roles else "moving_mean", direct)
    return roles


def _factor(view: View, node: Node, root: Node, roles: dict[str, str]) -> None:
    """In `rsqrt * gamma` the plain factor is gamma; in `mean * (rsqrt * gamma)` it is the mean."""
    plain = [t for t in node.inputs if view.graph.is_constant(node_of(view.root(t)))]
    derived = [t for t in node.inputs if t not in plain]
    if len(plain) != 1 or len(derived) != 1:
        return
    name = node_of(view.root(plain[0]))
    other = view.nodes[node_of(view.root(derived[0]))]
    consumers = view.readers.get(node.name, [])
    feeds_offset = any(view.nodes[c].op in ("Sub", "Neg") and c in view.constant for c in consumers)
    role = "moving_mean" if feeds_offset and (other is not root or "gamma" in roles) else "gamma"
    if feeds_offset and other is root and not _has_gamma(view, root):
        role = "moving_mean"
    roles.setdefault(role, name)


def _has_gamma(view: View, root: Node) -> bool:
    return any(
        view.nodes[c].op == "Mul" and c in view.constant
        and not any(view.nodes[d].op in ("Sub", "Neg") for d in view.readers.get(c, []) if d in view.constant)
        for c in view.readers.get(root.name, [])
    )


def _constant_nodes(view: View, tensor: str) -> list[str]:
    seen: dict[str, None] = {}
    waiting = [node_of(view.root(tensor))]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in view.nodes:
            seen[name] = None
            waiting.extend(node_of(view.root(t)) for t in view.nodes[name].inputs)
    return list(seen)
