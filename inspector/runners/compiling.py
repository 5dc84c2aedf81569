"""A graph compiled by XLA as one program."""

from typing import Any, Sequence

import tensorflow as tf

from .messages import short
from .server import RequestError


def compiled(graph_def: Any, feeds: Sequence[str], fetches: Sequence[str]) -> Any:
    """A function of the fed tensors, in order, that gives the fetched ones. Raises NO_XLA when an op has no
    compiled kernel, or TensorFlow is older than 2.5."""
    wrapped = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(graph_def, name=""), [])
    tensors = [[wrapped.graph.get_tensor_by_name(name) for name in names] for names in (feeds, fetches)]
    try:
        function = tf.function(wrapped.prune(*tensors), jit_compile=True)
    except TypeError:
        raise RequestError("NO_XLA", "TensorFlow {} does not compile functions".format(tf.__version__))

    def run(*arrays: Any) -> Sequence[Any]:
        try:
            return [value.numpy() for value in function(*[tf.constant(array) for array in arrays])]
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise RequestError("NO_XLA", "XLA cannot compile the model: " + short(error), "", "Run it without XLA.")

    return run
