"""Pairs that are the same and look different: none of them may give a finding."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import same_graphs
import tensorflow as tf
from writing import Pair, frozen, inputs_of, run_graph

ROUNDING = 1e-4


def pairs(pair: Pair, wanted: list[str]) -> Iterator[dict[str, Any]]:
    """A's file is the .h5 that lies in the folder already. `wanted`: only kinds with one of these in their name."""
    graph = frozen(pair.model)
    has_loop = any(node.op == "Enter" for node in graph.node)  # which XLA cannot compile
    a = f"{pair.net}-{pair.seed}"
    for kind, way in _ways(pair, graph).items():
        name = f"{pair.name}-{kind.replace(' ', '-')}"
        row = {"id": name, "net": pair.net, "seed": pair.seed, "a": f"{a}.h5", "settings": {}, "truth": []}
        if not any(text in kind for text in wanted) or (kind == "XLA" and has_loop):
            continue
        try:
            more = way(pair.folder / name)
        except LookupError:
            continue  # the net has nothing of that kind
        except Exception as error:  # noqa: BLE001 - told; the others go on
            print(f"{name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
            continue
        yield {**row, "what": kind, "b": f"{name}.pb", **more}


Way = Callable[[Path], dict[str, Any]]


def _ways(pair: Pair, graph: Any) -> dict[str, Way]:
    """Each writes B beside the path it is given, and says what the row has beside that."""

    def of_graph(change: Callable[[Any], Any]) -> Way:
        return lambda path: _written(path, pair.model, change(graph))

    def of_model(change: Callable[[Pair], Any]) -> Way:
        return lambda path: _written(path, pair.model, change(pair))

    def run_as(**more: Any) -> Way:
        return lambda path: {**_written(path, pair.model, graph), **more}

    ways: dict[str, Way] = {
        "frozen": of_graph(lambda x: x), "renamed": of_graph(renamed), "optimised": of_graph(optimised),
        "an ulp": of_graph(rounded), "with Identity": of_graph(with_identities),
        "fixed batch": of_model(lambda own: frozen(own.model, batch=4)),
        "one thread": run_as(options_b={"threads": 1}), "no oneDNN": run_as(options_b={"onednn": False}),
        "not optimised": run_as(options_b={"optimise": False}), "XLA": run_as(options_b={"xla": True}),
        "samples one by one": run_as(options_b={"batch": 1}), "a batch of one": run_as(settings={"batch": 1}),
        "a large batch": run_as(settings={"batch": 33}),
    }  # fmt: skip
    ways |= {kind: of_graph(change) for kind, change in same_graphs.OF_GRAPH.items()}
    ways |= {kind: of_model(change) for kind, change in same_graphs.OF_MODEL.items()}
    return ways | _other_files(pair)


def _other_files(pair: Pair) -> dict[str, Way]:
    def kept(ending: str, model: Callable[[], Any], a: Callable[[Path], dict[str, Any]] | None = None) -> Way:
        def way(path: Path) -> dict[str, Any]:
            own, file = a(path) if a else {}, f"{path}{ending}"
            made = model()
            made.save(file)
            if not _loads(file, keras_3=type(made).__module__.startswith("keras")):
                raise LookupError("Keras cannot load its own file")
            return {"b": f"{path.name}{ending}", **own}

        return way

    def saved_model(path: Path) -> dict[str, Any]:
        tf.saved_model.save(pair.model, str(path))
        return {"b": path.name}

    def frozen_by_keras_3(path: Path) -> dict[str, Any]:
        return _written(path, pair.model, frozen(in_keras_3(pair.net, pair.seed, pair.model)))

    def a_of_keras_3(path: Path) -> dict[str, Any]:
        in_keras_3(pair.net, pair.seed, pair.model).save(f"{path}-a.h5")
        return {"a": f"{path.name}-a.h5"}

    keras_3 = partial(in_keras_3, pair.net, pair.seed, pair.model)
    return {
        "SavedModel": saved_model, "Keras 2 .keras": kept(".keras", lambda: pair.model),
        "Keras 3 .keras": kept(".keras", keras_3), "Keras 3 .h5": kept(".h5", keras_3),
        "both of Keras 3": kept(".keras", keras_3, a_of_keras_3), "frozen by Keras 3": frozen_by_keras_3,
    }  # fmt: skip


def _loads(file: str, *, keras_3: bool) -> bool:
    import keras
    import tf_keras

    try:
        (keras if keras_3 else tf_keras).models.load_model(file, compile=False)
    except (TypeError, ValueError):
        return False
    return True


def _written(path: Path, model: Any, graph: Any) -> dict[str, Any]:
    """The file, when it is indeed the same: another way of rounding is the most that may show."""
    outputs = len(model.outputs)
    arrays = inputs_of(model)
    one = tf.nest.flatten(model(arrays if len(arrays) > 1 else arrays[0], training=False))
    for first, second in zip(one, run_graph(graph, arrays, outputs), strict=True):
        apart = np.abs(np.asarray(first) - second).max()
        if not apart <= ROUNDING * float(np.abs(first).max()):
            raise ValueError(f"not the same: off by {apart:.3g}")
    path.with_name(f"{path.name}.pb").write_bytes(graph.SerializeToString())
    return {}


def in_keras_3(net: str, seed: int, model: Any) -> Any:
    """The same net built and filled in the other Keras."""
    import keras
    from fault_nets import NETS, Recipe, flat_layers

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
    """What TensorFlow's own optimiser makes of it: folded, fused, constants worked out. It fuses some batch norms
    into an op that the CPU does not have: not those then."""
    passes = ["pruning", "constfold", "arithmetic", "dependency"]
    try:
        found = _by_grappler(graph, [*passes, "remap"])
        tf.import_graph_def(found, name="tried")
    except ValueError:
        return _by_grappler(graph, passes)
    return found


def _by_grappler(graph: Any, passes: list[str]) -> Any:
    from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
    from tensorflow.python.grappler import tf_optimizer

    config = config_pb2.ConfigProto()
    rewrite = config.graph_options.rewrite_options
    rewrite.optimizers.extend(passes)
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
