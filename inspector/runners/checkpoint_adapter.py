"""Runs the inference of a TensorFlow 1 checkpoint: its graph without the training, with the values restored."""

import os
import re
import tempfile
from typing import Any, Dict, List

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2

from ..graphs.inlining import flatten
from ..graphs.ports import inference_of
from .frozen_calls import Library, cannot_be_frozen, frozen, ops_of, small_constants, variables_in
from .graph_adapter import check_ops, make_engine, port_of, tappable
from .graph_side import GraphSide
from .messages import short
from .server import RequestError
from .session_values import variable_values
from .structure import split_tensor, tensor_name, upstream

ENDING = re.compile(r"(\.meta|\.index|\.data-\d{5}-of-\d{5})$")
STATE = "checkpoint"
MOST_SHARDS = 10000


class CheckpointAdapter(GraphSide):
    """Tap names are tensor names, `node:index`, of the part of the graph that the reader shows."""

    def _load(self, path: str) -> None:
        prefix = _prefix(path)
        meta = _meta_graph(prefix)
        graph_def = meta.graph_def
        training = self.options.training
        ops = ops_of(graph_def.node, training=training)
        inference = inference_of(ops, small_constants(graph_def.node))
        ports = inference.ports
        library = Library(graph_def, training=training)
        flattened = flatten(inference.nodes, library, ports.outputs, ports.inputs, ports.phases)
        blocked = cannot_be_frozen(flattened)
        if blocked:
            raise RequestError("NOT_FROZEN", "its state is in no checkpoint", blocked[0], "Export a SavedModel.")
        names = sorted(variables_in(flattened))
        values = _restored(meta, prefix, names)
        flat = frozen(graph_def, flattened, values, [split_tensor(flattened.tensors[text])[0] for text in ports.inputs])
        check_ops(flat, path)
        self.engine = make_engine(flat, self._fixed(ports, flattened.nodes), self.options)
        self.framework = "TensorFlow {} (checkpoint)".format(tf.__version__)
        self.taps = {name: name for name in tappable(self.engine, self.engine.structure)}
        self.inputs = [port_of(text, flattened.tensors[text]) for text in ports.inputs]
        self.outputs = [port_of(text, flattened.tensors[text]) for text in ports.outputs]
        self.taps.update({port.tensor: port.tensor for port in list(self.inputs) + self.outputs})

    def graph_tensor(self, name: str) -> str:
        return super(CheckpointAdapter, self).graph_tensor(tensor_name(name))


def _prefix(path: str) -> str:
    """The common beginning of the checkpoint's files; of a folder the one that it notes as the latest."""
    if os.path.isdir(path) or os.path.basename(path) == STATE:
        return _latest(path if os.path.isdir(path) else os.path.dirname(path))
    return ENDING.sub("", path)


def _latest(folder: str) -> str:
    known = sorted({name[: -len(".meta")] for name in os.listdir(folder) if name.endswith(".meta")})
    named = tf.train.latest_checkpoint(folder)
    name = os.path.basename(named) if named else ""
    if name in known:
        return os.path.join(folder, name)
    if not known:
        raise RequestError("NOT_FOUND", "the folder has no .index", folder, "Copy all files of the checkpoint.")
    return os.path.join(folder, max(known, key=_step))


def _step(name: str) -> Any:
    number = re.search(r"-(\d+)$", name)
    return int(number.group(1)) if number else -1, name


def _meta_graph(prefix: str) -> Any:
    meta, path = meta_graph_pb2.MetaGraphDef(), prefix + ".meta"
    try:
        with open(path, "rb") as file:
            content = file.read()
        try:
            meta.ParseFromString(content)
        except DecodeError:
            text_format.Parse(content.decode("utf-8"), meta)
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise RequestError("LOAD_FAILED", "no meta graph: {}".format(short(error)), path, "Copy the .meta again.")
    return meta


def _restored(meta: Any, prefix: str, names: List[str]) -> Dict[str, np.ndarray]:
    """What the graph's own saver restores into these variables; nothing else of the graph is imported."""
    if not names:
        return {}
    nodes = {node.name: node for node in reversed(meta.graph_def.node)}
    saver = [meta.saver_def.restore_op_name, split_tensor(meta.saver_def.filename_tensor_name)[0]]
    needed = upstream(nodes, names + saver)
    pruned = type(meta.graph_def)()
    pruned.CopyFrom(meta.graph_def)
    del pruned.node[:]
    pruned.node.extend(_placed_anywhere(nodes[name]) for name in nodes if name in needed)
    check_ops(pruned, prefix)
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.compat.v1.import_graph_def(pruned, name="")
        session = tf.compat.v1.Session(graph=graph)
        session.run(saver[0], feed_dict={tensor_name(meta.saver_def.filename_tensor_name): _listable(prefix)})
    except (ValueError, KeyError, tf.errors.OpError) as error:
        raise RequestError("LOAD_FAILED", short(error), prefix, "Look at its warnings: a file may be missing.")
    with session:
        return variable_values(session, names)


def _listable(prefix: str) -> str:
    """The prefix, in a folder that may be listed: TensorFlow looks for the shards so, and a confined runner may
    read the model's files and not their folder. Then links to them stand in the runner's own folder."""
    try:
        os.listdir(os.path.dirname(prefix) or ".")
        return prefix
    except OSError:
        folder = tempfile.mkdtemp()
    count = next((n for n in range(1, MOST_SHARDS) if os.path.exists(prefix + ".data-00000-of-{:05d}".format(n))), 0)
    endings = [".index"] + [".data-{:05d}-of-{:05d}".format(number, count) for number in range(count)]
    linked = os.path.join(folder, os.path.basename(prefix))
    for ending in endings:
        os.symlink(os.path.abspath(prefix) + ending, linked + ending)
    return linked


def _placed_anywhere(node: Any) -> Any:
    copy = type(node)()
    copy.CopyFrom(node)
    copy.device = ""
    return copy
