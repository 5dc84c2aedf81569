"""Graphs that are cut off or damaged: nodes whose inputs are missing are seen, but no pattern takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from inspector.domain.graph import Node

# How many inputs an op has at least; arithmetic with two operands has exactly two.
LEAST = {
    "Conv2D": 2,
    "Conv3D": 2,
    "DepthwiseConv2dNative": 2,
    "Conv2DBackpropInput": 3,
    "Conv3DBackpropInputV2": 3,
    "_FusedConv2D": 2,
    "_FusedMatMul": 2,
    "_FusedDepthwiseConv2dNative": 2,
    "FusedDepthwiseConv2dNative": 2,
    "FusedBatchNorm": 5,
    "FusedBatchNormV2": 5,
    "FusedBatchNormV3": 5,
    "Gather": 2,
    "GatherV2": 2,
    "ResourceGather": 2,
    "Reshape": 2,
    "Transpose": 2,
    "ExpandDims": 2,
    "ConcatV2": 2,
    "Switch": 2,
    "Merge": 1,
    "ClipByValue": 3,
    "Select": 3,
    "SelectV2": 3,
    "Rsqrt": 1,
    "Sqrt": 1,
    "Softmax": 1,
    "Shape": 1,
    "Split": 2,
    "Tile": 2,
}
PAIRED = frozenset(
    {
        "Add",
        "AddV2",
        "Sub",
        "Mul",
        "RealDiv",
        "Div",
        "Maximum",
        "Minimum",
        "Pow",
        "BiasAdd",
        "SquaredDifference",
        "Greater",
        "GreaterEqual",
        "Less",
        "LessEqual",
        "MatMul",
        "BatchMatMul",
        "BatchMatMulV2",
        "BatchMatMulV3",
    }
)


class SoundNodes(dict[str, Node]):
    """Nodes by name. One that others read but that is not in the file is of op `Missing`; one with too few
    inputs is of op `Damaged`."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        super().__init__((name, _sound(node)) for name, node in nodes.items())

    def __missing__(self, name: str) -> Node:
        return Node(name=name, op="Missing", inputs=(), controls=(), attributes={})


def _sound(node: Node) -> Node:
    count = len(node.inputs)
    if count < LEAST.get(node.op, 0) or (node.op in PAIRED and count != 2):
        return replace(node, op="Damaged")
    return node
