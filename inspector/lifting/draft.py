"""A group of nodes that does one layer's work, before it becomes a Layer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from inspector.domain.computation import Layer, Weight
from inspector.lifting.order import node_of
from inspector.lifting.view import View

HALF = ("float16", "bfloat16")


@dataclass(slots=True)
class Draft:
    """What a pattern claims. `weights` maps roles to Const node names; `output` is a tensor name."""

    kind: str
    op: str
    nodes: list[str]
    inputs: list[str]
    output: str
    settings: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)


def leaf(view: View, tensor: str) -> str | None:
    """The Const node behind a constant tensor: the largest one of numbers; shapes and axes are constants too."""

    def rank(name: str) -> tuple[bool, int]:
        shape, dtype = view.graph.constant_shape(name)
        return "float" in dtype, math.prod(shape)

    return max(view.leaves(tensor), key=rank, default=None)


def is_scalar(view: View, tensor: str) -> bool:
    """Whether a constant tensor is one number, in whatever shape."""
    name = leaf(view, tensor)
    return name is not None and math.prod(view.graph.constant_shape(name)[0]) == 1


def weighted(view: View, **tensors: str | None) -> dict[str, str]:
    """Roles to Const node names, leaving out what is no constant."""
    found = {}
    for role, tensor in tensors.items():
        name = leaf(view, tensor) if tensor and node_of(tensor) in view.constant else None
        if name is not None:
            found[role] = name
    return found


def to_layer(view: View, draft: Draft) -> Layer:
    """The domain value of a draft; its name is the node that ends it."""
    weights = []
    for role, name in draft.weights.items():
        shape, dtype = view.graph.constant_shape(name)
        weights.append(Weight(id=name, role=role, shape=shape, dtype=dtype))
    end = view.nodes[node_of(draft.output)]
    stated = [view.nodes[name].attributes.get("T") for name in draft.nodes if name in view.nodes]
    half = next((dtype for dtype in stated if dtype in HALF), None)  # between casts: what it computes in
    dtype = half or end.attributes.get("T") or end.attributes.get("dtype") or end.attributes.get("DstT") or ""
    return Layer(
        name=node_of(draft.output),
        kind=draft.kind,
        class_name=draft.op,
        settings=draft.settings,
        weights=tuple(weights),
        inputs=tuple(dict.fromkeys(draft.inputs)),
        outputs=(draft.output,),
        nodes=tuple(draft.nodes),
        aliases=tuple(view.aliases.get(draft.output, ())),
        shape=view.graph.shape(draft.output),
        dtype=str(dtype),
    )
