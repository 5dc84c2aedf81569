"""TensorFlow Lite's operators as layers: kinds, settings and weights in the words that all formats share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Computation, Layer, Port, Weight
from inspector.domain.errors import InspectorError
from inspector.formats.flatbuffer import Table
from inspector.formats.tflite_model import Model, Operator, Signature, Subgraph, Tensor
from inspector.formats.tflite_options import PADDING, fused_activation, options_of
from inspector.formats.tflite_patterns import Patterns, data_inputs, shape_only
from inspector.formats.tflite_recurrent import PLACES, recurrent
from inspector.formats.tflite_regions import Region, Regions
from inspector.formats.tflite_values import Layout, fits, keras_shape

ACTIVATIONS = {
    "RELU": "relu", "RELU6": "relu6", "LOGISTIC": "sigmoid", "TANH": "tanh", "ELU": "elu", "SOFTMAX": "softmax",
    "LOG_SOFTMAX": "log_softmax", "EXP": "exponential", "GELU": "gelu", "HARD_SWISH": "hard_swish",
    "RELU_N1_TO_1": "relu_n1_to_1",
    "LEAKY_RELU": "leaky_relu",
}  # fmt: skip
MERGES = {
    "ADD": "add", "SUB": "subtract", "MUL": "multiply", "DIV": "divide", "MAXIMUM": "maximum", "MINIMUM": "minimum",
    "CONCATENATION": "concat", "BATCH_MATMUL": "dot", "ADD_N": "add",
}  # fmt: skip
SHAPES = {
    "RESHAPE": "reshape", "SQUEEZE": "reshape", "EXPAND_DIMS": "reshape", "TRANSPOSE": "permute", "PAD": "pad",
    "PADV2": "pad", "MIRROR_PAD": "pad", "STRIDED_SLICE": "crop", "SLICE": "crop", "TILE": "repeat",
}  # fmt: skip
RESIZES = {"RESIZE_BILINEAR": "bilinear", "RESIZE_NEAREST_NEIGHBOR": "nearest"}
POOLS = {"AVERAGE_POOL_2D": "average", "MAX_POOL_2D": "max"}
REDUCTIONS = {"MEAN": "average", "REDUCE_MAX": "max"}
PASSING = ("QUANTIZE", "DEQUANTIZE", "FAKE_QUANT")  # the same value, kept otherwise
KERNELS: dict[str, tuple[str, str, Layout]] = {
    "CONV_2D": ("conv2d", "kernel", "conv"),
    "CONV_3D": ("conv3d", "kernel", "as_is"),
    "DEPTHWISE_CONV_2D": ("depthwise_conv2d", "depthwise_kernel", "depthwise"),
    "FULLY_CONNECTED": ("dense", "kernel", "dense"),
    "TRANSPOSE_CONV": ("conv2d_transpose", "kernel", "transposed"),
}
KERNEL_OPS = ("conv2d", "depthwise", "separable_conv2d", "matmul", "biasadd", "convolution", "tensordot")
ACTIVATION_OPS = ("relu", "relu6", "tanh", "sigmoid", "elu")
LOOKUPS = ("GATHER", "EMBEDDING_LOOKUP")
SCALE, OFFSET = ("MUL",), ("ADD", "SUB")
SMALL = 1 << 10  # bytes: constants of an activation are single numbers
Values = Callable[[str], NDArray[Any]]


@dataclass(slots=True)
class Lifter:
    """Lays out one subgraph. `aliases` maps a tensor to the one whose value it holds otherwise kept."""

    graph: Subgraph
    values: Values
    aliases: dict[int, int] = field(default_factory=dict)
    folded: dict[int, Tensor] = field(default_factory=dict)
    kernels: set[str] = field(default_factory=set)

    def layers(self) -> list[Layer]:
        """Inputs and operators in order."""
        found = [self._input(index) for index in self.graph.inputs]
        stored = [item.inputs[1] for item in self.graph.operators if item.name in KERNELS and len(item.inputs) > 1]
        self.kernels = {part for index in stored if index >= 0 for part in parts(self.name(index))}
        aside = shape_only(self.graph)
        for operator in self.graph.operators:
            if operator.name in PASSING and operator.outputs:
                self._pass(operator)
                aside.add(operator.index)
        regions = Regions(self.graph, self.root, self._numbers, aside).found()
        ends = {region.operators[-1].index: region for region in regions}
        aside |= {operator.index for region in regions for operator in region.operators[:-1]}
        for operator in self.graph.operators:
            if operator.index in ends:
                found.append(self._activation(ends[operator.index]))
            elif operator.index not in aside:
                found += self._operator(operator)
        outputs = [self.name(self.root(index)) for index in self.graph.outputs if index >= 0]
        joined = Patterns([self._aliased(layer) for layer in found], outputs, self._is_zero).joined()
        rounded = {tensor.name for tensor in self.graph.tensors if tensor.quantization is not None}
        return _joined(joined, rounded)

    def name(self, index: int) -> str:
        return self.graph.tensors[index].name

    def root(self, index: int) -> int:
        while index in self.aliases:
            index = self.aliases[index]
        return index

    def constant(self, index: int) -> Tensor | None:
        """A stored tensor, or the stored one that is only dequantized."""
        if index < 0:
            return None
        tensor = self.folded.get(index, self.graph.tensors[index])
        return tensor if tensor.is_constant else None

    def _numbers(self, index: int) -> NDArray[Any] | None:
        """A stored tensor's real numbers, in its own shape; None for what is computed, or is no number."""
        tensor = self.constant(index)
        if tensor is None or tensor.size > SMALL:
            return None if tensor is None else np.empty(0)
        try:
            return self.values(f"keras:{tensor.index}:as_is").reshape(tensor.shape)
        except InspectorError:
            return np.empty(0)

    def _is_zero(self, weight: Weight) -> bool:
        try:
            return not np.any(self.values(weight.id))
        except InspectorError:
            return False

    def _activation(self, region: Region) -> Layer:
        """Several operators that are one activation."""
        made = self._made(region.operators[-1])
        nodes = dict.fromkeys(part for item in region.operators for part in parts(self.name(item.outputs[0])))
        return replace(
            made,
            kind="activation",
            settings=region.settings,
            weights=(),
            inputs=(self.name(region.source),),
            nodes=tuple(nodes),
        )

    def _pass(self, operator: Operator) -> None:
        before, after = operator.inputs[0], operator.outputs[0]
        stored = self.constant(before)
        if stored is not None:
            self.folded[after] = stored
        else:
            self.aliases[after] = before

    def _aliased(self, layer: Layer) -> Layer:
        outputs = set(layer.outputs)
        same = [self.name(index) for index in self.aliases if self.name(self.root(index)) in outputs]
        return replace(layer, aliases=tuple(same))

    def _input(self, index: int) -> Layer:
        tensor = self.graph.tensors[index]
        return Layer(
            name=tensor.name,
            kind="input",
            class_name="Input",
            outputs=(tensor.name,),
            nodes=parts(tensor.name),
            shape=tensor.signature,
            dtype=as_real(tensor),
        )

    def _operator(self, operator: Operator) -> Iterator[Layer]:
        if not operator.outputs:
            return
        made = self._made(operator)
        activation = fused_activation(operator)
        if activation:
            middle = f"{made.outputs[0]}#{operator.name.lower()}"
            ends = tuple(part for part in parts(made.outputs[0]) if _op_of(part) in ACTIVATION_OPS)
            rest = tuple(part for part in made.nodes if part not in ends)
            yield replace(made, name=middle, outputs=(middle,), nodes=rest)
            settings = {"activation": activation}
            yield replace(made, kind="activation", settings=settings, inputs=(middle,), weights=(), nodes=ends)
            return
        yield made

    def _made(self, operator: Operator) -> Layer:
        tensor = self.graph.tensors[operator.outputs[0]]
        data = [self.name(self.root(index)) for index in data_inputs(operator) if self._is_computed(index)]
        kind, settings, weights = self._meaning(operator)
        return Layer(
            name=tensor.name,
            kind=kind,
            class_name=operator.name,
            settings=settings,
            weights=weights,
            inputs=tuple(dict.fromkeys(data)),
            outputs=tuple(self.name(index) for index in operator.outputs),
            nodes=self._own_parts(operator) if operator.name in KERNELS else parts(tensor.name),
            shape=tensor.signature,
            dtype=as_real(tensor),
        )

    def _is_computed(self, index: int) -> bool:
        """Whether a run gives the tensor: it is neither stored nor the operator's own state."""
        return self.constant(index) is None and not self.graph.tensors[index].is_variable

    def _own_parts(self, operator: Operator) -> tuple[str, ...]:
        """Of all the names that were joined for a fused kernel its own: the batch norm and the activation are
        other layers, and some parts are the names of other kernels (a constant that they share)."""
        kernel = self.constant(operator.inputs[1]) if len(operator.inputs) > 1 else None
        own = parts(kernel.name) if kernel is not None else ()
        joined = [part.rstrip("0123456789") for part in parts(self.name(operator.outputs[0]))]
        joined = [part for part in joined if _op_of(part) in KERNEL_OPS and part not in self.kernels]
        return tuple(dict.fromkeys((*own, *joined))) or parts(self.name(operator.outputs[0]))

    def _meaning(self, operator: Operator) -> tuple[str, dict[str, Any], tuple[Weight, ...]]:
        name = operator.name
        if name in KERNELS:
            return self._kernel(operator)
        if name in PLACES:
            return recurrent(operator, self.constant)
        if name in ACTIVATIONS:
            slope = {"slope": float(_number(operator.options, 0, "f"))} if name == "LEAKY_RELU" else {}
            return "activation", {"activation": ACTIVATIONS[name], **slope}, ()
        if name in POOLS:
            return "pool", pool_settings(operator.options, POOLS[name]), ()
        if name in REDUCTIONS and self._keeps_channels(operator):
            keep = bool(_number(operator.options, 0, "?"))
            return "global_pool", {"pool": REDUCTIONS[name], "keepdims": keep}, ()
        vectors = [tensor for index in operator.inputs if (tensor := self.constant(index)) is not None]
        if len(vectors) == 1 and name in (*SCALE, *OFFSET):
            role = "scale" if name in SCALE else "offset"
            one = vectors[0].shape in ((), (1,))
            return ("rescaling" if one else role), {}, () if one else self._constants(operator, (role,))
        if name in RESIZES:
            return "upsample", resize_settings(operator), ()
        if name in MERGES or name in SHAPES:
            return {**MERGES, **SHAPES}[name], {}, ()
        return self._other(operator)

    def _other(self, operator: Operator) -> tuple[str, dict[str, Any], tuple[Weight, ...]]:
        if operator.name == "PRELU":
            return "prelu", {}, self._constants(operator, ("alpha",))
        table = self._constants(operator, ("embeddings",)) if operator.name in LOOKUPS else ()
        if len(table) == 1 and len(table[0].shape) == 2:
            return "embedding", {"input_dim": table[0].shape[0], "output_dim": table[0].shape[1]}, table
        roles = tuple(f"constant_{place}" for place in range(len(operator.inputs)))
        return "other", {}, self._constants(operator, roles)

    def _keeps_channels(self, operator: Operator) -> bool:
        """Whether a reduction leaves the last axis as it is."""
        before, after = (self.graph.tensors[place[0]].shape for place in (operator.inputs, operator.outputs))
        return bool(before and after) and before[-1] == after[-1]

    def _kernel(self, operator: Operator) -> tuple[str, dict[str, Any], tuple[Weight, ...]]:
        kind, role, layout = KERNELS[operator.name]
        settings = convolution_settings(operator)
        kernel = self.constant(operator.inputs[1]) if len(operator.inputs) > 1 else None
        weights = []
        if kernel is not None and fits(kernel, layout):
            shape = keras_shape(kernel, layout)
            if layout == "depthwise":
                multiplier = max(1, int(_number(operator.options, 3, "i", 1)))
                shape = (*shape[:-1], shape[-1] // multiplier, multiplier)
            weights.append(_weight(kernel, role, layout, shape))
        place = 3 if operator.name == "TRANSPOSE_CONV" else 2
        bias = self.constant(operator.inputs[place]) if len(operator.inputs) > place else None
        if bias is not None:
            weights.append(_weight(bias, "bias", "as_is", bias.shape))
        return kind, settings, tuple(weights)

    def _constants(self, operator: Operator, roles: tuple[str, ...]) -> tuple[Weight, ...]:
        tensors = [self.constant(index) for index in operator.inputs]
        known = [tensor for tensor in tensors if tensor is not None and tensor.shape and _is_real(tensor)]
        return tuple(_weight(tensor, role, "as_is", tensor.shape) for tensor, role in zip(known, roles, strict=False))


def _weight(tensor: Tensor, role: str, layout: Layout, shape: tuple[int, ...]) -> Weight:
    """A stored tensor as a weight that is read as real numbers, in Keras's layout."""
    step = tensor.quantization.step if tensor.quantization is not None else 0.0
    dtype = "float16" if tensor.dtype == "float16" else "float32"
    return Weight(id=f"keras:{tensor.index}:{layout}", role=role, shape=shape, dtype=dtype, step=step)


def computation(model: Model, signature: Signature | None, values: Values) -> Computation:
    """The layers of the signature's subgraph (of the first one without a signature). `values` reads a stored weight
    by its id, flat."""
    graph = model.subgraphs[signature.subgraph if signature is not None else 0]
    lifter = Lifter(graph, values)
    layers = lifter.layers()
    names = {index: name for name, index in (*signature.inputs, *signature.outputs)} if signature is not None else {}
    return Computation(
        layers=tuple(layers),
        inputs=tuple(_port(graph.tensors[index], names) for index in graph.inputs),
        outputs=tuple(_port(graph.tensors[index], names) for index in graph.outputs),
        fused=True,
    )


def parts(name: str) -> tuple[str, ...]:
    """The names that the converter joined when it fused their nodes."""
    return tuple(part for part in name.split(";") if part)


def _op_of(part: str) -> str:
    """The op at the end of a node's name, without the number that tells it from others."""
    return part.rpartition("/")[2].rstrip("0123456789_").lower()


def as_real(tensor: Tensor) -> str:
    """The dtype in which a tensor is handed out: a quantized one as float32."""
    return "float32" if tensor.quantization is not None and tensor.dtype.startswith(("int", "uint")) else tensor.dtype


def convolution_settings(operator: Operator) -> dict[str, Any]:
    """Padding, strides and dilation (rows, columns)."""
    if operator.name == "FULLY_CONNECTED" or operator.options is None:
        return {}
    width, height = {"DEPTHWISE_CONV_2D": (5, 6), "CONV_2D": (4, 5)}.get(operator.name, (None, None))
    found: dict[str, Any] = {
        "padding": _padding(operator.options),
        "strides": (int(_number(operator.options, 2, "i")), int(_number(operator.options, 1, "i"))),
    }
    if width is not None and height is not None:
        found["dilation"] = (
            int(_number(operator.options, height, "i", 1)),
            int(_number(operator.options, width, "i", 1)),
        )
    return found


def pool_settings(options: Table | None, pool: str) -> dict[str, Any]:
    """Padding, window and strides (rows, columns)."""
    return {
        "pool": pool,
        "padding": _padding(options),
        "pool_size": (int(_number(options, 4, "i")), int(_number(options, 3, "i"))),
        "strides": (int(_number(options, 2, "i")), int(_number(options, 1, "i"))),
    }


def resize_settings(operator: Operator) -> dict[str, Any]:
    """Interpolation, and which points of the two pictures lie over each other."""
    options = options_of(operator.options_kind, operator.options)
    where = {name: options.get(name, False) for name in ("align_corners", "half_pixel_centers")}
    return {"interpolation": RESIZES[operator.name], **where}


def _joined(layers: list[Layer], rounded: set[str]) -> list[Layer]:
    """A scale and the offset that alone follows it are a batch norm, worked out beforehand; not where the
    value between them is rounded, which makes it a value of its own."""
    readers: dict[str, int] = {}
    for layer in layers:
        for tensor in layer.inputs:
            readers[tensor] = readers.get(tensor, 0) + 1
    alone = [layer for layer in layers if layer.kind == "scale" and readers.get(layer.outputs[0]) == 1]
    scales = {layer.outputs[0]: layer for layer in alone if layer.outputs[0] not in rounded}
    found: dict[str, Layer] = {}
    for layer in layers:
        before = scales.get(layer.inputs[0]) if len(layer.inputs) == 1 else None
        if before is None or layer.kind != "offset" or layer.class_name != "ADD":
            found[layer.name] = layer
            continue
        del found[before.name]
        weights, nodes = before.weights + layer.weights, before.nodes + layer.nodes
        found[layer.name] = replace(layer, kind="batch_norm", weights=weights, inputs=before.inputs, nodes=nodes)
    return list(found.values())


def _port(tensor: Tensor, names: dict[int, str]) -> Port:
    name = names.get(tensor.index, tensor.name)
    return Port(name=name, tensor=tensor.name, shape=tensor.signature, dtype=as_real(tensor))


def _padding(options: Table | None) -> str:
    code = int(_number(options, 0, "b"))
    return PADDING[code] if 0 <= code < len(PADDING) else ""


def _number(options: Table | None, place: int, kind: str, default: float = 0) -> Any:
    return default if options is None else options.number(place, kind, default)


def _is_real(tensor: Tensor) -> bool:
    return "float" in tensor.dtype or tensor.quantization is not None
