"""Nodes to layers: one module per kind of layer and the patterns that it is written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inspector.domain.computation import Computation, Layer, Port
from inspector.domain.graph import Graph
from inspector.lifting import (
    affine,
    convolution,
    dense,
    embedding,
    fused,
    normalization,
    region,
    resize,
    single,
    wrapped,
)
from inspector.lifting.draft import Draft, to_layer
from inspector.lifting.order import node_of
from inspector.lifting.recurrent import Recurrent
from inspector.lifting.view import View

PATTERNS = (
    convolution.lift,
    fused.lift,
    dense.lift,
    normalization.lift,
    embedding.lift,
    resize.lift,
    wrapped.lift,
    single.average,
    region.lift,
    affine.lift,
)
__all__ = ["lift"]


def lift(graph: Graph, inputs: Sequence[Port] | None = None, outputs: Sequence[Port] | None = None) -> Computation:
    """The computation that a graph does: its alive nodes, grouped into layers, in order.

    `inputs` and `outputs` are what a signature states, with its own names; by default they are read off the graph."""
    view = View(graph, _tensors(inputs), _tensors(outputs))
    drafts = _drafts(view)
    drafts.sort(key=lambda draft: view.position[node_of(draft.output)])
    layers = [*_input_layers(view), *(to_layer(view, draft) for draft in drafts)]
    limits = {draft.inputs[0]: draft.settings.get("input_dim") for draft in drafts if draft.kind == "embedding"}
    fed = _inputs(view) if inputs is None else inputs
    asked = _outputs(view) if outputs is None else tuple(outputs)
    limited = tuple(replace(port, limit=limits.get(port.tensor)) for port in fed)
    return Computation(layers=tuple(layers), inputs=limited, outputs=asked)


def _tensors(ports: Sequence[Port] | None) -> list[str] | None:
    return None if ports is None else [port.tensor for port in ports]


def _drafts(view: View) -> list[Draft]:
    recurrent = Recurrent(view)
    claimed: set[str] = set()
    drafts = []
    placeholders = {node.name for node in view.inputs}
    for name in view.order:
        hidden = name in view.constant or name in view.shape_only or name in placeholders or name in view.phases
        if hidden or name in claimed or name not in view.alive or view.passes(name):
            continue
        draft = recurrent.claim(view.nodes[name]) or _first(view, name, claimed)
        claimed.update(draft.nodes)
        drafts.append(draft)
    return drafts


def _first(view: View, name: str, claimed: set[str]) -> Draft:
    node = view.nodes[name]
    for pattern in PATTERNS:
        draft = pattern(view, node)
        if draft is not None and not claimed & set(draft.nodes):
            return draft
    return single.lift(view, node)


def _input_layers(view: View) -> list[Layer]:
    return [
        Layer(
            name=node.name,
            kind="input",
            class_name=node.op,
            outputs=(f"{node.name}:0",),
            nodes=(node.name,),
            aliases=tuple(view.aliases.get(f"{node.name}:0", ())),
            shape=view.graph.shape(f"{node.name}:0"),
            dtype=str(node.attributes.get("dtype", "")),
        )
        for node in view.inputs
    ]


def _inputs(view: View) -> list[Port]:
    return [
        Port(
            name=node.name,
            tensor=f"{node.name}:0",
            shape=view.graph.shape(f"{node.name}:0"),
            dtype=str(node.attributes.get("dtype", "")),
        )
        for node in view.inputs
    ]


def _outputs(view: View) -> tuple[Port, ...]:
    return tuple(
        Port(
            name=tensor.removesuffix(":0"),
            tensor=tensor,
            shape=view.graph.shape(tensor),
            dtype=str(view.nodes[node_of(tensor)].attributes.get("T", "")),
        )
        for tensor in view.outputs
    )
