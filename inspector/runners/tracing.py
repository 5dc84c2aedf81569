"""Trace a Keras model into one frozen graph in which each layer's output has a name.

The trace works for legacy Keras and Keras 3: the `__call__` that all layers share is replaced while one
`tf.function` is traced.
"""

import contextlib
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence

import tensorflow as tf

from .freezing import Replacement, frozen_graph_def, inlined_graph_def, refers_to_variables, value_reads
from .layer_record import LayerRecord

Shapes = Sequence[Sequence[Optional[int]]]


class Trace(NamedTuple):
    """`function`: the model, called with its inputs in order, gives a flat list of outputs.
    `inputs`, `outputs`: graph tensors in the model's order. `taps`: layer output to graph tensor, in
    the order of computation. `classes`: layer output to the layer's class name."""

    function: Any
    graph_def: Any
    inputs: List[str]
    outputs: List[str]
    taps: Dict[str, str]
    classes: Dict[str, str]


def trace_model(
    model: Any,
    layer_classes: Sequence[Any],
    names: Sequence[str],
    *,
    training: bool = False,
    shapes: Shapes = (),
) -> Trace:
    """Trace `model` in inference, or as in training. `layer_classes`: the classes whose `__call__` all layers
    go through, the most special first; `names`: the model's inputs by name, in order; `shapes`: theirs, where
    these are not to be the model's own."""
    found = _traced(model, layer_classes, names, training=training, shapes=shapes)
    if not refers_to_variables(found.graph_def):
        return found
    # Functions that were restored from a SavedModel (hub.KerasLayer) take their variables as they are.
    return _traced(model, layer_classes, names, training=training, shapes=shapes, with_variables=True)


def _traced(
    model: Any,
    layer_classes: Sequence[Any],
    names: Sequence[str],
    *,
    training: bool,
    shapes: Shapes,
    with_variables: bool = False,
) -> Trace:
    records: List[LayerRecord] = []
    outputs: List[Any] = []
    reads = [] if with_variables else value_reads()

    def traced(*tensors: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        records.append(LayerRecord(graph, dict(zip(names, tensors))))
        with replaced(_watchers(layer_classes, records[-1]) + reads):
            outputs.extend(tf.nest.flatten(model(arranged(model, tensors), training=training)))
        return list(outputs)

    function = tf.function(traced, autograph=False).get_concrete_function(*_signature(model, shapes))
    taps = {name: tensor.name for name, tensor in records[-1].tensors.items()}
    graph_def = inlined_graph_def(function) if with_variables else frozen_graph_def(function.graph)
    inputs = [taps[name] for name in names]
    return Trace(function, graph_def, inputs, [tensor.name for tensor in outputs], taps, records[-1].classes)


def _signature(model: Any, shapes: Shapes) -> List[Any]:
    wanted = shapes or [tuple(tensor.shape) for tensor in model.inputs]
    return [
        tf.TensorSpec(tuple(shape), _dtype(tensor.dtype), "input_{}".format(index))
        for index, (shape, tensor) in enumerate(zip(wanted, model.inputs))
    ]


def _dtype(dtype: Any) -> Any:
    return tf.as_dtype(getattr(dtype, "name", dtype))


def arranged(model: Any, tensors: Sequence[Any]) -> Any:
    """Put the inputs into the structure that the model was built with (a dict, a nested list)."""
    structure = getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))
    if structure is None:
        return tensors[0] if len(tensors) == 1 else list(tensors)
    return tf.nest.pack_sequence_as(structure, list(tensors))


@contextlib.contextmanager
def replaced(replacements: Sequence[Replacement]) -> Iterator[None]:
    """For a while other functions stand in classes and modules; those before come back."""
    originals = [(kind, name, kind.__dict__[name]) for kind, name, _ in replacements]
    try:
        for kind, name, replacement in replacements:
            setattr(kind, name, replacement)
        yield
    finally:
        for kind, name, original in originals:
            setattr(kind, name, original)


def _watchers(layer_classes: Sequence[Any], record: LayerRecord) -> List[Replacement]:
    return [
        (kind, "__call__", _watcher(kind.__dict__["__call__"], record, tuple(layer_classes[:position])))
        for position, kind in enumerate(layer_classes)
    ]


def _watcher(original: Callable[..., Any], record: LayerRecord, special: Any) -> Callable[..., Any]:
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        if special and isinstance(self, special):
            return original(self, *args, **kwargs)  # noted already by the more special class
        return record.call(original, self, args, kwargs)

    watched.autograph_info__ = {}  # type: ignore[attr-defined]  # AutoGraph calls it as it is
    return watched
