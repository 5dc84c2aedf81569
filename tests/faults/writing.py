"""Writes B's file with its faults: a frozen graph, or another form of the same net. And tells whether they show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faults
import numpy as np
import tensorflow as tf
from fault_nets import NETS, Recipe, flat_layers
from faults import Fault
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

VISIBLE = 2e-5  # of the largest output: less is no fault that anyone could see
BATCH = 4
OWN_CODE = ("Lambda", "TFOpLambda", "SlicingOpLambda", "Trains", "Scaled", "Shrunk", "Stateful")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Where a pair is written, A's net, and the Keras (tf_keras or keras) it is made with."""

    folder: Path
    name: str
    net: str
    seed: int
    model: Any
    keras: Any

    def path(self, ending: str) -> Path:
        return self.folder / f"{self.name}{ending}"


def write(pair: Pair, chosen: list[Fault], *, form: str = "pb") -> dict[str, Any] | None:
    """The row of a pair whose B has these faults; None when no output shows them.

    `form`: pb, h5, saved (SavedModel); pb where the other cannot hold the fault without code of its own."""
    own_files = [fault.files for fault in chosen if fault.files]
    if own_files:
        return {"b": f"{pair.name}.pb", **own_files[0](pair)}
    b = built(pair, chosen)
    call = next((fault.call for fault in chosen if fault.call), None)
    graph = frozen(b, call)
    for fault in chosen:
        if fault.graph:
            fault.graph(graph)
    ports = any(fault.settings.get("preprocess_a") or fault.cause == "output-order" for fault in chosen)
    if not ports and not shows(pair.model, graph):
        return None
    if form == "pb" or call or any(fault.graph for fault in chosen) or not plain_keras(b):
        pair.path(".pb").write_bytes(graph.SerializeToString())
        return {"b": f"{pair.name}.pb"}
    if form == "h5":
        b.save(pair.path("-b.h5"))
        return {"b": f"{pair.name}-b.h5"}
    if pair.keras.__name__ == "keras":
        b.export(str(pair.path("-saved")), verbose=False)
    else:
        tf.saved_model.save(b, str(pair.path("-saved")))
    return {"b": f"{pair.name}-saved"}


def built(pair: Pair, chosen: list[Fault]) -> Any:
    """B's Keras model: A's weights wherever the shapes are still the same, then the faults of weights."""

    def change(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
        results = (fault.change(keras, class_name, name, dict(config)) for fault in chosen if fault.change)
        return next((made for made in results if made), None)

    b = NETS[pair.net](Recipe(pair.keras, pair.seed, change))
    own, other = flat_layers(pair.model), flat_layers(b)
    for place, layer in other.items():
        if place in own and [w.shape for w in own[place].get_weights()] == [w.shape for w in layer.get_weights()]:
            layer.set_weights(own[place].get_weights())
    random = np.random.default_rng(pair.seed)
    for fault in chosen:
        if "fold" in fault.settings:
            fold(own, other, *fault.settings["fold"])
        if fault.weights is not None:
            fault.weights(other, random)
    return b


def fold(own: dict[str, Any], other: dict[str, Any], conv: str, norm: str, what: str = "right") -> None:
    """Kernel and bias of a batch norm folded, rightly or with one mistake."""
    source, target, bn = faults.found(own, conv), faults.found(other, conv), faults.found(own, norm)
    gamma, beta, mean, variance = bn.get_weights()
    kernel, *rest = source.get_weights()
    bias = rest[0] if rest else np.zeros_like(mean)
    scale = gamma / (variance + bn.epsilon if "root" in what else np.sqrt(variance + bn.epsilon))
    kernel = kernel * (scale.reshape(kernel.shape[-2:]) if "dw" in conv else scale)
    offset = (bias - (0 if "mean" in what else mean)) * scale + (0 if "beta" in what else beta)
    target.set_weights([kernel.astype("f4"), offset.astype("f4")])


def plain_keras(model: Any) -> bool:
    """Whether a .h5 holds the model without code of a user's own."""
    layers = flat_layers(model).values()
    own = any(type(layer).__name__ in OWN_CODE for layer in layers)
    return not own and all(
        getattr(getattr(layer, "activation", None), "__name__", "") != "<lambda>" for layer in layers
    )


def inputs_of(model: Any) -> list[np.ndarray]:
    random = np.random.default_rng(11)
    return [random.uniform(0, 1, (BATCH, *tuple(t.shape)[1:])).astype("f4") for t in model.inputs]


def run_graph(graph: Any, arrays: list[np.ndarray], outputs: int, *, optimise: bool = True) -> list[np.ndarray]:
    """What a frozen function gives; its placeholders in order are the inputs."""
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = not optimise
    with tf.Graph().as_default() as imported, tf.compat.v1.Session(config=config) as session:
        tf.import_graph_def(graph, name="")
        given = [op.outputs[0] for op in imported.get_operations() if op.type == "Placeholder"]
        return session.run(output_names(graph, outputs), dict(zip(given, arrays, strict=False)))


def output_names(graph: Any, count: int) -> list[str]:
    """Identity, Identity_1, as freezing calls them; else the nodes that nobody reads, in order."""
    names = [f"Identity_{at}" if at else "Identity" for at in range(count)]
    own = {node.name for node in graph.node}
    if not own.issuperset(names):
        read = {text.lstrip("^").partition(":")[0] for node in graph.node for text in node.input}
        idle = ("NoOp", "Const", "Placeholder", "Exit")  # a loop's counter is read by nobody
        names = [node.name for node in graph.node if node.name not in read and node.op not in idle]
    return [f"{name}:0" for name in names[:count]]


def shows(model: Any, graph: Any) -> bool:
    """Whether an output of the graph is not A's."""
    arrays = inputs_of(model)
    one = tf.nest.flatten(model(arrays if len(arrays) > 1 else arrays[0], training=False))
    two = run_graph(graph, arrays, len(one))
    for first, second in zip(one, two, strict=True):
        if first.shape != second.shape or not np.isfinite(second).all():
            return True
        if np.abs(np.asarray(first) - second).max() > VISIBLE * float(np.abs(first).max()):
            return True
    return False


def frozen(model: Any, call: Any = None, batch: int | None = None) -> Any:
    """The GraphDef of `model`, or of `call(model, tensors)`, its variables made constants."""
    signature = [
        tf.TensorSpec((batch, *tuple(t.shape)[1:]), t.dtype, name=t._keras_history[0].name) for t in model.inputs
    ]

    def run(*tensors: Any) -> Any:
        if call is not None:
            return call(model, list(tensors))
        return model(list(tensors) if len(tensors) > 1 else tensors[0], training=False)

    function = tf.function(run).get_concrete_function(*signature)
    return convert_variables_to_constants_v2(function).graph.as_graph_def()
