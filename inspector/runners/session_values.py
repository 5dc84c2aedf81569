"""Values of variables, read from the session into which TensorFlow itself restored them."""

from typing import Any, Callable, Dict, Iterable, List

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import gen_resource_variable_ops

from .failures import running

HANDLES = "VarHandleOp"


def variable_values(session: Any, names: Iterable[str]) -> Dict[str, np.ndarray]:
    """The values by node name; the session's graph gets a read for each resource variable."""
    with session.graph.as_default():
        tensors = {name: _read(session.graph.get_operation_by_name(name)) for name in names}
    with running("reading the variables"):
        found = session.run(tensors)
    return {name: np.asarray(array) for name, array in found.items()}


def fill_what_is_left(session: Any, graph_def: Any, load: Callable[[], Any]) -> List[str]:
    """Give the variables of the main graph that the session has no value of those of the object that `load` makes
    (as tf.saved_model.load does, by the object graph). Returns their names; without a gap nothing is loaded.

    `tf.saved_model.save` of a Keras 3 model names its variables twice, and the restoring op fills the other ones."""
    handles = {node.name: node.attr["shared_name"].s.decode() for node in graph_def.node if node.op == HANDLES}
    if not handles:
        return []
    with session.graph.as_default():
        tensors = {name: session.graph.get_operation_by_name(name).outputs[0] for name in handles}
        known = session.run(
            {name: gen_resource_variable_ops.var_is_initialized_op(tensor) for name, tensor in tensors.items()}
        )
    left = [name for name, is_known in known.items() if not is_known]
    if not left:
        return []
    loaded = load()  # it holds its variables only while it is held itself
    functions = list(loaded.signatures.values())
    variables = [variable for function in functions for variable in function.variables]
    values = {variable.name.partition(":")[0]: variable.numpy() for variable in variables}
    found = [name for name in left if handles[name] in values]
    with session.graph.as_default():
        given = {name: tf.constant(values[handles[name]]) for name in found}
        writes = [gen_resource_variable_ops.assign_variable_op(tensors[name], given[name]) for name in found]
    session.run(writes)
    return found


def _read(operation: Any) -> Any:
    if operation.type != HANDLES:
        return operation.outputs[0]
    dtype = tf.as_dtype(operation.get_attr("dtype"))
    return gen_resource_variable_ops.read_variable_op(operation.outputs[0], dtype)
