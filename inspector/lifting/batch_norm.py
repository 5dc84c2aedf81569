"""Which constant is which vector in a batch norm that is written out with ordinary ops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.domain.graph import Node
from inspector.lifting.draft import is_scalar, leaf
from inspector.lifting.order import node_of
from inspector.lifting.view import View

ROOTS = ("Rsqrt", "Sqrt")
RESHAPING = ("Reshape", "ExpandDims", "Squeeze", "Transpose", "Cast")
Found = tuple[dict[str, Any], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Operand:
    """A node of a chain and the constant that it multiplies by (`scales`) or adds."""

    node: Node
    tensor: str
    scales: bool


def written_out(view: View, operands: list[Operand]) -> Found | None:
    """Settings and weights, from `gamma * rsqrt(variance + epsilon)` and `beta - mean * scale` in the constants."""
    root = next((r for operand in operands if operand.scales for r in _roots(view, operand.tensor)), None)
    if root is None:
        return None
    settings, variance = _variance(view, root)
    if variance is None or not settings:
        return None
    weights = {"moving_variance": variance}
    for index, operand in enumerate(operands):
        for name, multiplied in _vectors(view, operand.tensor):
            if name in weights.values():
                continue
            weights.setdefault(_role(operand, multiplied, first=index == 0), name)
    return settings, weights


def normalized(view: View, operands: list[Operand]) -> dict[str, str] | None:
    """Mean and variance of `(x - mean) / max(sqrt(variance), epsilon)`, the Normalization layer."""
    if [operand.scales for operand in operands] != [False, True] or operands[0].node.op != "Sub":
        return None
    mean, variance = (leaf(view, operand.tensor) for operand in operands)
    if mean is None or variance is None or not list(_roots(view, operands[1].tensor)):
        return None
    return {"mean": mean, "variance": variance}


def _role(operand: Operand, multiplied: bool, *, first: bool) -> str:  # noqa: FBT001
    """In the scale a vector is gamma. In the offset the one that is multiplied by the scale is the mean; so is
    one that is taken off before anything is scaled."""
    if operand.scales:
        return "gamma"
    return "moving_mean" if multiplied or first else "beta"


def _vectors(view: View, tensor: str) -> Iterator[tuple[str, bool]]:
    """Constants behind a tensor that are not under a root, and whether they are a factor."""
    seen: set[str] = set()
    waiting = [(tensor, False)]
    while waiting:
        inner, multiplied = waiting.pop()
        node = view.nodes[node_of(view.root(inner))]
        if node.name in seen or node.op in ROOTS:
            continue
        seen.add(node.name)
        if view.graph.is_constant(node.name):
            yield node.name, multiplied
        inputs = node.inputs[:1] if node.op in RESHAPING else node.inputs
        factor = multiplied or node.op in ("Mul", "RealDiv", "Div")
        waiting += [(other, factor) for other in reversed(inputs)]


def constants_behind(view: View, tensor: str) -> set[str]:
    """The constants that a tensor is worked out of, but for those under a root."""
    return {name for name, _ in _vectors(view, tensor)}


def _roots(view: View, tensor: str) -> Iterator[Node]:
    seen: set[str] = set()
    waiting = [node_of(view.root(tensor))]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in view.nodes:
            continue
        seen.add(name)
        if view.nodes[name].op in ROOTS:
            yield view.nodes[name]
        waiting.extend(node_of(view.root(t)) for t in view.nodes[name].inputs)


def _variance(view: View, root: Node) -> tuple[dict[str, Any], str | None]:
    """Epsilon with the node that holds it, and the variance's constant: what stands under the root."""
    inner = view.nodes[node_of(view.root(root.inputs[0]))]
    if inner.op not in ("Add", "AddV2"):
        return {}, None
    for scalar, vector in (inner.inputs, reversed(inner.inputs)):
        node, value = leaf(view, scalar), view.value(scalar)
        if node is not None and value is not None and is_scalar(view, scalar):
            settings = {
                "epsilon": float(np.float32(value.ravel()[0])),
                "epsilon_node": node,
                "epsilon_shape": view.graph.constant_shape(node)[0],
            }
            if view.graph.constant_shape(node)[0] == () or not is_scalar(view, vector):
                return settings, leaf(view, vector)
    return {}, None
