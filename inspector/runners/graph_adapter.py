"""Runs a frozen GraphDef through a v1 session."""

from typing import Any, List

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError

from .adapter import Port
from .engine import Engine
from .graph_side import GraphSide
from .messages import short
from .op_table import op_def_of
from .options import Options
from .server import RequestError
from .structure import (
    UNFED,
    Structure,
    flow_nodes,
    input_nodes,
    is_learning_phase,
    output_nodes,
    split_tensor,
    variables_of,
)

NOT_TAPPED = ("Const", "NoOp", "Assert")


class GraphAdapter(GraphSide):
    """Tap names are tensor names, `node:index`; tensors inside v1 loops and conditionals cannot be tapped."""

    def _load(self, path: str) -> None:
        graph_def = read_graph_def(path)
        check_ops(graph_def, path)
        self.engine = _engine(graph_def, path, self.options)
        structure = self.engine.structure
        self.framework = "TensorFlow {} (graph)".format(tf.__version__)
        self.taps = {name: name for name in tappable(self.engine, structure)}
        self.inputs = [_port(name) for name in input_nodes(structure)]
        outputs = [name for name in output_nodes(structure) if name + ":0" in self.taps]
        self.outputs = [_port(name) for name in outputs]
        self._warn_of_learning_phase()
        _refuse_lost_resources(structure, path)
        variable = variables_of(structure, outputs)
        if variable is not None:
            raise RequestError(
                "NOT_FROZEN",
                "the graph holds variables without values",
                variable,
                "Freeze it: convert_variables_to_constants, or open the SavedModel.",
            )

    def graph_tensor(self, name: str) -> str:
        node, index = split_tensor(name)
        return super(GraphAdapter, self).graph_tensor("{}:{}".format(node, index))

    def _warn_of_learning_phase(self) -> None:
        for tensor in self.engine.fixed:
            mode = ("true", "training") if self.options.training else ("false", "inference")
            text = "{} is fed {}: the graph runs in {} mode".format(tensor, *mode)
            self.warnings.append({"code": "LEARNING_PHASE", "text": text})


def read_graph_def(path: str) -> Any:
    """Binary, or text when it is no binary GraphDef. Raises LOAD_FAILED."""
    graph_def = tf.compat.v1.GraphDef()
    with open(path, "rb") as file:
        content = file.read()
    try:
        graph_def.ParseFromString(content)
    except DecodeError:
        _parse_text(content, graph_def, path)
    if not graph_def.node:
        raise RequestError("LOAD_FAILED", "the file holds no graph", path, "Open a frozen GraphDef.")
    return graph_def


def _refuse_lost_resources(structure: Structure, path: str) -> None:
    """A table or a variable that the freezing has left outside: nobody can feed its handle."""
    lost = [
        name
        for name in input_nodes(structure)
        if structure.nodes[name].attr["dtype"].type == tf.resource.as_datatype_enum
    ]
    if lost:
        what = "the graph was frozen without a table or variable that it needs: {}".format(lost[0])
        todo = "Export a SavedModel, or freeze it with what fills its tables (tables_initializer)."
        raise RequestError("NOT_FROZEN", what, path, todo)


def _parse_text(content: bytes, graph_def: Any, path: str) -> None:
    try:
        text_format.Parse(content.decode("utf-8"), graph_def)
    except (UnicodeDecodeError, text_format.ParseError) as error:
        raise RequestError("LOAD_FAILED", "no GraphDef: {}".format(short(error)), path, "Open a frozen GraphDef.")


def check_ops(graph_def: Any, path: str, *, everywhere: bool = False) -> None:
    """An op that this TensorFlow does not know is named before anything else fails over it. `everywhere`: in
    functions too, which TensorFlow minds only when they are called."""
    functions = {function.signature.name for function in graph_def.library.function}
    bodies = [function.node_def for function in graph_def.library.function] if everywhere else []
    used = {node.op for nodes in [graph_def.node] + bodies for node in nodes} - functions
    unknown = sorted(op for op in used if op_def_of(op) is None)
    if unknown:
        what = "this TensorFlow has no op {}".format(", ".join(unknown[:5]))
        raise RequestError("OP_NOT_REGISTERED", what, path, "Run this side in the Python that has it (custom op).")


def _engine(graph_def: Any, path: str, options: Options) -> Engine:
    fixed = {node.name + ":0": np.array(options.training) for node in graph_def.node if is_learning_phase(node)}
    try:
        return Engine(graph_def, fixed, options)
    except (ValueError, tf.errors.OpError) as error:
        raise RequestError("LOAD_FAILED", short(error), path, "TensorFlow cannot import this graph.")


def tappable(engine: Engine, structure: Structure) -> List[str]:
    """Tensors whose values can be kept, in order of computation."""
    flows = flow_nodes(structure)
    names = [
        name
        for name in structure.order
        if structure.is_top_level(name)
        and structure.nodes[name].op not in NOT_TAPPED
        and name not in flows
        and UNFED not in name
    ]
    return [tensor.name for name in names for tensor in _values(engine.graph.get_operation_by_name(name))]


def _values(operation: Any) -> List[Any]:
    """The outputs that hold values; a batch norm's further outputs are notes for its gradient."""
    outputs = list(operation.outputs[:1] if operation.type.startswith("FusedBatchNorm") else operation.outputs)
    return [tensor for tensor in outputs if tensor.dtype.base_dtype not in (tf.resource, tf.variant)]


def _port(name: str) -> Port:
    return Port(name, name + ":0", name + ":0")
