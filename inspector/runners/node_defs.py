"""Write single nodes of a GraphDef by hand."""

from typing import Any, Dict, Optional, Sequence

import numpy as np
import tensorflow as tf

from .signatures import Body


def make_node(
    name: str, op: str, inputs: Sequence[str], types: Dict[str, int], flags: Optional[Dict[str, bool]] = None
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
