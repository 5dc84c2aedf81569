"""A TensorFlow.js graph model: the inference graph as JSON, its constants in shards.

tfjs-converter/python/tensorflowjs/converters/tf_saved_model_conversion_v2.py, format `graph-model`.
"""

import os
import re
from typing import Any, Dict, List, Sequence

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

from ..adapter import Adapter
from ..op_table import op_def_of
from ..server import RequestError
from ..tables import TABLES
from ..tfjs_library import library_files
from .assembling import assembled
from .node_facts import is_training
from .request import Named, Wish, Written, cannot, note
from .shards import write_model

FOLDER = "tfjs"
VALUES = (
    "tensor_content",
    "half_val",
    "float_val",
    "double_val",
    "int_val",
    "string_val",
    "int64_val",
    "bool_val",
    "uint32_val",
    "uint64_val",
)
KERNEL = re.compile(r'tfOpName:\s*"(\w+)"')
# nodes that TensorFlow.js treats by itself
HANDLED = ("Placeholder", "PlaceholderWithDefault", "Const", "NoOp", "Identity", "IdentityN")


def write(side: Adapter, wish: Wish, folder: str) -> Written:
    """Write `tfjs/model.json` and shards. Raises CANNOT_CONVERT where TensorFlow.js has no such op, or would find a
    lookup table empty: it fills tables by a graph beside the model only."""
    made = assembled(side, wish)
    unknown = unknown_ops(made.graph_def)
    if unknown:
        raise cannot("TensorFlow.js has no op {}".format(", ".join(unknown[:5])), "", "Convert it to TensorFlow Lite.")
    normed = [node.name for node in made.graph_def.node if _norms_its_batch(node)]
    if normed:
        todo = "Convert it to TensorFlow Lite, or to tfjs-layers."
        raise cannot("TensorFlow.js has no FusedBatchNorm that works out its own mean and variance", normed[0], todo)
    tables = [node.name for node in made.graph_def.node if node.op in TABLES]
    if tables:
        raise cannot("a lookup table cannot be filled in TensorFlow.js", tables[0], "Feed it the looked up numbers.")
    topology, arrays = as_json(made.graph_def)
    path = os.path.join(folder, FOLDER)
    signature = {"inputs": _ports(made.inputs), "outputs": _ports(made.outputs)}
    changed = write_model(path, "graph-model", topology, arrays, signature=signature, generatedBy=tf.__version__)
    notes = list(made.notes)
    if changed:
        notes.append(note("INT64_CUT", "numbers beyond 32 bits were cut: {}".format(", ".join(changed[:5]))))
    return Written(path, made.inputs, made.outputs, made.layers, notes, {"folded": ", ".join(made.folded)})


def as_json(graph_def: Any) -> Any:
    """The graph without the values of its constants, and these by node, in the graph's order."""
    bare, arrays = type(graph_def)(), {}
    bare.CopyFrom(graph_def)
    for node in bare.node:
        _state_defaults(node)
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            arrays[node.name] = _array(tensor)
            for field in VALUES:
                tensor.ClearField(field)
    return json_format.MessageToDict(bare), arrays


def _state_defaults(node: Any) -> None:
    """TensorFlow.js does not know what an attribute is that is left out (a convolution's dilations). In place."""
    op_def = op_def_of(node.op)
    for rule in op_def.attr if op_def is not None else ():
        if rule.HasField("default_value") and rule.name not in node.attr:
            node.attr[rule.name].CopyFrom(rule.default_value)


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(tf.make_ndarray(tensor))


def _norms_its_batch(node: Any) -> bool:
    """As legacy Keras writes its LayerNormalization; TensorFlow.js takes the vectors that it is handed, empty ones
    here (tfjs-converter/src/operations/executors/normalization_executor.ts)."""
    return node.op.startswith("FusedBatchNorm") and is_training(node)


def unknown_ops(graph_def: Any) -> List[str]:
    """Ops that the installed TensorFlow.js does not know; none where it is not installed."""
    known = known_ops()
    return sorted({node.op for node in graph_def.node if known and node.op not in known and node.op not in HANDLED})


def known_ops() -> Sequence[str]:
    """The ops that the library's own table names."""
    try:
        path = library_files()["/lib/tf.min.js"]
        with open(path, encoding="utf-8") as file:
            return KERNEL.findall(file.read())
    except (RequestError, OSError):
        return ()


def _ports(named: Sequence[Named]) -> Dict[str, Any]:
    return {port.name: _port(port) for port in named}


def _port(port: Named) -> Dict[str, Any]:
    stated: Dict[str, Any] = {"name": port.tensor, "dtype": "DT_" + _DTYPES.get(port.dtype, port.dtype.upper())}
    if port.shape is None:
        stated["tensorShape"] = {"unknownRank": True}
    else:
        sizes = [str(-1 if size is None else size) for size in port.shape]
        stated["tensorShape"] = {"dim": [{"size": size} for size in sizes]}
    return stated


_DTYPES = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}
