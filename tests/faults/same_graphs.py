"""The same net written in another way: each function gives a graph (or a Keras model) that computes what A does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf
from environment_faults import filled
from fault_nets import NETS, Recipe, flat_layers
from faults import found, is_inside
from graph_faults import become, constant, new_constant, node_of, replace_input, set_attributes, set_constant
from writing import Pair, fold, frozen


def copied(graph: Any) -> Any:
    copy = tf.compat.v1.GraphDef()
    copy.CopyFrom(graph)
    return copy


def folded(pair: Pair) -> Any:
    """Every batch norm behind a convolution worked into its kernel and bias."""
    made = _made(pair)
    pairs = {
        norm: conv
        for (conv_class, conv, config), (norm_class, norm, _) in pairwise(made)
        if norm_class == "BatchNormalization" and "Conv2D" in conv_class and not config.get("activation")
    }
    if not pairs:
        raise LookupError("no batch norm behind a convolution")

    def change(keras: Any, class_name: str, name: str, given: dict[str, Any]) -> Any:
        if name in pairs:
            return lambda x: x
        if name in pairs.values():
            return getattr(keras.layers, class_name)(*given.pop("args"), name=name, **{**given, "use_bias": True})
        return None

    model = _changed(pair, change)
    for norm, conv in pairs.items():
        fold(flat_layers(pair.model), flat_layers(model), conv, norm)
    return frozen(model)


def norms_written_out(pair: Pair) -> Any:
    """Batch norm as one factor and one summand; layer norm by moments."""
    own = flat_layers(pair.model)

    def change(keras: Any, class_name: str, name: str, _given: dict[str, Any]) -> Any:
        if class_name == "BatchNormalization":
            layer = found(own, name)
            gamma, beta, mean, variance = layer.get_weights()
            factor = gamma / np.sqrt(variance + layer.epsilon)
            return lambda x: x * factor + (beta - mean * factor)
        if class_name == "LayerNormalization":
            gamma, beta = found(own, name).get_weights()
            epsilon = found(own, name).epsilon

            def normed(x: Any) -> Any:
                mean = tf.reduce_mean(x, -1, keepdims=True)
                variance = tf.reduce_mean(tf.math.squared_difference(x, mean), -1, keepdims=True)
                return (x - mean) * tf.math.rsqrt(variance + epsilon) * gamma + beta

            return keras.layers.Lambda(normed, name=name)
        return None

    return frozen(_changed(pair, change))


def activations_written_out(pair: Pair) -> Any:
    """Softmax by exp and sum, ReLU6 by minimum, a leaky slope by maximum, swish by a product."""

    def change(keras: Any, class_name: str, name: str, given: dict[str, Any]) -> Any:
        ways: dict[str, Callable[[Any], Any]] = {
            "ReLU": lambda x: tf.minimum(tf.nn.relu(x), 6.0),
            "LeakyReLU": lambda x: tf.maximum(x, 0.3 * x),
            "Softmax": lambda x: tf.exp(x) / tf.reduce_sum(tf.exp(x), -1, keepdims=True),
        }
        if class_name == "Activation" and given["args"][0] == "swish":
            return keras.layers.Lambda(lambda x: x * tf.sigmoid(x), name=name)
        if class_name == "Activation" and given["args"][0] == "relu":
            return keras.layers.Lambda(lambda x: tf.maximum(x, 0.0), name=name)
        return keras.layers.Lambda(ways[class_name], name=name) if class_name in ways else None

    return frozen(_changed(pair, change))


def padded_by_hand(pair: Pair) -> Any:
    """SAME written as the pads that it stands for, before an even number of rows, and VALID."""
    made = _made(pair)

    def change(keras: Any, class_name: str, name: str, given: dict[str, Any]) -> Any:
        if class_name not in ("Conv2D", "DepthwiseConv2D") or given.get("padding") != "same" or is_inside(made, name):
            return None
        size, stride = given["args"][0 if class_name == "DepthwiseConv2D" else 1], given.get("strides", 1)
        total = size - 1 if stride == 1 else size - stride
        pads = (total // 2, total - total // 2)
        layer = getattr(keras.layers, class_name)(*given.pop("args"), name=name, **{**given, "padding": "valid"})
        return lambda x: layer(tf.pad(x, [[0, 0], pads, pads, [0, 0]]))

    return frozen(_changed(pair, change))


def without_dropout(pair: Pair) -> Any:
    def change(_keras: Any, class_name: str, name: str, _given: dict[str, Any]) -> Any:
        return (lambda x: x) if class_name == "Dropout" and not is_inside(_made(pair), name) else None

    return frozen(_changed(pair, change))


def unrolled(pair: Pair) -> Any:
    """Recurrent layers step by step, without a loop."""

    def change(keras: Any, class_name: str, name: str, given: dict[str, Any]) -> Any:
        if class_name not in ("LSTM", "GRU"):
            return None
        return getattr(keras.layers, class_name)(*given.pop("args"), name=name, **{**given, "unroll": True})

    if not any(class_name in ("LSTM", "GRU") for class_name, _, _ in _made(pair)):
        raise LookupError("nothing recurrent")
    return frozen(_changed(pair, change))


def bias_as_add(graph: Any) -> Any:
    if any(node.op in ("Erf", "Erfc") for node in graph.node):
        raise LookupError("TensorFlow fuses bias and GELU wrongly then: that is a fault, `backend-kernel`")
    copy = copied(graph)
    for node in copy.node:
        if node.op == "BiasAdd":
            become(node, "AddV2")
        elif node.op == "AddV2":
            node.input[:] = [*reversed(node.input)]
    return copy


def dense_transposed(graph: Any) -> Any:
    copy = copied(graph)
    for node in list(copy.node):
        if node.op == "MatMul" and not node.attr["transpose_b"].b and node_of(copy, node.input[1]).op == "Const":
            kernel = constant(copy, node.input[1])
            node.input[1] = new_constant(copy, f"{node.name}/turned", np.ascontiguousarray(kernel.T))
            set_attributes(node, transpose_b=True)
    return copy


def constants_split(graph: Any) -> Any:
    """Every kernel put together from two halves."""
    copy = copied(graph)
    for node in list(copy.node):
        if node.op not in ("Conv2D", "MatMul") or node_of(copy, node.input[1]).op != "Const":
            continue
        kernel = constant(copy, node.input[1])
        half = kernel.shape[-1] // 2
        parts = [
            new_constant(copy, f"{node.name}/part_{at}", np.ascontiguousarray(part))
            for at, part in enumerate((kernel[..., :half], kernel[..., half:]))
        ]
        axis = new_constant(copy, f"{node.name}/axis", np.int32(kernel.ndim - 1))
        joined = copy.node.add(name=f"{node.name}/joined", op="ConcatV2", input=[*parts, axis])
        set_attributes(joined, T=tf.float32, Tidx=tf.int32, N=2)
        node.input[1] = joined.name
    return copy


def inputs_renamed(graph: Any) -> Any:
    """The inputs have other names, in the same order."""
    copy = copied(graph)
    placeholders = [node for node in copy.node if node.op == "Placeholder" and "unused_control_flow" not in node.name]
    for at, node in enumerate(placeholders):
        old, node.name = node.name, f"given_{at}"
        replace_input(copy, old, node.name)
    return copy


def rounded_twice(graph: Any) -> Any:
    """Weights that went through float64 text and back: off by at most one spacing, here and there."""
    copy = copied(graph)
    random = np.random.default_rng(3)
    for node in copy.node:
        if node.op == "Const" and node.attr["dtype"].type == tf.float32.as_datatype_enum:
            array = tf.make_ndarray(node.attr["value"].tensor)
            if array.size > 1:
                up = random.integers(0, 2, array.shape).astype(bool)
                set_constant(copy, node.name, np.where(up, np.nextafter(array, np.float32(9)), array))
    return copy


def flattened_calls(graph: Any) -> Any:
    """Flatten's shape worked out, a Squeeze and an ExpandDims that undo each other before every MatMul."""
    copy = copied(graph)
    axis = new_constant(copy, "front_axis", np.int32(1))
    for node in list(copy.node):
        if node.op == "MatMul" and node_of(copy, node.input[1]).op == "Const":
            wide = copy.node.add(name=f"{node.name}/wide", op="ExpandDims", input=[node.input[0], axis])
            set_attributes(wide, T=tf.float32, Tdim=tf.int32)
            flat = copy.node.add(name=f"{node.name}/flat", op="Squeeze", input=[wide.name])
            set_attributes(flat, T=tf.float32, squeeze_dims=[1])
            node.input[0] = flat.name
    return copy


def _made(pair: Pair) -> list[tuple[str, str, dict[str, Any]]]:
    import tf_keras

    recipe = Recipe(tf_keras, pair.seed)
    NETS[pair.net](recipe)
    return recipe.made


def _changed(pair: Pair, change: Any) -> Any:
    import tf_keras

    return filled(pair.net, pair.seed, pair.model, change, tf_keras)


OF_MODEL: dict[str, Callable[[Pair], Any]] = {
    "folded": folded, "norms written out": norms_written_out, "activations written out": activations_written_out,
    "padded by hand": padded_by_hand, "without dropout": without_dropout, "unrolled": unrolled,
}  # fmt: skip
OF_GRAPH: dict[str, Callable[[Any], Any]] = {
    "bias as Add": bias_as_add, "Dense transposed": dense_transposed, "constants split": constants_split,
    "inputs renamed": inputs_renamed, "rounded here and there": rounded_twice, "Squeeze undone": flattened_calls,
}  # fmt: skip
