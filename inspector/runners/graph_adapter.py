"""Runs a frozen GraphDef through a v1 session."""

from typing import Any, Dict, List, Tuple

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError

from ..graphs.inlining import flatten
from ..graphs.ports import UNFED, Inference, inference_of, needs_flattening
from .adapter import Arrays, Port
from .engine import Engine
from .frozen_calls import Library, frozen, ops_of, small_constants, variables_in
from .graph_side import GraphSide
from .messages import short
from .op_table import op_def_of
from .options import Options
from .server import RequestError
from .structure import Structure, flow_nodes, split_tensor, variables_of
from .tables import FILLING

NOT_TAPPED = ("Const", "NoOp", "Assert")


class GraphAdapter(GraphSide):
    """Tap names are tensor names, `node:index`; tensors inside v1 loops and conditionals cannot be tapped."""

    def _load(self, path: str) -> None:
        graph_def = read_graph_def(path)
        check_ops(graph_def, path)
        inference = inference_of(
            ops_of(graph_def.node, training=self.options.training), small_constants(graph_def.node)
        )
        ports = inference.ports
        where = {text: text for text in ports.inputs + ports.outputs}
        nodes = {node.name: node for node in graph_def.node}
        if needs_flattening(inference, nodes, Library(graph_def).functions):
            graph_def, where = self._flat(graph_def, inference)
        fixed = self._fixed(ports, {node.name for node in graph_def.node})
        self.engine = make_engine(graph_def, fixed, self.options)
        structure = self.engine.structure
        self.framework = "TensorFlow {} (graph)".format(tf.__version__)
        self.taps = {name: name for name in tappable(self.engine, structure)}
        self.inputs = [port_of(text, where[text]) for text in ports.inputs]
        self.outputs = [port_of(text, where[text]) for text in ports.outputs]
        self.taps.update({port.tensor: port.tensor for port in list(self.inputs) + list(self.outputs)})
        _refuse_lost_resources(structure, path)
        variable = variables_of(structure, [split_tensor(where[text])[0] for text in ports.outputs])
        if variable is not None:
            raise _not_frozen("the graph holds variables without values", variable)

    def _flat(self, graph_def: Any, inference: Inference) -> Tuple[Any, Dict[str, str]]:
        """The graph with its calls written out and its training left out, and where the ports' tensors went."""
        ports = inference.ports
        library = Library(graph_def, training=self.options.training)
        filling = [name + ":0" for name, op in inference.nodes.items() if op.op in FILLING]
        flattened = flatten(inference.nodes, library, ports.outputs + filling, ports.inputs, ports.phases)
        held = sorted(variables_in(flattened))
        if held:
            raise _not_frozen("the graph holds variables without values", held[0])
        return frozen(
            graph_def, flattened, {}, [split_tensor(flattened.tensors[text])[0] for text in ports.inputs]
        ), flattened.tensors

    def graph_tensor(self, name: str) -> str:
        node, index = split_tensor(name)
        return super(GraphAdapter, self).graph_tensor("{}:{}".format(node, index))


def _not_frozen(what: str, variable: str) -> RequestError:
    todo = "Freeze it: convert_variables_to_constants, or open the SavedModel."
    return RequestError("NOT_FROZEN", what, variable, todo)


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
        for name, node in structure.nodes.items()
        if node.op == "Placeholder" and node.attr["dtype"].type == tf.resource.as_datatype_enum and UNFED not in name
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


def make_engine(graph_def: Any, fixed: Arrays, options: Options) -> Engine:
    """Raises LOAD_FAILED."""
    try:
        return Engine(graph_def, fixed, options)
    except (ValueError, tf.errors.OpError) as error:
        raise RequestError("LOAD_FAILED", short(error), "", "TensorFlow cannot import this graph.")


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


def port_of(text: str, tensor: str) -> Port:
    """A port of a graph: a node's first output goes by the node's name."""
    return Port(text[:-2] if text.endswith(":0") else text, tensor, tensor)
