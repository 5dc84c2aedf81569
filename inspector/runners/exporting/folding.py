"""Fold batch norm into the convolution or dense layer before it.

y = gamma (Wx + b - mean) / sqrt(variance + epsilon) + beta = W'x + b' with s = gamma / sqrt(variance + epsilon),
W' = s W and b' = s (b - mean) + beta, per output channel (Jacob et al. 2018, section 3.2). Worked out in float64 and
rounded once. A batch norm is the fused op, or a Mul and an Add or Sub by vectors, as Keras writes it elsewhere.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..batch_norm import OPS as FUSED
from ..engine import imported
from ..frozen_calls import set_constant
from ..structure import data_inputs, split_tensor, tensor_name
from .constants import Constants
from .node_facts import is_training, of_node

Array = np.ndarray
# the axes of the kernel that are the output's channels
CHANNELS = {
    "Conv2D": (3,),
    "Conv3D": (4,),
    "DepthwiseConv2dNative": (2, 3),
    "Conv2DBackpropInput": (2,),
    "Conv3DBackpropInputV2": (3,),
    "MatMul": (1,),
}
# which input is the kernel: the backward convolutions take a shape first, but the kernel second as well
KERNEL = 1
HANDED_ON = ("Squeeze", "Reshape", "BatchToSpaceND", "Identity")
MINIMUM_RANK = 2


class Step(NamedTuple):
    """One node behind a linear one: times `scale`, plus `shift`, per channel. `ends`: a batch norm ends with it."""

    node: Any
    scale: Array
    shift: Array
    ends: bool


class Folded(NamedTuple):
    """Batch norm that is gone: the node that gives its result now, the linear node that it went into, and the nodes
    that are gone or give another value than before."""

    norm: str
    linear: str
    changed: List[str]


def fold(graph_def: Any, outputs: Sequence[str]) -> List[Folded]:
    """Fold all that can be folded. In place; nodes that nothing needs any more stay for the caller to prune.
    `outputs`: tensors that are read from outside."""
    folding = _Folding(graph_def, outputs)
    found = [folding.try_one(node) for node in list(graph_def.node) if node.op in CHANNELS]
    return [folded for folded in found if folded is not None]


class _Folding:
    def __init__(self, graph_def: Any, outputs: Sequence[str]) -> None:
        self._graph_def = graph_def
        self._graph = imported(graph_def)
        self._constants = Constants(graph_def)
        self._nodes = {node.name: node for node in graph_def.node}
        self._outputs = {tensor_name(text) for text in outputs}
        self._readers: Dict[str, List[Any]] = {}
        for node in graph_def.node:
            for text in data_inputs(node):
                self._readers.setdefault(text, []).append(node)
        self._controls = {text[1:] for node in graph_def.node for text in node.input if text.startswith("^")}

    def try_one(self, linear: Any) -> Optional[Folded]:
        """What was folded into this node, if anything."""
        kernel = self._constants.stored(linear.input[KERNEL])
        if kernel is None or not np.issubdtype(kernel.dtype, np.floating):
            return None
        count = int(np.prod([kernel.shape[axis] for axis in self._axes(linear)]))
        steps, between = self._chain(linear, count)
        while steps and not steps[-1].ends:
            steps.pop()
        if not steps:
            return None
        self._write(linear, kernel, steps, between)
        changed = [linear] + list(between) + [step.node for step in steps[:-1]]
        return Folded(steps[-1].node.name, linear.name, [node.name for node in changed])

    @staticmethod
    def _axes(linear: Any) -> Tuple[int, ...]:
        if linear.op == "MatMul" and of_node(linear, "transpose_b").b:
            return (0,)
        return CHANNELS[linear.op]

    def _chain(self, linear: Any, count: int) -> Tuple[List[Step], List[Any]]:
        """Affine nodes behind the linear one as far as they go, and nodes among them that only turn the shape."""
        axis = _channel_axis(linear)
        steps: List[Step] = []
        between: List[Any] = []
        held: List[Any] = []
        node = linear
        while True:
            reader = self._only_reader(node)
            if reader is None:
                return steps, between
            if reader.op in HANDED_ON and self._keeps_channels(reader, count, axis):
                held.append(reader)
            else:
                step = self._step(reader, tensor_name(node.name), count, axis)
                if step is None:
                    return steps, between
                steps.append(step)
                if step.ends:
                    between, held = between + held, []
            node = reader

    def _only_reader(self, node: Any) -> Optional[Any]:
        tensor = tensor_name(node.name)
        readers = self._readers.get(tensor, [])
        if len(readers) != 1 or tensor in self._outputs or node.name in self._controls:
            return None
        return readers[0]

    def _keeps_channels(self, node: Any, count: int, axis: int) -> bool:
        shape = self._graph.get_tensor_by_name(tensor_name(node.name)).shape
        return axis == -1 and shape.rank is not None and shape.rank >= MINIMUM_RANK and shape[-1] == count

    def _step(self, node: Any, tensor: str, count: int, axis: int) -> Optional[Step]:
        if node.op in FUSED:
            return self._fused(node, count, axis)
        inputs = data_inputs(node)
        if node.op not in ("BiasAdd", "Add", "AddV2", "Sub", "Mul") or len(inputs) != 2 or inputs[0] == inputs[1]:
            return None
        place = inputs.index(tensor) if tensor in inputs else -1
        value = self._constants.value(inputs[1 - place]) if place >= 0 else None
        if value is None or (node.op == "Sub" and place == 1):
            return None
        rank = self._graph.get_tensor_by_name(tensor).shape.rank
        vector = _per_channel(value, rank, count, axis, is_bias=node.op == "BiasAdd")
        if vector is None:
            return None
        if node.op == "Mul":
            return Step(node, vector, np.zeros(count), ends=False)
        return Step(node, np.ones(count), -vector if node.op == "Sub" else vector, ends=self._ends(node, inputs[place]))

    def _ends(self, node: Any, tensor: str) -> bool:
        """A sum behind a product by a vector ends a batch norm that is written out."""
        before = self._nodes[split_tensor(tensor)[0]]
        return node.op != "BiasAdd" and before.op == "Mul"

    def _fused(self, node: Any, count: int, axis: int) -> Optional[Step]:
        layout = of_node(node, "data_format").s
        if is_training(node) or layout.startswith(b"NC") != (axis == 1):
            return None
        if any(self._readers.get("{}:{}".format(node.name, index)) for index in range(1, 6)):
            return None
        values = [self._constants.value(text) for text in data_inputs(node)[1:5]]
        if any(value is None or value.shape != (count,) for value in values):
            return None
        gamma, beta, mean, variance = (np.asarray(value) for value in values)
        scale = gamma / np.sqrt(variance + np.float64(of_node(node, "epsilon").f))
        return Step(node, scale, beta - mean * scale, ends=True)

    def _write(self, linear: Any, kernel: Array, steps: Sequence[Step], between: Sequence[Any]) -> None:
        """New constants; the last node becomes the sum, so that what reads it reads it still."""
        last = steps[-1].node
        scale, shift = np.ones(len(steps[0].scale)), np.zeros(len(steps[0].scale))
        for step in steps:
            scale, shift = scale * step.scale, shift * step.scale + step.shift
        self._set(linear, KERNEL, _scaled(kernel, scale, self._axes(linear)), "kernel")
        source = linear.name
        for node in between:
            node.input[0] = source
            source = node.name
        dtype = last.attr["T"].type
        controls = [text for text in last.input if text.startswith("^")]
        last.op = "BiasAdd"
        last.attr.clear()
        last.attr["T"].type = dtype
        if _channel_axis(linear) == 1:
            last.attr["data_format"].s = b"NCHW"
        del last.input[:]
        last.input.extend([source, source] + controls)
        self._set(last, 1, shift.astype(kernel.dtype), "bias")

    def _set(self, node: Any, place: int, value: Array, role: str) -> None:
        name = "{}/folded_{}".format(node.name, role)
        while name in self._nodes:
            name += "_"
        added = self._graph_def.node.add()
        set_constant(added, name, value)
        self._nodes[name] = added
        node.input[place] = name


def _channel_axis(linear: Any) -> int:
    """-1 or 1, of the linear node's output."""
    return 1 if linear.op != "MatMul" and of_node(linear, "data_format").s.startswith(b"NC") else -1


def _scaled(kernel: Array, scale: Array, axes: Sequence[int]) -> Array:
    shape = [size if axis in axes else 1 for axis, size in enumerate(kernel.shape)]
    return (kernel.astype(np.float64) * scale.reshape(shape)).astype(kernel.dtype)


def _per_channel(value: Array, rank: Optional[int], count: int, axis: int, *, is_bias: bool) -> Optional[Array]:
    """The constant as one number for each channel; None where it says more than that, or nothing about channels."""
    if rank is None or value.size != count:
        return None
    if is_bias:
        return value.reshape(count)
    place = (value.ndim - 1) if axis == -1 else value.ndim - (rank - 1)
    if place < 0 or value.ndim > rank or value.shape[place] != count:
        return None
    return value.reshape(count)
