"""Trace with the values of variables in place of variables, and write the traced graph with its constants."""

from typing import Any, Dict, List, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

from .tables import captured, write

Replacement = Tuple[Any, str, Any]


def value_reads() -> List[Replacement]:
    """What to replace (class, name, function) while a model is traced, so that every read of a variable,
    in loop bodies too, gives its value, which a graph takes in as a constant."""
    read = BaseResourceVariable.__dict__["_read_variable_op"]
    values: Dict[int, Any] = {}

    def read_value(variable: Any, *args: Any, **kwargs: Any) -> Any:
        if id(variable) not in values:
            with tf.init_scope():
                values[id(variable)] = read(variable, *args, **kwargs)
        return values[id(variable)]

    replaced: List[Replacement] = [
        (BaseResourceVariable, "_read_variable_op", read_value),
        (BaseResourceVariable, "sparse_read", _gather),
        (BaseResourceVariable, "gather_nd", _gather_nd),
    ]
    if hasattr(tf.random, "Generator"):  # of TensorFlow 2
        replaced.append((tf.random.Generator, "skip", _unskipped))
    return replaced


def _gather(variable: Any, indices: Any, name: Any = None) -> Any:
    """Gathering from a variable's handle would bring the variable back: read, then gather."""
    return tf.gather(variable.value(), indices, name=name)


def _gather_nd(variable: Any, indices: Any, name: Any = None) -> Any:
    return tf.gather_nd(variable.value(), indices, name=name)


def _unskipped(generator: Any, _delta: Any) -> Any:
    """A generator's state is read without counting it up, which takes the variable's handle."""
    return generator.state.value()


def frozen_graph_def(graph: Any) -> Any:
    """The GraphDef of a traced graph, captured values and tables in it, assignments left out."""
    pairs = _captures(graph)
    values = {inner.op.name: outer for outer, inner in pairs if outer.dtype != tf.resource}
    handles = {inner.op.name for outer, inner in pairs if outer.dtype == tf.resource}
    source = graph.as_graph_def()
    frozen = type(source)()
    frozen.versions.CopyFrom(source.versions)
    frozen.library.CopyFrom(source.library)
    tables = captured(source, pairs)
    for node in source.node:
        if node.name in values:
            _add_constant(frozen, node.name, np.asarray(values[node.name].numpy()))
        elif node.name in tables:
            frozen.node.add().name = node.name
        elif node.name not in handles and not node.op.startswith("Assign"):
            frozen.node.add().CopyFrom(node)
    _write_tables(frozen, tables)
    _drop_lost_controls(frozen)
    return frozen


def _captures(graph: Any) -> List[Tuple[Any, Any]]:
    captures = graph.captures
    return list(captures.items() if isinstance(captures, dict) else captures)


def _write_tables(graph_def: Any, tables: Dict[str, Any]) -> None:
    """In the place of the placeholders of their handles. In place."""
    for node in [node for node in graph_def.node if node.name in tables]:
        write(graph_def, node, tables[node.name])


def refers_to_variables(graph_def: Any) -> bool:
    """Whether a node takes a variable that is no longer in the graph."""
    names = {node.name for node in graph_def.node}
    taken = (text.partition(":")[0] for node in graph_def.node for text in node.input if not text.startswith("^"))
    return any(name not in names for name in taken)


def inlined_graph_def(function: Any) -> Any:
    """The GraphDef of a concrete function, its variables as constants and its calls of functions inlined."""
    graph_def = convert_variables_to_constants_v2(function, lower_control_flow=False).graph.as_graph_def()
    _write_tables(graph_def, captured(graph_def, _captures(function.graph)))
    return graph_def


def _add_constant(graph_def: Any, name: str, value: Any) -> None:
    node = graph_def.node.add()
    node.name, node.op = name, "Const"
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))


def _drop_lost_controls(graph_def: Any) -> None:
    names = {node.name for node in graph_def.node}
    for node in graph_def.node:
        kept = [text for text in node.input if not text.startswith("^") or text[1:] in names]
        if len(kept) != len(node.input):
            del node.input[:]
            node.input.extend(kept)
