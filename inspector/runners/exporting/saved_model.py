"""A SavedModel with named signatures: the inference graph with its weights as constants, preprocessing before it.

Written as TensorFlow's own messages and not by its exporter, whose files hold identifiers made by chance: the same
model gives the same bytes. TensorFlow 1.15 loads it as today's and Serving do.
"""

import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from ..adapter import Adapter
from ..node_defs import make_node
from .assembling import Assembled, assembled
from .frozen import serialized
from .naming import Names, is_valid, renamed_input
from .portable import make_portable
from .ports import checked
from .preprocessing import changes_size, preprocessed
from .request import Named, Wish, Written, cannot

FILE = "saved_model.pb"
SIGNATURE = "serving_default"
PLAIN = "without_preprocessing"
METHOD = "tensorflow/serving/predict"
SCHEMA = 1
PICTURE_RANK = 4
FOR_PICTURES = ("resize", "crop", "colour", "mode", "order", "flip")


class Signed(NamedTuple):
    """A graph with its signatures: for each the inputs and outputs; the first is the one to be called."""

    graph_def: Any
    signatures: Dict[str, Sequence[List[Named]]]


def write(side: Adapter, wish: Wish, folder: str) -> Written:
    """Write `saved_model/saved_model.pb`. Raises CANNOT_CONVERT, BAD_NAME, TOO_LARGE."""
    name = wish.signature or SIGNATURE
    if not is_valid(name):
        raise cannot("a signature cannot be called so", name, "Use letters, digits and _.")
    made = assembled(side, wish)
    signed = Signed(made.graph_def, {name: (made.inputs, made.outputs)})
    if wish.preprocess:
        signed = _with_preprocessing(made, wish, name)
    path = os.path.join(folder, "saved_model")
    os.makedirs(path)
    with open(os.path.join(path, FILE), "wb") as file:
        file.write(serialized(message(signed)))
    inputs, outputs = signed.signatures[name]
    facts = {"signature": name, "nodes": str(len(signed.graph_def.node)), "folded": ", ".join(made.folded)}
    return Written(path, list(inputs), list(outputs), made.layers, made.notes, facts)


def message(signed: Signed) -> Any:
    """The SavedModel of a graph."""
    saved = saved_model_pb2.SavedModel(saved_model_schema_version=SCHEMA)
    meta = saved.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    meta.meta_info_def.tensorflow_version = tf.__version__
    meta.meta_info_def.stripped_default_attrs = True
    meta.graph_def.CopyFrom(signed.graph_def)
    for name, (inputs, outputs) in signed.signatures.items():
        signature = meta.signature_def[name]
        signature.method_name = METHOD
        for infos, ports in ((signature.inputs, inputs), (signature.outputs, outputs)):
            for port in ports:
                infos[port.name].CopyFrom(_info(port))
    return saved


def _info(port: Named) -> Any:
    info = meta_graph_pb2.TensorInfo(name=port.tensor, dtype=tf.as_dtype(port.dtype).as_datatype_enum)
    if port.shape is None:
        info.tensor_shape.unknown_rank = True
    else:
        for size in port.shape:
            info.tensor_shape.dim.add(size=-1 if size is None else size)
    return info


def _with_preprocessing(made: Assembled, wish: Wish, name: str) -> Signed:
    """The pipeline before every input that it is for. The model's own inputs stay tensors that can be fed, and a
    second signature names them."""
    if name == PLAIN:
        raise cannot("this is what the signature without preprocessing is called", name, "Choose another name.")
    front, raw, results = _front(made, wish)
    whole = type(made.graph_def)()
    whole.versions.CopyFrom(made.graph_def.versions)
    whole.node.extend(front.node)
    for node in made.graph_def.node:
        whole.node.add().CopyFrom(_handed_on(node, results[node.name]) if node.name in results else node)
    make_portable(whole)
    checked(whole)
    asked = [raw.get(port.name, port) for port in made.inputs]
    return Signed(whole, {name: (asked, made.outputs), PLAIN: (made.inputs, made.outputs)})


def _handed_on(placeholder: Any, reference: str) -> Any:
    """What gives the model's input in place of the placeholder."""
    return make_node(placeholder.name, "Identity", [reference], {"T": placeholder.attr["dtype"].type})


def _front(made: Assembled, wish: Wish) -> Tuple[Any, Dict[str, Named], Dict[str, str]]:
    """The ops of the pipeline: their graph, the raw inputs and the result for each input of the model."""
    names = Names(node.name for node in made.graph_def.node)
    graph, raw, results = tf.Graph(), {}, {}
    with graph.as_default():
        for port in made.inputs:
            if is_preprocessed(port, wish.preprocess, len(made.inputs)):
                dtype, shape = raw_input(port, wish.preprocess)
                name = names.unused(port.name + "_raw")
                x = tf.compat.v1.placeholder(dtype, shape, name=name)
                with tf.name_scope(names.unused(port.name + "_preprocess") + "/"):
                    y = tf.cast(preprocessed(x, wish.preprocess), tf.as_dtype(port.dtype))
                _require_fit(y, port)
                raw[port.name] = Named(port.name, x.name, shape, dtype.name, port.layer)
                results[port.name] = renamed_input(y.name, {})
    return graph.as_graph_def(), raw, results


def is_preprocessed(port: Named, steps: Sequence[Sequence[Any]], count: int) -> bool:
    """Of several inputs ids have no pipeline, and what is no picture none that is for pictures."""
    if count == 1:
        return True
    is_picture = port.shape is not None and len(port.shape) == PICTURE_RANK
    return "float" in port.dtype and (is_picture or not any(step[0] in FOR_PICTURES for step in steps))


def raw_input(port: Named, steps: Sequence[Sequence[Any]]) -> Tuple[Any, List[Optional[int]]]:
    """What is fed in front of the pipeline: pictures as uint8, of any size where the pipeline gives them the model's;
    everything else as the model takes it."""
    shape = list(port.shape or [])
    if len(shape) != PICTURE_RANK:
        return tf.as_dtype(port.dtype), shape
    if ["order", "nchw"] in [list(step) for step in steps]:
        shape = [shape[0], shape[2], shape[3], shape[1]]
    if any(step[0] == "colour" and step[1] == "gray" for step in steps) and shape[3] == 1:
        shape[3] = 3
    if changes_size(steps):
        shape[1:3] = [None, None]
    return tf.uint8, shape


def _require_fit(y: Any, port: Named) -> None:
    if port.shape is not None and not y.shape.is_compatible_with(port.shape):
        what = "the pipeline gives {} to an input that takes {}".format(y.shape.as_list(), port.shape)
        raise cannot(what, port.name, "Change the pipeline.")
