"""What a graph computes from constants alone, in float64."""

from typing import Any, Callable, Dict, Optional

import numpy as np
import tensorflow as tf

from ..structure import data_inputs, split_tensor
from .node_facts import of_node

Array = np.ndarray
COMPUTED: Dict[str, Callable[..., Array]] = {
    "Identity": lambda x: x,
    "StopGradient": lambda x: x,
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "RealDiv": np.divide,
    "Neg": np.negative,
    "Square": np.square,
    "Sqrt": np.sqrt,
    "Rsqrt": lambda x: 1.0 / np.sqrt(x),
    "Reciprocal": lambda x: 1.0 / x,
    "Reshape": lambda x, shape: x.reshape(shape.astype(np.int64)),
    "ExpandDims": lambda x, axis: np.expand_dims(x, int(axis)),
}


class Constants:
    """Values of tensors that depend on no input."""

    def __init__(self, graph_def: Any) -> None:
        self._nodes = {node.name: node for node in graph_def.node}
        self._known: Dict[str, Optional[Array]] = {}

    def value(self, tensor: str) -> Optional[Array]:
        """The value, floats in float64; None where it is no constant, or not one of these few ops."""
        name, index = split_tensor(tensor)
        if index or name not in self._nodes:
            return None
        if name not in self._known:
            self._known[name] = None  # of a loop
            self._known[name] = self._computed(self._nodes[name])
        return self._known[name]

    def stored(self, tensor: str) -> Optional[Array]:
        """A constant in its own dtype, through nodes that only hand it on or give it another axis."""
        node = self._nodes.get(split_tensor(tensor)[0])
        if node is None:
            return None
        if node.op in ("Identity", "StopGradient"):
            return self.stored(node.input[0])
        if node.op == "ExpandDims":  # a Conv1D's kernel
            array, axis = self.stored(node.input[0]), self.value(node.input[1])
            return None if array is None or axis is None else np.expand_dims(array, int(axis))
        return tf.make_ndarray(node.attr["value"].tensor) if node.op == "Const" else None

    def _computed(self, node: Any) -> Optional[Array]:
        if node.op == "Const":
            value = tf.make_ndarray(node.attr["value"].tensor)
            is_float = tf.as_dtype(node.attr["dtype"].type).is_floating
            return value.astype(np.float64) if is_float else value
        if node.op not in COMPUTED and node.op != "Squeeze":
            return None
        arguments = [self.value(text) for text in data_inputs(node)]
        if any(value is None for value in arguments):
            return None
        if node.op == "Squeeze":
            return np.squeeze(np.asarray(arguments[0]), tuple(of_node(node, "squeeze_dims").list.i) or None)
        return np.asarray(COMPUTED[node.op](*arguments))
