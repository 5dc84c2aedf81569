"""Make one pair from a Keras application with random weights, frozen by TensorFlow's own freezing.

Run as a script in a process of its own: `make_pair.py KERAS NAME BATCH FOLDER` with KERAS `keras` or `tf_keras`.
Writes `model.h5`, `model.pb`, `epsilon.pb` (one batch norm's epsilon changed), `renamed.pb` (every node is n0,
n1, ...) and `facts.json`: the changed layer's name and the layers with weights.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

CHANGED = 0.05


def main(keras_name: str, name: str, batch: int, folder: Path) -> None:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    keras = importlib.import_module(keras_name)
    keras.utils.set_random_seed(1)
    model = getattr(keras.applications, name)(weights=None)
    model.save(folder / "model.h5")
    shape = [batch or None, *model.inputs[0].shape[1:]]
    call = tf.function(lambda x: model(x, training=False)).get_concrete_function(tf.TensorSpec(shape, tf.float32))
    graph = convert_variables_to_constants_v2(call).graph.as_graph_def()
    (folder / "model.pb").write_bytes(graph.SerializeToString())
    (folder / "renamed.pb").write_bytes(renamed(graph).SerializeToString())
    changed = change_epsilon(graph, model, keras) if has_norms(model) else ""
    (folder / "epsilon.pb").write_bytes(graph.SerializeToString())
    facts = {
        "changed": changed,
        "weighted": [layer.name for layer in model.layers if layer.weights],
        "layers": [layer.name for layer in model.layers],
    }
    (folder / "facts.json").write_text(json.dumps(facts))


def has_norms(model: Any) -> bool:
    return any(type(layer).__name__ == "BatchNormalization" for layer in model.layers)


def change_epsilon(graph: Any, model: Any, keras: Any) -> str:
    """Another epsilon for the batch norm in the middle: the fused op's attribute, or the constant of its sum."""
    norms = [layer.name for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    name = norms[len(norms) // 2]
    for node in graph.node:
        scopes = node.name.split("/")
        if name not in scopes and f"{name}_1" not in scopes:
            continue
        if node.op.startswith("FusedBatchNorm"):
            node.attr["epsilon"].f = CHANGED
            return name
        if node.op == "Const" and node.name.endswith("batchnorm/add/y"):
            tensor = node.attr["value"].tensor
            tensor.ClearField("tensor_content")
            tensor.float_val[:] = [CHANGED]
            return name
    raise AssertionError(f"no epsilon was found for {name}")


def renamed(graph: Any) -> Any:
    """A copy of the graph in which no name says anything."""
    copy = type(graph)()
    copy.CopyFrom(graph)
    names = {node.name: f"n{index}" for index, node in enumerate(copy.node)}
    for node in copy.node:
        node.name = names[node.name]
        for place, tensor in enumerate(node.input):
            mark = "^" if tensor.startswith("^") else ""
            base, colon, index = tensor.removeprefix("^").partition(":")
            node.input[place] = f"{mark}{names[base]}{colon}{index}"
        node.attr.pop("_class", None)
    return copy


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
