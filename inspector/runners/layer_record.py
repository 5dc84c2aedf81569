"""Note which tensor of a traced graph each layer call gives."""

from typing import Any, Callable, Dict, List, Tuple

import tensorflow as tf

CALLS = ("PartitionedCall", "StatefulPartitionedCall")


class LayerRecord:
    """Notes the outputs of every layer call in one graph, as `outer/inner`, `@k` for further calls.

    `tensors`: layer output (`name`, `name:1`, ...) to tensor, in the order of computation; `classes`: the
    same names to the layer's class name.
    """

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
        """The outputs of a nested model (and of a `Pipeline`) are its inner layers' own; every other layer gets
        tensors of its own."""
        flat = tf.nest.flatten(outputs)
        nested = network_of(layer) is not None or hasattr(layer, "_pipeline_layers")
        own = flat if nested else [self._own(tensor) for tensor in flat]
        for index, tensor in enumerate(own):
            if self._is_here(tensor):
                name = "{}:{}".format(path, index) if index else path
                self.tensors[name] = tensor
                self.classes[name] = type(layer).__name__
        changed = any(new is not old for new, old in zip(own, flat))
        return tf.nest.pack_sequence_as(outputs, own) if changed else outputs

    def _own(self, tensor: Any) -> Any:
        """A layer that gives back what it got (dropout) still gets a tensor of its own to cut at, and so does
        one that calls a function, which may be inlined."""
        if not self._is_here(tensor):
            return tensor
        if id(tensor) in self._seen or tensor.op.type in CALLS:
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
    made = [node for node in nodes if _called(node) is layer]
    inbound = getattr(layer, "_inbound_nodes", [])
    stated = [node for node in inbound if any(node is other for other in made)]
    return [next(number for number, other in enumerate(stated) if other is node) for node in made]


def _called(node: Any) -> Any:
    """The layer that a node calls: `operation` in Keras 3, `layer` before, `outbound_layer` before 2.2."""
    names = ("operation", "layer", "outbound_layer")
    return next((getattr(node, name) for name in names if hasattr(node, name)), None)
