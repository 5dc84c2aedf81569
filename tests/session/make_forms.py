"""Write one net in every form that it lives in on its way to production, by the frameworks' own exporters.

Run as a script in a process of its own: `make_forms.py NAME SIZE FOLDER` makes a Keras application of that
input size with random weights and random batch norm statistics. Writes `model.h5`, `model.keras`,
`frozen.pb`, `saved_model/`, `model.tflite`, `layers/model.json` and `graph/model.json` (TensorFlow.js).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

FORMS = ("model.h5", "model.keras", "frozen.pb", "saved_model", "model.tflite", "layers/model.json", "graph/model.json")


def main(name: str, size: int, folder: Path) -> None:
    import tensorflow as tf
    import tf_keras
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    tf_keras.utils.set_random_seed(1)
    model = getattr(tf_keras.applications, name)(weights=None, input_shape=(size, size, 3))
    randomise_norms(model, tf_keras.layers.BatchNormalization)
    model.save(folder / "model.h5")
    model.save(folder / "model.keras")
    shape = [None, *model.inputs[0].shape[1:]]
    signature = tf.TensorSpec(shape, tf.float32, name=model.inputs[0].name)
    serve = tf.function(lambda x: {"scores": model(x, training=False)}, input_signature=[signature])
    tf.saved_model.save(model, str(folder / "saved_model"), signatures=serve)
    frozen = convert_variables_to_constants_v2(
        tf.function(lambda x: model(x, training=False)).get_concrete_function(signature)
    )
    graph = frozen.graph.as_graph_def()
    (folder / "frozen.pb").write_bytes(graph.SerializeToString())
    (folder / "model.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    write_layers_model(model, folder / "layers")
    write_graph_model(graph, folder / "graph")


def randomise_norms(model: Any, kind: type) -> None:
    """Statistics as of a trained net: with those of a new one a batch norm does next to nothing."""
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, kind):
            sizes = [weight.shape for weight in layer.get_weights()]
            gamma, beta, mean = (
                rng.uniform(0.5, 1.5, sizes[0]),
                rng.normal(0, 0.3, sizes[1]),
                rng.normal(0, 0.3, sizes[2]),
            )
            layer.set_weights([gamma, beta, mean, rng.uniform(0.5, 1.5, sizes[3])])


def write_layers_model(model: Any, folder: Path) -> None:
    """TensorFlow.js's layers model: the Keras config beside a manifest of the weights by name."""
    topology = {
        "keras_version": "2.15.0",
        "backend": "tensorflow",
        "model_config": json.loads(model.to_json()),
    }
    arrays = {variable.name.removesuffix(":0"): variable.numpy() for variable in model.weights}
    write_model(folder, "layers-model", topology, arrays)


def write_graph_model(graph: Any, folder: Path) -> None:
    """TensorFlow.js's graph model: the GraphDef as JSON, its constants in the manifest."""
    import tensorflow as tf
    from google.protobuf import json_format

    copy, arrays = type(graph)(), {}
    copy.CopyFrom(graph)
    for node in copy.node:
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            arrays[node.name] = tf.make_ndarray(tensor)
            for field in ("tensor_content", "float_val", "int_val", "int64_val", "bool_val"):
                tensor.ClearField(field)
    write_model(folder, "graph-model", json_format.MessageToDict(copy), arrays)


def write_model(folder: Path, form: str, topology: Any, arrays: dict[str, np.ndarray]) -> None:
    folder.mkdir()
    arrays = {name: as_stored(array) for name, array in arrays.items()}
    weights = [{"name": name, "shape": list(array.shape), "dtype": str(array.dtype)} for name, array in arrays.items()]
    (folder / "group1-shard1of1.bin").write_bytes(b"".join(array.tobytes() for array in arrays.values()))
    manifest = [{"paths": ["group1-shard1of1.bin"], "weights": weights}]
    facts = {"format": form, "generatedBy": "tests", "modelTopology": topology, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(facts))


def as_stored(array: np.ndarray) -> np.ndarray:
    """The dtypes that a manifest knows."""
    return array.astype({"float64": np.float32, "int64": np.int32}.get(str(array.dtype), array.dtype))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
