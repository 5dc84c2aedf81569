"""A file's nodes as the package `graphs` takes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from inspector.domain.errors import InspectorError
from inspector.domain.graph import Graph, Node
from inspector.graphs.inlining import CONDITIONS, Op
from inspector.graphs.ports import Inference, inference_of

SMALL = 16  # numbers; axes, rates and the like
NO_NUMBERS = ("string", "resource", "variant")


def ops_of(nodes: Mapping[str, Node]) -> dict[str, Op]:
    """Nodes as the inlining takes them."""
    return {name: op_of(node) for name, node in nodes.items()}


def op_of(node: Node) -> Op:
    """One node."""
    dtype = str(node.attributes.get("dtype", "")) if node.op.startswith("Placeholder") else ""
    return Op(node.name, node.op, node.inputs, node.controls, _called(node), _length(node), dtype)


def inference(graph: Graph) -> Inference:
    """What the graph computes: its inputs and outputs, and the nodes without training."""
    return inference_of(ops_of(graph.nodes), small_constants(graph))


def small_constants(graph: Graph) -> Callable[[str], Sequence[float] | None]:
    """The numbers of a constant that has few of them, None for any other."""

    def numbers(name: str) -> Sequence[float] | None:
        try:
            shape, dtype = graph.constant_shape(name)
            if math.prod(shape) > SMALL or dtype in NO_NUMBERS:
                return None
            return [float(number) for number in graph.constant(name).ravel()]
        except (InspectorError, TypeError, ValueError):
            return None

    return numbers


def _called(node: Node) -> str:
    attribute = "f" if node.op.endswith("PartitionedCall") else "else_branch" if node.op in CONDITIONS else ""
    return str(node.attributes.get(attribute) or "").removeprefix("func:") if attribute else ""


def _length(node: Node) -> Callable[[str], int]:
    def length(attribute: str) -> int:
        value = node.attributes.get(attribute)
        return len(value) if isinstance(value, list) else int(value or 0)

    return length
