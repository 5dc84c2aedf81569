"""Convolutions and pools with the channels first, written with the channels last between transpositions:
the CPU's float64 kernels take no other layout."""

from typing import Any, List, Sequence

from .node_defs import Arithmetic, Made, controls_of
from .signatures import Body

OPS = ("Conv2D", "DepthwiseConv2dNative", "Conv3D", "MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D")
PER_AXIS = ("strides", "dilations", "ksize")


def is_channels_first(node: Any) -> bool:
    return node.op in OPS and node.attr["data_format"].s.startswith(b"NC")


def channels_last(node: Any, body: Body) -> Made:
    """`node` is in float64 already. The transposition back bears its name."""
    rank = len(node.attr["data_format"].s)
    axes = [0] + list(range(2, rank)) + [1]
    add = Arithmetic(node.name, body)
    inner = type(node)()
    inner.CopyFrom(node)
    inner.name = add.fresh_name(node.op)
    inner.input[0] = add.transpose(node.input[0], axes)
    inner.attr["data_format"].s = b"NHWC" if rank == 4 else b"NDHWC"
    for name in PER_AXIS:
        _permute(inner, name, axes)
    _permute(inner, "explicit_paddings", [2 * axis + side for axis in axes for side in (0, 1)])
    back = add.transpose(add.added(inner), [0, rank - 1] + list(range(1, rank - 1)), name=node.name)
    add.nodes[-1].input.extend(controls_of(node))
    old = body.outputs(node)[0]
    return Made(add.nodes, [], {} if back == old else {old: back}, exact=True)


def _permute(node: Any, name: str, order: Sequence[int]) -> None:
    stated: List[int] = list(node.attr[name].list.i) if name in node.attr else []
    if stated:
        del node.attr[name].list.i[:]
        node.attr[name].list.i.extend(stated[position] for position in order)
