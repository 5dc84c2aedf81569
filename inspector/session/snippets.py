"""Python text that feeds or fetches a tensor, ready to paste."""

from __future__ import annotations

from inspector.domain.files import Entry, ModelFile

_GRAPH = """import tensorflow as tf

graph_def = tf.compat.v1.GraphDef()
with open({path!r}, "rb") as file:
    graph_def.ParseFromString(file.read())
with tf.Graph().as_default() as graph:
    tf.import_graph_def(graph_def, name="")
with tf.compat.v1.Session(graph=graph) as session:
    value = session.run({fetch!r}, feed_dict={{{feed}}})
"""
_KERAS = """import {module} as keras

model = keras.models.load_model({path!r}, compile=False)
tap = keras.Model(model.inputs, {layer}.output)
value = tap(inputs, training=False)
"""
_DATASET = """import h5py

with h5py.File({path!r}, "r") as file:
    value = file[{dataset!r}][()]
"""


def snippet(file: ModelFile, entry: Entry, inputs: tuple[str, ...]) -> str:
    """How to get at the entry's value with the framework; empty for entries that have none."""
    if file.runs_in == "graph" and entry.tensor:
        feeds = inputs or ("input:0",)
        if entry.tensor in feeds:
            return _GRAPH.format(path=file.path, fetch="<the tensor to fetch>:0", feed=f"{entry.tensor!r}: array")
        feed = ", ".join(f"{name!r}: array" for name in feeds)
        return _GRAPH.format(path=file.path, fetch=entry.tensor, feed=feed)
    if entry.tensor:
        module = "keras" if file.runs_in == "keras3" else "tf_keras"
        return _KERAS.format(module=module, path=file.path, layer=_layer(entry.tensor))
    if entry.value_id.startswith("/") or entry.kind == "dataset":
        return _DATASET.format(path=file.path, dataset=entry.value_id or entry.name)
    return ""


def _layer(tensor: str) -> str:
    """`outer/inner` -> model.get_layer("outer").get_layer("inner")."""
    calls = "".join(f".get_layer({part.partition('@')[0]!r})" for part in tensor.partition(":")[0].split("/"))
    return f"model{calls}"
