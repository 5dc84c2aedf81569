"""Edits to a copy of a GraphDef in memory: a constant's value, a node's attribute, a part of another graph."""

from typing import Any, Callable, Dict, List, Sequence

import numpy as np
import tensorflow as tf

from .engine import imported
from .grafting import Graft, Graph, Joint, graft
from .messages import no_such_tensor
from .op_table import op_def_of
from .server import RequestError
from .structure import split_tensor
from .tables import Content, rewrite

Edit = Dict[str, Any]
KEYS, VALUES = " keys", " values"  # of a table, behind its node's name in the arrays


def edited_graph(graph_def: Any, edits: Sequence[Edit], arrays: Dict[str, np.ndarray]) -> Any:
    """A copy with the edits in it. `arrays`: values of constants by node name.

    Raises NO_SUCH_TENSOR (no such node), WRONG_SHAPE, WRONG_DTYPE and BAD_EDIT.
    """
    copy = type(graph_def)()
    copy.CopyFrom(graph_def)
    for edit in (edit for edit in edits if edit["kind"] == "table"):
        rewrite(copy, edit["node"], Content(arrays[edit["node"] + KEYS], arrays[edit["node"] + VALUES]))
    nodes = {node.name: node for node in copy.node}
    for edit in (edit for edit in edits if edit["kind"] != "table"):
        node = nodes.get(edit["node"])
        if node is None:
            raise no_such_tensor(edit["node"], nodes)
        if edit["kind"] == "constant":
            _set_constant(node, arrays[node.name])
        elif edit["kind"] == "attribute":
            _set_attribute(node, edit["name"], edit["value"])
        else:
            raise RequestError("BAD_EDIT", "no edit of kind {}".format(edit["kind"]), node.name)
    return copy


def constants_for(graph_def: Any, fixed: Dict[str, np.ndarray]) -> Any:
    """A copy in which placeholders that always get the same array (a learning phase) are constants."""
    copy = type(graph_def)()
    copy.CopyFrom(graph_def)
    values = {split_tensor(tensor)[0]: value for tensor, value in fixed.items()}
    for node in copy.node:
        if node.name in values:
            dtype = tf.as_dtype(node.attr["dtype"].type)
            del node.input[:]
            node.attr.pop("shape", None)
            node.op = "Const"
            value = np.asarray(values[node.name], dtype.as_numpy_dtype)
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return copy


def grafted(graph_def: Any, edits: Sequence[Edit], graph_tensor: Callable[[str], str]) -> Any:
    """The graph with layers of others in the place of tensors; `graph_tensor` knows the host's names."""

    def joint_of(stated: Dict[str, Any]) -> Joint:
        return Joint(**dict(stated, host=graph_tensor(stated["host"])))

    by_donor: Dict[str, List[Graft]] = {}
    for edit in edits:
        one = Graft([joint_of(joint) for joint in edit["joints"]], joint_of(edit["target"]))
        by_donor.setdefault(edit["graph"], []).append(one)
    for number, (path, grafts) in enumerate(by_donor.items()):
        donor_def = tf.compat.v1.GraphDef()
        with open(path, "rb") as file:
            donor_def.ParseFromString(file.read())
        host, donor = (Graph(found, imported(found)) for found in (graph_def, donor_def))
        graph_def = graft(host, donor, grafts, "graft_{}".format(number))
    return graph_def


def _set_constant(node: Any, value: np.ndarray) -> None:
    if node.op != "Const":
        raise RequestError("BAD_EDIT", "{} is no constant but {}".format(node.name, node.op), node.name)
    stated = [dimension.size for dimension in node.attr["value"].tensor.tensor_shape.dim]
    dtype = tf.as_dtype(node.attr["dtype"].type)
    if list(value.shape) != stated:
        raise RequestError("WRONG_SHAPE", "the constant is {}, not {}".format(stated, list(value.shape)), node.name)
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value.astype(dtype.as_numpy_dtype)))


def _set_attribute(node: Any, name: str, value: Any) -> None:
    """`value`: a number, flag, text, dtype name, or a list of numbers, as the op's definition says."""
    rule = next((rule for rule in op_def_of(node.op).attr if rule.name == name), None)
    if rule is None:
        raise RequestError("BAD_EDIT", "{} has no attribute {}".format(node.op, name), node.name)
    try:
        _write(node.attr[name], rule.type, value)
    except (TypeError, ValueError, AttributeError) as error:
        raise RequestError("BAD_EDIT", "{} of {} cannot be {}: {}".format(name, node.op, value, error), node.name)


def _write(target: Any, kind: str, value: Any) -> None:
    if kind == "type":
        target.type = tf.as_dtype(value).as_datatype_enum
    elif kind == "shape":
        target.shape.CopyFrom(tf.TensorShape(value).as_proto())
    elif kind in ("list(int)", "list(float)"):
        numbers = target.list.i if kind == "list(int)" else target.list.f
        del numbers[:]
        numbers.extend(value)
    else:
        field = {"int": "i", "float": "f", "bool": "b", "string": "s"}[kind]
        setattr(target, field, value.encode("utf-8") if kind == "string" else value)
