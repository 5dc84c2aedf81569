"""Work out the value of a part of a graph that reads constants only. numpy, float64 for floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.graph import Node

Array = NDArray[Any]


def _reshape(node: Node, arrays: list[Array]) -> Array:
    return arrays[0].reshape([int(size) for size in arrays[1].ravel()])


def _transpose(node: Node, arrays: list[Array]) -> Array:
    return np.transpose(arrays[0], [int(axis) for axis in arrays[1].ravel()])


def _expand(node: Node, arrays: list[Array]) -> Array:
    return np.expand_dims(arrays[0], int(arrays[1].ravel()[0]))


def _squeeze(node: Node, arrays: list[Array]) -> Array:
    axes = node.attributes.get("squeeze_dims") or node.attributes.get("axis")
    return np.squeeze(arrays[0], tuple(int(axis) for axis in axes) if axes else None)


def _cast(node: Node, arrays: list[Array]) -> Array:
    kind = str(node.attributes.get("DstT", "float32"))
    return arrays[0].astype(np.float64 if "float" in kind else np.int64)


def _concat(node: Node, arrays: list[Array]) -> Array:
    return np.concatenate(arrays[:-1], int(arrays[-1].ravel()[0]))


def _fill(node: Node, arrays: list[Array]) -> Array:
    return np.full([int(size) for size in arrays[0].ravel()], arrays[1].ravel()[0])


def _strided_slice(node: Node, arrays: list[Array]) -> Array:
    masks = {
        name: int(node.attributes.get(name, 0) or 0)
        for name in ("begin_mask", "end_mask", "shrink_axis_mask", "ellipsis_mask", "new_axis_mask")
    }
    if masks["ellipsis_mask"] or masks["new_axis_mask"]:
        raise ValueError("unusual slice")
    index: list[Any] = []
    for axis, (begin, end, step) in enumerate(zip(*(a.ravel().tolist() for a in arrays[1:4]), strict=True)):
        bit = 1 << axis
        if masks["shrink_axis_mask"] & bit:
            index.append(int(begin))
        else:
            start = None if masks["begin_mask"] & bit else int(begin)
            stop = None if masks["end_mask"] & bit else int(end)
            index.append(slice(start, stop, int(step)))
    return np.asarray(arrays[0][tuple(index)])


def _pack(node: Node, arrays: list[Array]) -> Array:
    return np.stack(arrays, int(node.attributes.get("axis", 0) or 0))


_BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "RealDiv": np.divide,
    "Div": np.divide,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Pow": np.power,
    "BiasAdd": np.add,
    "Greater": np.greater,
    "GreaterEqual": np.greater_equal,
    "Less": np.less,
    "LessEqual": np.less_equal,
    "Equal": np.equal,
    "NotEqual": np.not_equal,
    "LogicalAnd": np.logical_and,
    "LogicalOr": np.logical_or,
}
_UNARY: dict[str, Callable[[Array], Array]] = {
    "Identity": np.asarray,
    "StopGradient": np.asarray,
    "Neg": np.negative,
    "Sqrt": np.sqrt,
    "Rsqrt": lambda x: 1 / np.sqrt(x),
    "Square": np.square,
    "Exp": np.exp,
    "Log": np.log,
    "Reciprocal": np.reciprocal,
    "Inv": np.reciprocal,
    "Abs": np.abs,
    "LogicalNot": np.logical_not,
}
_OTHER: dict[str, Callable[[Node, list[Array]], Array]] = {
    "Reshape": _reshape,
    "Transpose": _transpose,
    "ExpandDims": _expand,
    "Squeeze": _squeeze,
    "Cast": _cast,
    "ConcatV2": _concat,
    "Fill": _fill,
    "StridedSlice": _strided_slice,
    "Pack": _pack,
}


def evaluate(node: Node, arrays: list[Array]) -> Array | None:
    """The node's first output from its inputs' values, or None when it is not one of the ops known here."""
    try:
        with np.errstate(all="ignore"):
            if node.op in _BINARY:
                return np.asarray(_BINARY[node.op](arrays[0], arrays[1]))
            if node.op in _UNARY:
                return np.asarray(_UNARY[node.op](arrays[0]))
            if node.op in _OTHER:
                return _OTHER[node.op](node, arrays)
    except (ValueError, IndexError, TypeError, ZeroDivisionError):
        return None  # shapes that do not fit: the graph is wrong there, and lifting goes on without
    return None
