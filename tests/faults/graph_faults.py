"""Faults of a converter: made in the frozen graph itself, node by node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from faults import Fault, Made, named

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative", "MatMul")
HALF, FLOAT = tf.float16.as_datatype_enum, tf.float32.as_datatype_enum


def nodes(graph: Any, layer: str, *ops: str) -> list[Any]:
    """The layer's nodes of these ops; Keras 3 calls its scope `conv_1`, too. Raises LookupError where there is none."""
    scope = re.compile(rf"(^|/){re.escape(layer)}(_\d+)?/")
    got = [node for node in graph.node if node.op in ops and scope.search(node.name)]
    if not got:
        raise LookupError(f"{layer} has no {' or '.join(ops)}")
    return got


def node_of(graph: Any, tensor: str) -> Any:
    """The node that gives a tensor, through Identity."""
    name = tensor.partition(":")[0]
    node = next(node for node in graph.node if node.name == name)
    return node_of(graph, node.input[0]) if node.op == "Identity" else node


def constant(graph: Any, tensor: str) -> np.ndarray:
    return tf.make_ndarray(node_of(graph, tensor).attr["value"].tensor)


def set_constant(graph: Any, tensor: str, value: np.ndarray) -> None:
    node_of(graph, tensor).attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))


def replace_input(graph: Any, old: str, new: str, *, but: str = "") -> None:
    """Everything that reads `old` reads `new` instead."""
    for node in graph.node:
        if node.name != but:
            for at, text in enumerate(node.input):
                if text in (old, f"{old}:0"):
                    node.input[at] = new


def become(node: Any, op: str, *inputs: str, **attributes: Any) -> None:
    """Another op of float32 under the node's name."""
    given = inputs or tuple(node.input)
    node.op = op
    del node.input[:]
    node.input.extend(given)
    node.attr.clear()
    set_attributes(node, T=tf.float32, **attributes)


def set_attributes(node: Any, **attributes: Any) -> None:
    for name, value in attributes.items():
        attribute = node.attr[name]
        if isinstance(value, tf.DType):
            attribute.type = value.as_datatype_enum
        elif isinstance(value, bool):
            attribute.b = value
        elif isinstance(value, float):
            attribute.f = value
        elif isinstance(value, int):
            attribute.i = value
        elif isinstance(value, str):
            attribute.s = value.encode()
        else:
            attribute.list.i[:] = value


def new_constant(graph: Any, name: str, value: np.ndarray) -> str:
    node = graph.node.add(name=name, op="Const")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    node.attr["dtype"].type = node.attr["value"].tensor.dtype
    return name


def _fault(cause: str, what: str, layer: str, change: Callable[[Any], None]) -> Fault:
    return Fault(cause=cause, what=f"graph: {what}", layers=(layer,), graph=change)


def norms(made: Made, random: np.random.Generator) -> Iterator[Fault]:
    for name, _ in named(made, "BatchNormalization"):
        value = float(random.choice([0.01, 0.03, 0.2]))

        def epsilon(graph: Any, name: str = name, value: float = value) -> None:
            for node in nodes(graph, name, "FusedBatchNormV3"):
                node.attr["epsilon"].f = value

        def trains(graph: Any, name: str = name) -> None:
            for node in nodes(graph, name, "FusedBatchNormV3"):
                node.attr["is_training"].b = True
                empty = new_constant(graph, f"{node.name}/empty", np.zeros(0, np.float32))
                node.input[3:5] = [empty, empty]

        def statistics(graph: Any, name: str = name) -> None:
            for node in nodes(graph, name, "FusedBatchNormV3"):
                set_constant(graph, node.input[4], np.ones_like(constant(graph, node.input[4])))
                set_constant(graph, node.input[3], np.zeros_like(constant(graph, node.input[3])))

        yield _fault("batchnorm-epsilon", f"epsilon {value}", name, epsilon)
        yield _fault("batchnorm-training-mode", "is_training of one", name, trains)
        yield _fault("batchnorm-statistics", "0 and 1", name, statistics)
    for name, _ in named(made, "LayerNormalization"):

        def layer_epsilon(graph: Any, name: str = name) -> None:
            sums = [node for node in nodes(graph, name, "AddV2") if node.name.endswith(("/add", "batchnorm/add"))]
            sizes = [node for node in sums if constant(graph, node.input[1]).size == 1]
            set_constant(graph, sizes[0].input[1], np.float32(0.02))

        yield _fault("layernorm-epsilon", "epsilon 0.02", name, layer_epsilon)


def activations(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    swaps: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("Relu", "Relu6", {}), ("Relu", "LeakyRelu", {"alpha": 0.2}), ("Relu", "Elu", {}), ("Relu6", "Relu", {}),
        ("Elu", "Selu", {}), ("Selu", "Elu", {}), ("Tanh", "Sigmoid", {}), ("Sigmoid", "Tanh", {}),
        ("Softmax", "Sigmoid", {}),
    )  # fmt: skip
    layers = named(made, "Conv2D", "Conv1D", "Dense", "Activation", "ReLU", "Softmax")
    for name, config in layers:
        own = str(config.get("activation") or (config["args"] or ("",))[-1])
        for op, other, attributes in swaps:
            kinds = {"relu": "Relu", "6.0": "Relu6", "softmax": "Softmax", "elu": "Elu", "selu": "Selu", "tanh": "Tanh"}
            if kinds.get(own, "Softmax" if name == "scores" and not config["args"] else "") != op:
                continue

            def swap(
                graph: Any, name: str = name, op: str = op, other: str = other, more: dict[str, Any] = attributes
            ) -> None:
                for node in nodes(graph, name, op):
                    become(node, other, **more)

            yield _fault("activation", f"{op} becomes {other}", name, swap)
    for name, _ in named(made, "LeakyReLU"):

        def slope(graph: Any, name: str = name) -> None:
            for node in nodes(graph, name, "LeakyRelu"):
                node.attr["alpha"].f = 0.01

        yield _fault("activation", "alpha 0.01", name, slope)


def windows(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    for name, config in named(made, "Conv2D"):
        size, stride = config["args"][1], config.get("strides", 1)
        if config.get("padding") != "same" or size == 1:
            continue
        total = size - stride if stride > 1 else size - 1  # of an even number of rows

        def explicit(graph: Any, name: str = name, total: int = total) -> None:
            for node in nodes(graph, name, "Conv2D"):
                node.attr["padding"].s = b"EXPLICIT"
                low = total if total < 2 else total // 2 + 1
                set_attributes(node, explicit_paddings=[0, 0, low, total - low, low, total - low, 0, 0])

        yield _fault("padding", "EXPLICIT", name, explicit)


def pools(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    for class_name, op, other in (("MaxPooling2D", "MaxPool", "AvgPool"), ("AveragePooling2D", "AvgPool", "MaxPool")):
        for name, _ in named(made, class_name):

            def pool(graph: Any, name: str = name, op: str = op, other: str = other) -> None:
                for node in nodes(graph, name, op):
                    node.op = other
                    node.attr.pop("explicit_paddings", None)

            yield _fault("pooling", f"{op} becomes {other}", name, pool)


def resizes(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    for name, _ in named(made, "UpSampling2D"):
        for what, change in (
            ("no half pixels", {"half_pixel_centers": False}),
            ("align_corners", {"half_pixel_centers": False, "align_corners": True}),
        ):

            def corners(graph: Any, name: str = name, change: dict[str, Any] = change) -> None:
                for node in nodes(graph, name, "ResizeBilinear"):
                    set_attributes(node, **change)

            yield _fault("resize", what, name, corners)
        for other in ("ResizeNearestNeighbor", "ResizeBicubic"):

            def method(graph: Any, name: str = name, other: str = other) -> None:
                for node in nodes(graph, name, "ResizeBilinear"):
                    node.op = other

            yield _fault("resize", other, name, method)


def constants(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    for name, _ in named(made, "Conv2D", "Dense"):

        def turned(graph: Any, name: str = name) -> None:
            for node in nodes(graph, name, "Conv2D", "MatMul"):
                kernel = constant(graph, node.input[1])
                other = np.ascontiguousarray(kernel.T if kernel.ndim == 2 else kernel.transpose(0, 1, 3, 2))
                set_constant(graph, node.input[1], other.reshape(kernel.shape))

        yield _fault("layout", "kernel's channels exchanged", name, turned)
    for name, _ in named(made, "Conv2D", "Conv1D", "Dense", "DepthwiseConv2D"):

        def half(graph: Any, name: str = name) -> None:
            for node in nodes(graph, name, *CONVOLUTIONS):
                kernel = constant(graph, node.input[1]).astype(np.float16)
                stored = new_constant(graph, f"{node.name}/half", kernel)
                cast = graph.node.add(name=f"{node.name}/cast", op="Cast", input=[stored])
                cast.attr["SrcT"].type, cast.attr["DstT"].type = HALF, FLOAT
                node.input[1] = cast.name

        def bytes_of(graph: Any, name: str = name) -> None:
            for node in nodes(graph, name, *CONVOLUTIONS):
                kernel = constant(graph, node.input[1])
                step = np.abs(kernel).max() / 20
                set_constant(graph, node.input[1], (np.round(kernel / step) * step).astype(np.float32))

        yield _fault("precision", "kernel stored in float16", name, half)
        yield _fault("quantization", "kernel on a coarse grid", name, bytes_of)


def not_carried(made: Made, random: np.random.Generator) -> Iterator[Fault]:
    for name, _ in named(made, "Conv2D", "Dense"):
        seed = int(random.integers(1 << 30))

        def another(graph: Any, name: str = name, seed: int = seed) -> None:
            for node in nodes(graph, name, "Conv2D", "MatMul"):
                kernel = constant(graph, node.input[1])
                limit = np.sqrt(6.0 / (np.prod(kernel.shape[:-1]) + np.prod(kernel.shape[:-2]) * kernel.shape[-1]))
                fresh = np.random.default_rng(seed).uniform(-limit, limit, kernel.shape)
                set_constant(graph, node.input[1], fresh.astype(np.float32))

        def nan(graph: Any, name: str = name, seed: int = seed) -> None:
            for node in nodes(graph, name, "Conv2D", "MatMul"):
                kernel = constant(graph, node.input[1]).copy()
                kernel.ravel()[seed % kernel.size] = np.nan
                set_constant(graph, node.input[1], kernel)

        yield _fault("weights-not-loaded", "an initializer's kernel", name, another)
        yield _fault("nan-or-infinity", "NaN in a constant", name, nan)


def computed_in_half(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    """The op itself works in float16, as a mixed policy or an optimiser for other hardware leaves it."""
    for name, _ in named(made, "Conv2D", "Dense"):

        def lowered(graph: Any, name: str = name) -> None:
            for node in nodes(graph, name, "Conv2D", "MatMul"):
                replace_input(graph, node.name, f"{node.name}/float")
                for at in (0, 1):
                    down = graph.node.add(name=f"{node.name}/half_{at}", op="Cast", input=[node.input[at]])
                    down.attr["SrcT"].type, down.attr["DstT"].type = FLOAT, HALF
                    node.input[at] = down.name
                node.attr["T"].type = HALF
                up = graph.node.add(name=f"{node.name}/float", op="Cast", input=[node.name])
                up.attr["SrcT"].type, up.attr["DstT"].type = HALF, FLOAT

        yield _fault("precision", "computes in float16", name, lowered)


def activations_quantized(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    """A FakeQuant node behind an activation, with a range that is too small or with few bits."""
    for name, config in named(made, "Conv2D", "Activation", "ReLU"):
        if not (config.get("activation") == "relu" or "relu" in config["args"] or 6.0 in config["args"]):
            continue
        for what, bits, high in (("saturated activations", 8, 0.7), ("activations in 4 bits", 4, 6.0)):

            def fake(graph: Any, name: str = name, bits: int = bits, high: float = high) -> None:
                for node in nodes(graph, name, "Relu", "Relu6"):
                    replace_input(graph, node.name, f"{node.name}/quantized")
                    added = graph.node.add(
                        name=f"{node.name}/quantized", op="FakeQuantWithMinMaxArgs", input=[node.name]
                    )
                    set_attributes(added, min=0.0, max=high, num_bits=bits, narrow_range=False)

            yield _fault("quantization", what, name, fake)


def lost(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    """A node of the layer passes its input on."""
    kinds: dict[str, tuple[str, ...]] = {
        "Add": ("AddV2",), "ReLU": ("Relu", "Relu6"), "Activation": ("Relu", "Elu", "Tanh"),
        "LeakyReLU": ("LeakyRelu",), "BatchNormalization": ("FusedBatchNormV3",),
    }  # fmt: skip
    for class_name, ops in kinds.items():
        for name, _ in named(made, class_name):

            def passed(graph: Any, name: str = name, ops: tuple[str, ...] = ops) -> None:
                for node in nodes(graph, name, *ops):
                    become(node, "Identity", node.input[-1] if node.op == "AddV2" else node.input[0])

            yield _fault("missing-layer", "an Identity in its place", name, passed)


FAMILIES = (
    norms,
    activations,
    windows,
    pools,
    resizes,
    constants,
    not_carried,
    computed_in_half,
    activations_quantized,
    lost,
)
