"""Small regions in which one tensor parts and meets again: swish, GELU, PReLU, softmax, layer norm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from inspector.domain.graph import Node
from inspector.lifting.affine import constant_operand
from inspector.lifting.draft import Draft, leaf
from inspector.lifting.fold import evaluate
from inspector.lifting.functions import GRID, erf, identify, selu, sigmoid
from inspector.lifting.normalization import absorb_scale_and_offset
from inspector.lifting.order import node_of
from inspector.lifting.view import View

BINARY = ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum", "SquaredDifference", "Pow", "BiasAdd")
UNARY = (
    "Neg",
    "Abs",
    "Exp",
    "Log",
    "Sqrt",
    "Rsqrt",
    "Square",
    "Sigmoid",
    "Tanh",
    "Relu",
    "Relu6",
    "Erf",
    "Softplus",
    "Elu",
    "Reciprocal",
    "Cast",
    "Softsign",
    "Log1p",
    "Expm1",
    "Erfc",
    "Selu",
    "Squeeze",
)
COMPARING = ("Greater", "GreaterEqual", "Less", "LessEqual", "Select", "SelectV2")
REDUCING = ("Mean", "Sum", "Max")
CHAIN_STARTS = (
    "Mul",
    "Add",
    "AddV2",
    "Sub",
    "RealDiv",
    "Relu",
    "LeakyRelu",
    "Maximum",
    "Minimum",
    "ClipByValue",
    "Neg",
)
MEMBERS = frozenset(BINARY + UNARY + REDUCING + COMPARING + ("ClipByValue", "LeakyRelu"))
PLAIN = ({"activation": "linear"}, {"activation": "relu"})
LARGEST = 32


def lift(view: View, node: Node) -> Draft | None:
    """Claim a region around one tensor, or a chain of scalars that ends as a known function."""
    if node.op not in MEMBERS:
        return None
    data = view.data(node)
    if len(set(data)) != 1:
        return None
    for region in _regions(view, data[0], node):
        draft = _classify(view, data[0], region)
        if draft is not None:
            return draft
    return _chain(view, data[0], node)


def _regions(view: View, source: str, first: Node) -> Iterator[list[str]]:
    """Closed sets of members, smallest first, that start at `first`, read the source twice and have one way out."""
    if len(view.consumers.get(source, [])) < 2:
        return
    inside: list[str] = []
    candidates = [first.name]
    while candidates and len(inside) < LARGEST:
        name = min(candidates, key=view.position.__getitem__)
        candidates.remove(name)
        inside.append(name)
        if _closed(view, source, inside):
            yield list(inside)
        for reader in [*view.consumers.get(f"{name}:0", []), *view.consumers.get(source, [])]:
            if reader not in inside and reader not in candidates and _belongs(view, reader, source, inside):
                candidates.append(reader)


def _belongs(view: View, name: str, source: str, inside: list[str]) -> bool:
    node = view.nodes[name]
    known = {source, *(f"{member}:0" for member in inside)}
    return node.op in MEMBERS and name in view.alive and all(tensor in known for tensor in view.data(node))


def _closed(view: View, source: str, inside: list[str]) -> bool:
    reading = sum(source in view.data(view.nodes[name]) for name in inside)
    if reading < 2:
        return False
    members = set(inside)
    return all(set(view.consumers.get(f"{name}:0", [])) <= members for name in inside[:-1])


def _classify(view: View, source: str, region: list[str]) -> Draft | None:
    ops = {view.nodes[name].op for name in region}
    draft = Draft("activation", view.nodes[region[-1]].op, list(region), [source], f"{region[-1]}:0")
    vectors = _vectors(view, region)
    if "Mean" in ops and ops & {"Rsqrt", "Sqrt"}:
        return _layer_norm(view, draft, vectors)
    if {"Exp", "Sum"} <= ops and ops & {"RealDiv", "Div"}:
        draft.settings = {"activation": "softmax"}
        return draft
    if ops & set(REDUCING):
        return None
    if vectors:
        draft.kind, draft.weights = "prelu", {"alpha": vectors[0]}
        return draft
    known = _known(view, source, region)
    draft.settings = known or {"activation": "unknown"}
    return draft


def _vectors(view: View, names: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        node = view.nodes[name]
        if node.op in REDUCING:
            continue
        for tensor in node.inputs:
            constant = leaf(view, tensor) if node_of(view.root(tensor)) in view.constant else None
            if constant and any(size != 1 for size in view.graph.constant_shape(constant)[0]):
                found[constant] = None
    return list(found)


def _layer_norm(view: View, draft: Draft, vectors: list[str]) -> Draft:
    """Gamma is a factor of the deviation, beta is added; where neither is in the region they follow it.

    Moments over the samples, too, are a batch norm's in training mode."""
    draft.kind = "layer_norm"
    if any(0 in _axes(view, view.nodes[name]) for name in draft.nodes if view.nodes[name].op == "Mean"):
        draft.kind, draft.settings = "batch_norm", {"training": True, "axis": -1}
    for name in draft.nodes:
        node = view.nodes[name]
        for tensor in node.inputs:
            constant = leaf(view, tensor) if node_of(view.root(tensor)) in view.constant else None
            if constant in vectors and node.op not in REDUCING:
                draft.weights.setdefault("gamma" if node.op == "Mul" else "beta", constant)
        if node.op in ("Rsqrt", "Sqrt"):
            operand = constant_operand(view, view.nodes[node_of(view.root(node.inputs[0]))])
            value = view.value(operand) if operand is not None else None
            if value is not None and value.size == 1:
                draft.settings["epsilon"] = float(np.float32(value.ravel()[0]))
    if not vectors:
        absorb_scale_and_offset(view, draft)
    return draft


def _axes(view: View, node: Node) -> list[int]:
    """The axes that a reduction goes over, as they are written."""
    found = view.value(node.inputs[1])
    return [] if found is None else [int(axis) for axis in found.ravel()]


def _chain(view: View, source: str, first: Node) -> Draft | None:
    """The longest chain of scalar ops from `first` on whose values are a known clipped function."""
    if first.op not in CHAIN_STARTS:
        return None
    chain = [first.name]
    best: Draft | None = None
    for _ in range(5):
        if len(chain) > 1 and not _vectors(view, chain):
            known = _known(view, source, chain)
            if known is not None and known not in PLAIN:
                best = Draft("activation", view.nodes[chain[-1]].op, list(chain), [source], f"{chain[-1]}:0", known)
        following = view.only_consumer(f"{chain[-1]}:0")
        if following is None or following.op not in MEMBERS or len(set(view.data(following))) != 1:
            break
        chain.append(following.name)
    return best


def _known(view: View, source: str, names: list[str]) -> dict[str, Any] | None:
    values: dict[str, Any] = {source: GRID}
    for name in names:
        node = view.nodes[name]
        arrays = [values.get(view.root(t), view.value(view.root(t))) for t in node.inputs]
        if any(array is None for array in arrays):
            return None
        result = _apply(node, arrays)
        if result is None:
            return None
        values[f"{name}:0"] = result
    result = np.broadcast_to(np.asarray(result, np.float64).ravel(), GRID.shape) if result.size == 1 else result
    return identify(result.ravel()) if result.size == GRID.size else None


_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "Sigmoid": sigmoid,
    "Tanh": np.tanh,
    "Relu": lambda x: np.maximum(x, 0),
    "Erf": erf,
    "Erfc": lambda x: 1 - erf(x),
    "Relu6": lambda x: np.clip(x, 0, 6),
    "Softplus": lambda x: np.logaddexp(0, x),
    "Log1p": np.log1p,
    "Expm1": np.expm1,
    "Elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Selu": selu,
    "Cast": lambda x: np.asarray(x, np.float64),
    "ClipByValue": np.clip,
    "SquaredDifference": lambda x, y: (x - y) ** 2,
    "Select": np.where,
    "SelectV2": np.where,
    "Greater": np.greater,
    "GreaterEqual": np.greater_equal,
    "Less": np.less,
    "LessEqual": np.less_equal,
}


def _apply(node: Node, arrays: list[Any]) -> Any:
    if node.op == "LeakyRelu":
        return np.where(arrays[0] > 0, arrays[0], arrays[0] * float(node.attributes.get("alpha", 0.2)))
    known = _ELEMENTWISE.get(node.op)
    return known(*arrays) if known is not None else evaluate(node, arrays)
