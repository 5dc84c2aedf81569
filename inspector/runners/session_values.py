"""Values of variables, read from the session into which TensorFlow itself restored them."""

from typing import Any, Dict, Iterable

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


def _read(operation: Any) -> Any:
    if operation.type != HANDLES:
        return operation.outputs[0]
    dtype = tf.as_dtype(operation.get_attr("dtype"))
    return gen_resource_variable_ops.read_variable_op(operation.outputs[0], dtype)
