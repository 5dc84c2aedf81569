"""Pairs that are the same and look different: none of them may give a finding."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


def pairs(folder: Path, net: str, seed: int, model: Any) -> Iterator[dict[str, Any]]:
    """A's file is the .h5 that lies in the folder already."""
    import make

    graph = make.frozen(model)
    ways: dict[str, Callable[[], Any]] = {
        "frozen": lambda: graph,
        "renamed": lambda: renamed(graph),
        "optimised": lambda: optimised(graph),
        "an ulp": lambda: rounded(graph),
        "fixed batch": lambda: make.frozen(model, batch=4),
        "with Identity": lambda: with_identities(graph),
    }
    a = f"{net}-{seed}.h5"

    def row(what: str, b: str, **more: Any) -> dict[str, Any]:
        name = f"{net}-{seed}-same-{what.replace(' ', '-')}"
        return {"id": name, "net": net, "seed": seed, "a": a, "b": b, "settings": {}, "truth": [], "what": what, **more}

    for what, way in ways.items():
        path = folder / f"{net}-{seed}-same-{what.replace(' ', '-')}.pb"
        try:
            path.write_bytes(way().SerializeToString())
        except Exception as error:  # noqa: BLE001 - told; the others go on
            print(f"{path.stem}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
            continue
        yield row(what, path.name)
    plain = f"{net}-{seed}-same-frozen.pb"
    yield row("one thread", plain, options={"threads": 1})
    yield row("no oneDNN", plain, options={"onednn": False})
    yield row("not optimised", plain, options={"optimise": False})
    yield row("XLA", plain, options={"xla": True})
    yield row("samples one by one", plain, options={"batch": 1})
    yield row("a batch of one", plain, settings={"batch": 1})
    tf.saved_model.save(model, str(folder / f"{net}-{seed}-same-saved"))
    yield row("SavedModel", f"{net}-{seed}-same-saved")
    other = in_keras_3(net, seed, model)
    other.save(folder / f"{net}-{seed}-same-k3.keras")
    yield row("Keras 3", f"{net}-{seed}-same-k3.keras")


def in_keras_3(net: str, seed: int, model: Any) -> Any:
    """The same net built and filled in the other Keras."""
    import keras
    from nets import NETS, Recipe, flat_layers

    other = NETS[net](Recipe(keras, seed))
    own = flat_layers(model)
    for path, layer in flat_layers(other).items():
        arrays = own[path].get_weights()
        if arrays:
            layer.set_weights(arrays[: len(layer.get_weights())])
    return other


def renamed(graph: Any) -> Any:
    """Every node but the inputs is n0, n1, ..."""
    copy = tf.compat.v1.GraphDef()
    copy.CopyFrom(graph)
    names = {node.name: f"n{at}" for at, node in enumerate(copy.node) if node.op != "Placeholder"}
    for node in copy.node:
        node.name = names.get(node.name, node.name)
        for place, text in enumerate(node.input):
            control, bare = text.startswith("^"), text.lstrip("^")
            name, colon, index = bare.partition(":")
            node.input[place] = ("^" if control else "") + names.get(name, name) + colon + index
    return copy


def rounded(graph: Any) -> Any:
    """Every float weight moved by one spacing."""
    copy = tf.compat.v1.GraphDef()
    copy.CopyFrom(graph)
    for node in copy.node:
        if node.op == "Const" and node.attr["dtype"].type == tf.float32.as_datatype_enum:
            array = tf.make_ndarray(node.attr["value"].tensor)
            if array.size > 1:
                moved = np.nextafter(array, np.float32(np.inf), dtype=np.float32)
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(moved))
    return copy


def with_identities(graph: Any) -> Any:
    """An Identity behind every data input, and a NoOp for good measure."""
    copy = tf.compat.v1.GraphDef()
    copy.versions.CopyFrom(graph.versions)
    copy.library.CopyFrom(graph.library)
    kinds = ("Conv2D", "Relu", "MatMul", "FusedBatchNormV3", "BiasAdd")
    for node in graph.node:
        added = copy.node.add()
        added.CopyFrom(node)
        if node.op in kinds:
            identity = copy.node.add(name=f"{node.name}/kept", op="Identity", input=[node.input[0]])
            identity.attr["T"].type = tf.float32.as_datatype_enum
            added.input[0] = identity.name
    copy.node.add(name="nothing", op="NoOp")
    return copy


def optimised(graph: Any) -> Any:
    """What TensorFlow's own optimiser makes of it: folded, fused, constants worked out."""
    from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
    from tensorflow.python.grappler import tf_optimizer

    config = config_pb2.ConfigProto()
    rewrite = config.graph_options.rewrite_options
    rewrite.optimizers.extend(["pruning", "constfold", "arithmetic", "dependency", "remap"])
    rewrite.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.TWO
    with tf.Graph().as_default() as imported:
        tf.compat.v1.import_graph_def(graph, name="")
        used = {text.lstrip("^").partition(":")[0] for node in graph.node for text in node.input}
        outputs = [node.name for node in graph.node if node.name not in used and node.op not in ("NoOp", "Const")]
        for name in outputs:
            tensor = imported.get_tensor_by_name(f"{name}:0")
            imported.add_to_collection(tf.compat.v1.GraphKeys.TRAIN_OP, tensor)
        meta = tf.compat.v1.train.export_meta_graph(graph_def=imported.as_graph_def(), graph=imported)
        return tf_optimizer.OptimizeGraph(config, meta)
