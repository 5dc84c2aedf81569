"""Makes TensorFlow.js models and what TensorFlow itself computes with them: tfjs_truth.py FOLDER

`layers` is a Keras model with a shared layer, a nested model, a recurrent layer and two outputs; `graph` and `loop` are
its halves, frozen, and `fused` the first of them as TensorFlow.js's converter optimises it. Beside each: `input.npz`
by port, `truth.npz` by tensor name as Model Inspector calls it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf
import tf_keras as keras
from google.protobuf import json_format
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tfjs_fusing import fuse
from tfjs_writer import write_graph, write_layers

LAYERS = keras.layers


def network() -> keras.Model:
    image, ids = LAYERS.Input((12, 12, 3), name="image"), LAYERS.Input((5,), dtype="int32", name="ids")
    shared = LAYERS.Conv2D(3, 3, padding="same", activation="relu", name="shared")
    inner_in = LAYERS.Input((12, 12, 3), name="inner_in")
    inner_out = LAYERS.BatchNormalization(epsilon=0.01, name="inner_bn")(
        LAYERS.DepthwiseConv2D(3, strides=2, padding="same", name="inner_depthwise")(inner_in)
    )
    inner = keras.Model(inner_in, inner_out, name="inner")
    x = inner(shared(shared(image)))
    x = LAYERS.ReLU(6.0, name="relu6")(LAYERS.MaxPooling2D(name="pool")(x))
    words = LAYERS.LSTM(4, name="lstm")(LAYERS.Embedding(11, 6, name="embedding")(ids))
    both = LAYERS.Concatenate(name="both")([LAYERS.Flatten(name="flat")(x), words])
    first = LAYERS.Dense(4, activation="softmax", name="first")(both)
    return keras.Model([image, ids], [first, LAYERS.Dense(2, name="second")(both)], name="network")


def randomised(model: keras.Model) -> None:
    generator = np.random.default_rng(7)
    model.set_weights(
        [
            np.abs(generator.normal(1.0, 0.2, array.shape))
            if array.ndim == 1
            else generator.normal(0, 0.4, array.shape)
            for array in model.get_weights()
        ]
    )


def write_layers_model(model: keras.Model, folder: Path, shard: int = 1000) -> None:
    arrays = {variable.name.partition(":")[0]: variable.numpy() for variable in model.weights}
    config = json.loads(model.to_json())
    write_layers(folder, {"class_name": config["class_name"], "config": config["config"]}, arrays, shard=shard)


def layers_truth(model: keras.Model, fed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    shared, inner = model.get_layer("shared"), model.get_layer("inner")
    calls = [shared.get_output_at(0), shared.get_output_at(1)]
    named = ["relu6", "lstm", "embedding", "both", "first", "second"]
    watched = keras.Model(model.inputs, calls + [model.get_layer(name).output for name in named])
    found = [array.numpy() for array in watched([fed["image"], fed["ids"]])]
    truth = dict(zip(["shared", "shared@1", *named], found, strict=True))
    within = keras.Model(inner.inputs, [layer.output for layer in inner.layers[1:]])
    depthwise, norm = within(truth["shared@1"])
    return truth | {"inner/inner_depthwise": depthwise.numpy(), "inner/inner_bn": norm.numpy()}


def write_graph_model(model: keras.Model, name: str, fed: np.ndarray, folder: Path, fused: Path | None = None) -> None:
    """A model of one input frozen, its loops lowered to nodes as the converter lowers them, and its truth; in
    `fused` once more, as the converter optimises it."""
    spec = tf.TensorSpec((None, *fed.shape[1:]), fed.dtype, name=name)
    function = tf.function(lambda given: model(given))  # noqa: PLW0108 - a model itself cannot be traced by name
    frozen = convert_variables_to_constants_v2(function.get_concrete_function(spec), lower_control_flow=True)
    graph_def = frozen.graph.as_graph_def()
    arrays = {}
    for node in graph_def.node:
        if node.op == "Const":
            kept = node.attr["value"].tensor
            arrays[node.name] = tf.make_ndarray(kept)
            for field in ("tensor_content", "float_val", "int_val"):
                kept.ClearField(field)
    (given,), (output,) = frozen.inputs, frozen.outputs
    signature = {
        "inputs": {name: {"name": given.name, "dtype": _dtype(given), "tensorShape": _shape(given)}},
        "outputs": {"features": {"name": output.name, "dtype": _dtype(output), "tensorShape": _shape(output)}},
    }
    topology = json_format.MessageToDict(graph_def)
    write_graph(folder, topology, arrays, signature)
    watched = ("Conv2D", "Relu", "Relu6", "MaxPool", "FusedBatchNormV3")
    wanted = [op.outputs[0] for op in frozen.graph.get_operations() if op.type in watched] + [output]
    computed = frozen.prune(given.name, [tensor.name for tensor in wanted])(tf.constant(fed))
    truth = {tensor.name: value.numpy() for tensor, value in zip(wanted, computed, strict=True)}
    write_truth(folder, {given.name: fed}, truth)
    if fused is not None:
        nodes, kept = fuse(topology["node"], arrays)
        write_graph(fused, {"node": nodes}, kept, signature)
        names = {f"{node['name']}:0" for node in nodes}
        write_truth(fused, {given.name: fed}, {name: array for name, array in truth.items() if name in names})


def write_truth(folder: Path, fed: dict[str, np.ndarray], truth: dict[str, np.ndarray]) -> None:
    np.savez(folder / "truth.npz", **truth)
    np.savez(folder / "input.npz", **fed)


def _dtype(tensor: tf.Tensor) -> str:
    return {tf.float32: "DT_FLOAT", tf.int32: "DT_INT32"}[tensor.dtype]


def _shape(tensor: tf.Tensor) -> dict[str, list[dict[str, str]]]:
    return {"dim": [{"size": str(-1 if size is None else size)} for size in tensor.shape]}


def main(folder: Path) -> None:
    keras.utils.set_random_seed(1)
    generator = np.random.default_rng(3)
    fed = {"image": generator.random((2, 12, 12, 3), np.float32), "ids": generator.integers(0, 11, (2, 5), np.int32)}
    model = network()
    randomised(model)
    write_layers_model(model, folder / "layers")
    write_truth(folder / "layers", fed, layers_truth(model, fed))
    image, ids = model.inputs
    image_half = keras.Model(image, model.get_layer("relu6").output)
    write_graph_model(image_half, "image", fed["image"], folder / "graph", folder / "fused")
    write_graph_model(keras.Model(ids, model.get_layer("lstm").output), "ids", fed["ids"], folder / "loop")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
