"""Freeze a Keras model with TensorFlow's own freezing, and say what each layer call gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def frozen(model: Any, *, batch: int | None = None, lower: bool = True) -> tf.compat.v1.GraphDef:
    """The model as a frozen graph. `lower` gives v1 while frames instead of While ops."""
    signature = [tf.TensorSpec((batch, *tuple(t.shape)[1:]), t.dtype, name=name(t)) for t in model.inputs]
    function = tf.function(lambda *tensors: model(list(tensors) if len(tensors) > 1 else tensors[0], training=False))
    concrete = function.get_concrete_function(*signature)
    return convert_variables_to_constants_v2(concrete, lower_control_flow=lower).graph.as_graph_def()


def name(tensor: Any) -> str:
    return str(tensor._keras_history[0].name)


def feeds(model: Any, batch: int = 2, seed: int = 0) -> list[np.ndarray]:
    """Ids below 11, else numbers in -1..1; one array for each input."""
    random = np.random.default_rng(seed)
    arrays = []
    for tensor in model.inputs:
        shape = (batch, *tuple(tensor.shape)[1:])
        whole = "int" in str(tensor.dtype)
        arrays.append(
            random.integers(1, 11, shape).astype("int32") if whole else random.uniform(-1, 1, shape).astype("float32")
        )
    return arrays


def layer_values(keras: Any, model: Any, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """What each layer call gives, by the path of its calls (`outer/inner`, `@k` for further calls)."""
    found: dict[str, np.ndarray] = {}
    stack: list[str] = []
    calls: dict[str, int] = {}
    original = keras.layers.Layer.__call__

    def watched(layer: Any, *given: Any, **options: Any) -> Any:
        path = "/".join([*stack, layer.name])
        index = calls.get(path, 0)
        calls[path] = index + 1
        stack.append(layer.name + (f"@{index}" if index else ""))
        value = original(layer, *given, **options)
        own = "/".join(stack[1:])
        stack.pop()
        first = value[0] if isinstance(value, list | tuple) else value
        found[own] = np.asarray(first)
        return value

    keras.layers.Layer.__call__ = watched
    try:
        model([tf.constant(a) for a in arrays] if len(arrays) > 1 else tf.constant(arrays[0]), training=False)
    finally:
        keras.layers.Layer.__call__ = original
    return found


def graph_values(graph: Any, feeds: dict[str, np.ndarray], tensors: list[str]) -> dict[str, np.ndarray]:
    """The tensors' values in a session that computes the graph as it stands: fusing moves exact GELU by 1e-4."""
    options = tf.compat.v1.ConfigProto()
    options.graph_options.rewrite_options.disable_meta_optimizer = True
    with tf.Graph().as_default() as own, tf.compat.v1.Session(config=options) as session:
        tf.import_graph_def(graph, name="")
        phases = {
            op.outputs[0]: False
            for op in own.get_operations()
            if op.type.startswith("Placeholder") and op.outputs[0].dtype == tf.bool and op.outputs[0].shape.rank == 0
        }
        values = session.run(tensors, {**{f"{n}:0": value for n, value in feeds.items()}, **phases})
    return dict(zip(tensors, values, strict=True))


def renamed(graph: Any) -> tuple[Any, dict[str, str]]:
    """A copy whose nodes are n0, n1, ..., and the new names by the old ones."""
    copy = type(graph)()
    copy.CopyFrom(graph)
    names = {node.name: f"n{index}" for index, node in enumerate(copy.node)}

    def anew(text: str) -> str:
        control, text = text[:1] == "^", text.lstrip("^")
        node, _, index = text.partition(":")
        return ("^" if control else "") + names[node] + (f":{index}" if index else "")

    for node in copy.node:
        node.name = names[node.name]
        node.attr.pop("_class", None)
        for place, text in enumerate(node.input):
            node.input[place] = anew(text)
    return copy, names
