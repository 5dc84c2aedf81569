"""FusedBatchNorm written out as arithmetic: its kernels know no float64.

y = (x - mean) * scale / sqrt(variance + epsilon) + offset, with the given moments in inference and the
batch's own (population variance) in training, as in Ioffe and Szegedy 2015, algorithm 1 and 2.
"""

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from .node_defs import make_constant, make_node, result_of
from .signatures import DOUBLE, Body, attribute

OPS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


class Made(NamedTuple):
    """New nodes for an old one. `casts` read the old node's outputs and are not redirected; `moved` says
    where the old outputs are found now; `exact` is false when a narrower float kernel is among them."""

    nodes: List[Any]
    casts: List[Any]
    moved: Dict[str, str]
    exact: bool


class _Arithmetic:
    """Adds float64 nodes under one node's name."""

    def __init__(self, name: str, body: Body) -> None:
        self.nodes: List[Any] = []
        self._name = name
        self._body = body

    def constant(self, value: Any) -> str:
        return self._added(make_constant(self._fresh("const"), value))

    def op(self, op: str, *inputs: str, **named: str) -> str:
        return self._added(make_node(named.get("name") or self._fresh(op), op, inputs, {"T": DOUBLE}))

    def mean(self, value: str, axes: Sequence[int]) -> str:
        indices = self.constant(np.array(axes, np.int32))
        node = make_node(
            self._fresh("Mean"), "Mean", [value, indices], {"T": DOUBLE, "Tidx": 3}, {"keep_dims": False}
        )
        return self._added(node)

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        target = self.constant(np.array(shape, np.int32))
        return self._added(
            make_node(self._fresh("Reshape"), "Reshape", [value, target], {"T": DOUBLE, "Tshape": 3})
        )

    def _fresh(self, what: str) -> str:
        return self._body.unused_name("{}/float64/{}".format(self._name, what))

    def _added(self, node: Any) -> str:
        self.nodes.append(node)
        return result_of(node, self._body)


def is_batch_norm(node: Any) -> bool:
    return node.op in OPS


def written_out(node: Any, body: Body) -> Made:
    """The node as arithmetic in float64; its last node bears the old name."""
    op_def = body.op_def(node)
    data = [body.canonical(text) for text in node.input if not text.startswith("^")]
    first = attribute(node, op_def, "data_format").s in (b"NCHW", b"NCDHW")
    rank = 5 if attribute(node, op_def, "data_format").s in (b"NDHWC", b"NCDHW") else 4
    arithmetic = _Arithmetic(node.name, body)
    shape = [1, -1] + [1] * (rank - 2) if first else [1] * (rank - 1) + [-1]
    epsilon = arithmetic.constant(np.float64(np.float32(attribute(node, op_def, "epsilon").f)))
    if attribute(node, op_def, "is_training").b:
        axes = [axis for axis in range(rank) if axis != (1 if first else rank - 1)]
        mean, variance = _batch_moments(arithmetic, data[0], axes, shape)
    else:
        mean, variance = data[3], data[4]
    last = _normalised(arithmetic, node.name, data, (mean, variance, epsilon), shape)
    arithmetic.nodes[-1].input.extend(text for text in node.input if text.startswith("^"))
    return Made(arithmetic.nodes, [], _moved(node, body, [last, mean, variance]), exact=True)


def _normalised(
    add: _Arithmetic, name: str, data: Sequence[str], moments: Tuple[str, str, str], shape: Sequence[int]
) -> str:
    mean, variance, epsilon = moments
    factor = add.op("Mul", data[1], add.op("Rsqrt", add.op("AddV2", variance, epsilon)))
    centred = add.op("Sub", data[0], add.reshape(mean, shape))
    scaled = add.op("Mul", centred, add.reshape(factor, shape))
    return add.op("AddV2", scaled, add.reshape(data[2], shape), name=name)


def _batch_moments(add: _Arithmetic, x: str, axes: Sequence[int], shape: Sequence[int]) -> Tuple[str, str]:
    mean = add.mean(x, axes)
    squares = add.op("SquaredDifference", x, add.reshape(mean, shape))
    return mean, add.mean(squares, axes)


def _moved(node: Any, body: Body, results: Sequence[str]) -> Dict[str, str]:
    """Outputs beyond y are the moments, and again the moments as reserved space."""
    old = body.outputs(node)
    targets = [results[0]] + [results[1 + index % 2] for index in range(len(old) - 1)]
    return {before: after for before, after in zip(old, targets) if before != after}
