"""Write nodes of a GraphDef by hand, and what a rewriting of one node makes."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf

from .signatures import DOUBLE, Body

INT32 = 3  # DataType number


class Made(NamedTuple):
    """New nodes for an old one. `casts` read the old node's outputs and are not redirected; `moved` says
    where the old outputs are found now; `exact` is false when a narrower float kernel is among them."""

    nodes: List[Any]
    casts: List[Any]
    moved: Dict[str, str]
    exact: bool


class Arithmetic:
    """Adds float64 nodes in the place of one node, under its name. Methods give references to results."""

    def __init__(self, name: str, body: Body) -> None:
        self.nodes: List[Any] = []
        self._name = name
        self._body = body

    def constant(self, value: Any) -> str:
        return self.added(make_constant(self.fresh_name("const"), value))

    def op(self, op: str, *inputs: str, name: Optional[str] = None) -> str:
        return self.added(make_node(name or self.fresh_name(op), op, inputs, {"T": DOUBLE}))

    def mean(self, value: str, axes: Sequence[int]) -> str:
        types = {"T": DOUBLE, "Tidx": INT32}
        inputs = [value, self.constant(np.array(axes, np.int32))]
        return self.added(make_node(self.fresh_name("Mean"), "Mean", inputs, types, {"keep_dims": False}))

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        inputs = [value, self.constant(np.array(shape, np.int32))]
        types = {"T": DOUBLE, "Tshape": INT32}
        return self.added(make_node(self.fresh_name("Reshape"), "Reshape", inputs, types))

    def transpose(self, value: str, axes: Sequence[int], *, name: Optional[str] = None) -> str:
        inputs = [value, self.constant(np.array(axes, np.int32))]
        types = {"T": DOUBLE, "Tperm": INT32}
        return self.added(make_node(name or self.fresh_name("Transpose"), "Transpose", inputs, types))

    def fresh_name(self, what: str) -> str:
        return self._body.unused_name("{}/float64/{}".format(self._name, what))

    def added(self, node: Any) -> str:
        self.nodes.append(node)
        return result_of(node, self._body)


def make_node(
    name: str,
    op: str,
    inputs: Sequence[str],
    types: Dict[str, int],
    flags: Optional[Dict[str, bool]] = None,
) -> Any:
    """A NodeDef with type attributes (DataType numbers) and flags."""
    node = tf.compat.v1.NodeDef(name=name, op=op, input=list(inputs))
    for key, dtype in types.items():
        node.attr[key].type = dtype
    for key, flag in (flags or {}).items():
        node.attr[key].b = flag
    return node


def make_constant(name: str, value: Any) -> Any:
    array = np.asarray(value)
    node = make_node(name, "Const", [], {"dtype": tf.as_dtype(array.dtype).as_datatype_enum})
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array))
    return node


def make_cast(name: str, reference: str, source: int, target: int) -> Any:
    return make_node(name, "Cast", [reference], {"SrcT": source, "DstT": target})


def result_of(node: Any, body: Body) -> str:
    """The reference to a node's first output."""
    return body.outputs(node)[0]


def controls_of(node: Any) -> List[str]:
    return [text for text in node.input if text.startswith("^")]
