"""Trace a Keras model into one graph and note which tensor each layer call gives.

The trace works for legacy Keras and Keras 3: the `__call__` that all layers share is replaced while one
`tf.function` is traced. Weights are read as values, so the graph is frozen as it stands.
"""

import contextlib
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable


class Trace(NamedTuple):
    """`function`: the model in inference, called with its inputs in order, gives a flat list of outputs.
    `inputs`, `outputs`: graph tensors in the model's order. `taps`: layer output to graph tensor, in
    the order of computation. `classes`: layer output to the layer's class name."""

    function: Any
    graph_def: Any
    inputs: List[str]
    outputs: List[str]
    taps: Dict[str, str]
    classes: Dict[str, str]


class LayerRecord:
    """Notes the outputs of every layer call in one graph, as `outer/inner`, `@k` for further calls."""

    def __init__(self, graph: Any, inputs: Dict[str, Any]) -> None:
        self._graph = graph
        self._stack: List[Tuple[str, Any]] = []
        self._calls: Dict[str, int] = {}
        self._seen = set(map(id, inputs.values()))
        self.tensors = dict(inputs)
        self.classes = dict.fromkeys(inputs, "InputLayer")

    def call(self, original: Callable[..., Any], layer: Any, args: Any, kwargs: Any) -> Any:
        """Call the layer for real. Inside a loop's body its outputs are no tensors of this graph."""
        if tf.compat.v1.get_default_graph() is not self._graph:
            return original(layer, *args, **kwargs)
        path = self._path(layer)
        self._stack.append((path, layer))
        try:
            outputs = original(layer, *args, **kwargs)
        finally:
            self._stack.pop()
        return self._note(path, layer, outputs) if path else outputs

    def _path(self, layer: Any) -> str:
        """The top model itself has no component: its path is empty."""
        if not self._stack:
            return ""
        outer, parent = self._stack[-1]
        path = "/".join(part for part in (outer, layer.name) if part)
        count = self._calls.get(path, 0)
        self._calls[path] = count + 1
        numbers = call_numbers(parent, layer)
        number = numbers[count] if count < len(numbers) else count
        return "{}@{}".format(path, number) if number else path

    def _note(self, path: str, layer: Any, outputs: Any) -> Any:
        flat = tf.nest.flatten(outputs)
        own = flat if network_of(layer) is not None else [self._own(tensor) for tensor in flat]
        for index, tensor in enumerate(own):
            if self._is_here(tensor):
                name = "{}:{}".format(path, index) if index else path
                self.tensors[name] = tensor
                self.classes[name] = type(layer).__name__
        changed = any(new is not old for new, old in zip(own, flat))
        return tf.nest.pack_sequence_as(outputs, own) if changed else outputs

    def _own(self, tensor: Any) -> Any:
        """A layer that gives back what it got (dropout) still gets a tensor of its own to cut at."""
        if not self._is_here(tensor):
            return tensor
        if id(tensor) in self._seen:
            mask = getattr(tensor, "_keras_mask", None)
            tensor = tf.identity(tensor)
            if mask is not None:
                tensor._keras_mask = mask
        self._seen.add(id(tensor))
        return tensor

    def _is_here(self, tensor: Any) -> bool:
        return isinstance(tensor, tf.Tensor) and getattr(tensor, "graph", None) is self._graph


def network_of(layer: Any) -> Any:
    """The functional network that a model is, or that a Sequential holds; None for other layers."""
    network = getattr(layer, "_functional", None) or layer
    return network if hasattr(network, "_nodes_by_depth") else None


def call_numbers(parent: Any, layer: Any) -> List[int]:
    """In which order a functional model makes its calls of a shared layer: numbers of the calls as the
    model's config counts them. Empty for layers that make their calls by program."""
    depths = getattr(network_of(parent), "_nodes_by_depth", {})
    nodes = [node for depth in sorted(depths, reverse=True) for node in depths[depth]]
    made = [node for node in nodes if getattr(node, "layer", None) is layer or _operation(node) is layer]
    stated = [node for node in layer._inbound_nodes if any(node is other for other in made)] if made else []
    return [next(number for number, other in enumerate(stated) if other is node) for node in made]


def _operation(node: Any) -> Any:
    return getattr(node, "operation", None)


def trace_model(model: Any, layer_classes: Sequence[Any], names: Sequence[str]) -> Trace:
    """Trace `model` in inference. `layer_classes`: the classes whose `__call__` all layers go through,
    the most special first; `names`: the model's inputs by name, in order."""
    records: List[LayerRecord] = []
    outputs: List[Any] = []

    def infer(*tensors: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        records.append(LayerRecord(graph, dict(zip(names, tensors))))
        with _watched(layer_classes, records[-1]):
            outputs.extend(tf.nest.flatten(model(_arranged(model, tensors), training=False)))
        return list(outputs)

    function = tf.function(infer, autograph=False).get_concrete_function(*_signature(model))
    record = records[-1]
    taps = {name: tensor.name for name, tensor in record.tensors.items()}
    return Trace(
        function,
        frozen_graph_def(function.graph),
        [taps[name] for name in names],
        [tensor.name for tensor in outputs],
        taps,
        record.classes,
    )


def _signature(model: Any) -> List[Any]:
    return [
        tf.TensorSpec(tuple(tensor.shape), _dtype(tensor.dtype), "input_{}".format(index))
        for index, tensor in enumerate(model.inputs)
    ]


def _dtype(dtype: Any) -> Any:
    return tf.as_dtype(getattr(dtype, "name", dtype))


def _arranged(model: Any, tensors: Sequence[Any]) -> Any:
    """Put the inputs into the structure that the model was built with (a dict, a nested list)."""
    structure = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
    if structure is None:
        return tensors[0] if len(tensors) == 1 else list(tensors)
    return tf.nest.pack_sequence_as(structure, list(tensors))


@contextlib.contextmanager
def _watched(layer_classes: Sequence[Any], record: LayerRecord) -> Iterator[None]:
    calls = [
        (kind, "__call__", _watcher(kind.__dict__["__call__"], record, tuple(layer_classes[:position])))
        for position, kind in enumerate(layer_classes)
    ]
    with _replaced(
        calls
        + [(BaseResourceVariable, "sparse_read", _gather), (BaseResourceVariable, "gather_nd", _gather_nd)]
    ):
        yield


@contextlib.contextmanager
def _replaced(replacements: Sequence[Tuple[Any, str, Any]]) -> Iterator[None]:
    originals = [(kind, name, kind.__dict__[name]) for kind, name, _ in replacements]
    try:
        for kind, name, replacement in replacements:
            setattr(kind, name, replacement)
        yield
    finally:
        for kind, name, original in originals:
            setattr(kind, name, original)


def _gather(variable: Any, indices: Any, name: Any = None) -> Any:
    """Capturing by value does not reach the op that gathers from a variable's handle: read, then gather."""
    return tf.gather(variable.value(), indices, name=name)


def _gather_nd(variable: Any, indices: Any, name: Any = None) -> Any:
    return tf.gather_nd(variable.value(), indices, name=name)


def _watcher(original: Callable[..., Any], record: LayerRecord, special: Any) -> Callable[..., Any]:
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        if special and isinstance(self, special):
            return original(self, *args, **kwargs)  # noted already by the more special class
        return record.call(original, self, args, kwargs)

    watched.autograph_info__ = {}  # type: ignore[attr-defined]  # AutoGraph calls it as it is
    return watched


def frozen_graph_def(graph: Any) -> Any:
    """The GraphDef of a traced graph, captured values in it as constants."""
    captures = graph.captures
    pairs = captures.items() if isinstance(captures, dict) else captures
    values = {inner.op.name: outer for outer, inner in pairs if outer.dtype != tf.resource}
    handles = {inner.op.name for outer, inner in pairs if outer.dtype == tf.resource}
    source = graph.as_graph_def()
    frozen = type(source)()
    frozen.versions.CopyFrom(source.versions)
    frozen.library.CopyFrom(source.library)
    for node in source.node:
        if node.name in values:
            _add_constant(frozen, node.name, values[node.name].numpy())
        elif node.name not in handles and not node.op.startswith("Assign"):
            frozen.node.add().CopyFrom(node)
    _drop_lost_controls(frozen)
    return frozen


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
