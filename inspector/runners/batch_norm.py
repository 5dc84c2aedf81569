"""FusedBatchNorm written out as arithmetic: its kernels know no float64.

y = (x - mean) * scale / sqrt(variance + epsilon) + offset, with the given moments in inference and the
batch's own (population variance) in training, as in Ioffe and Szegedy 2015, algorithms 1 and 2.
"""

from typing import Any, Dict, Sequence, Tuple

import numpy as np

from .node_defs import Arithmetic, Made, controls_of
from .signatures import Body, attribute

OPS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def is_batch_norm(node: Any) -> bool:
    return node.op in OPS


def written_out(node: Any, body: Body) -> Made:
    """The node as arithmetic in float64; its last node bears the old name."""
    data = [body.canonical(text) for text in node.input if not text.startswith("^")]
    layout = attribute(node, body.op_def(node), "data_format").s
    channel, rank = (1, len(layout)) if layout.startswith(b"NC") else (len(layout) - 1, len(layout))
    shape = [-1 if axis == channel else 1 for axis in range(rank)]
    add = Arithmetic(node.name, body)
    moments = (data[3], data[4])
    if attribute(node, body.op_def(node), "is_training").b:
        moments = _batch_moments(add, data[0], [axis for axis in range(rank) if axis != channel], shape)
    epsilon = add.constant(np.float64(attribute(node, body.op_def(node), "epsilon").f))
    last = _normalised(add, node.name, data, (moments[0], moments[1], epsilon), shape)
    add.nodes[-1].input.extend(controls_of(node))
    return Made(add.nodes, [], _moved(node, body, [last, *moments]), exact=True)


def _normalised(
    add: Arithmetic, name: str, data: Sequence[str], moments: Tuple[str, str, str], shape: Sequence[int]
) -> str:
    mean, variance, epsilon = moments
    factor = add.op("Mul", data[1], add.op("Rsqrt", add.op("AddV2", variance, epsilon)))
    centred = add.op("Sub", data[0], add.reshape(mean, shape))
    scaled = add.op("Mul", centred, add.reshape(factor, shape))
    return add.op("AddV2", scaled, add.reshape(data[2], shape), name=name)


def _batch_moments(add: Arithmetic, x: str, axes: Sequence[int], shape: Sequence[int]) -> Tuple[str, str]:
    mean = add.mean(x, axes)
    return mean, add.mean(add.op("SquaredDifference", x, add.reshape(mean, shape)), axes)


def _moved(node: Any, body: Body, results: Sequence[str]) -> Dict[str, str]:
    """Outputs beyond y are the moments, and again the moments as reserved space."""
    old = body.outputs(node)
    targets = [results[0]] + [results[1 + index % 2] for index in range(len(old) - 1)]
    return {before: after for before, after in zip(old, targets) if before != after}
