"""Lookup tables of a graph: what fills them, and a table with its content written into a GraphDef."""

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

import numpy as np
import tensorflow as tf

from .messages import short
from .server import RequestError
from .structure import split_tensor

TABLES = (
    "HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", "MutableDenseHashTable",
    "MutableDenseHashTableV2",
)  # fmt: skip
FINDING = ("LookupTableFind", "LookupTableFindV2")
FILLING = (
    "InitializeTable", "InitializeTableV2", "InitializeTableFromTextFile", "InitializeTableFromTextFileV2",
    "LookupTableImport", "LookupTableImportV2",
)  # fmt: skip
PASSING = ("Identity", "Enter", "Switch")


class Content(NamedTuple):
    """Keys and values of a table, each of shape (entries,); text as bytes in an object array."""

    keys: np.ndarray
    values: np.ndarray


def of_tables(op: str) -> bool:
    """Whether an op makes, fills or reads a table: the types of its keys and values are the table's."""
    return op in TABLES or op.startswith(("LookupTable", "InitializeTable"))


def fill(session: Any) -> None:
    """Run what fills the tables of the session's graph. Raises TABLE_NOT_FILLED."""
    filling = [operation for operation in session.graph.get_operations() if operation.type in FILLING]
    try:
        session.run(filling)
    except tf.errors.OpError as error:
        what = "a lookup table cannot be filled: {}".format(short(error))
        raise RequestError("TABLE_NOT_FILLED", what, filling[0].name, "Give its vocabulary file, or export it again.")


def table_of(nodes: Dict[str, Any], tensor: str) -> str:
    """The node of the table whose handle a tensor is, "" where it is none."""
    for _ in range(len(nodes)):
        node = nodes.get(split_tensor(tensor)[0])
        if node is None or node.op in TABLES:
            return str(node.name) if node is not None else ""
        if node.op not in PASSING or not node.input:
            return ""
        tensor = node.input[0]
    return ""


def filling_of(nodes: Dict[str, Any]) -> Dict[str, List[str]]:
    """Of each table's node the nodes that fill it."""
    found: Dict[str, List[str]] = {}
    for name, node in nodes.items():
        if node.op in FILLING and node.input:
            found.setdefault(table_of(nodes, node.input[0]), []).append(name)
    return found


def contents(session: Any, names: Iterable[str]) -> Dict[str, Content]:
    """What the tables of a session hold, by their nodes' names; those that nothing filled are left out."""
    found = {}
    for name in names:
        operation = session.graph.get_operation_by_name(name)
        with session.graph.as_default():
            pair = _export(operation.outputs[0], operation.get_attr("key_dtype"), operation.get_attr("value_dtype"))
        try:
            found[name] = Content(*session.run(list(pair)))
        except tf.errors.OpError:  # said by TensorFlow itself once something is looked up in it
            continue
    return found


def _export(handle: Any, keys: Any, values: Any) -> Any:
    by_reference = handle.dtype.base_dtype == tf.string
    export = tf.raw_ops.LookupTableExport if by_reference else tf.raw_ops.LookupTableExportV2
    return export(table_handle=handle, Tkeys=keys, Tvalues=values)


def write(graph_def: Any, node: Any, content: Content) -> None:
    """Make `node` a table of the graph, with nodes that fill it. In place."""
    version = "" if node.op in TABLES and not node.op.endswith("V2") else "V2"
    control = [text for text in node.input if text.startswith("^")]
    dtypes = [tf.as_dtype(array.dtype).as_datatype_enum for array in content]
    del node.input[:]
    node.input.extend(control)
    node.op, node.device = "HashTable" + version, ""
    node.attr.clear()
    for name, dtype in zip(("key_dtype", "value_dtype"), dtypes):
        node.attr[name].type = dtype
    node.attr["shared_name"].s = node.name.encode("utf-8")
    filling = graph_def.node.add()
    filling.name, filling.op = node.name + "/fill", "InitializeTable" + version
    filling.input.append(node.name)
    for name, label, array, dtype in zip(("Tkey", "Tval"), ("keys", "values"), content, dtypes):
        filling.attr[name].type = dtype
        constant = graph_def.node.add()
        constant.name, constant.op = "{}/{}".format(node.name, label), "Const"
        constant.attr["dtype"].type = dtype
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array, dtype=dtype))
        filling.input.append(constant.name)


def rewrite(graph_def: Any, name: str, content: Content) -> None:
    """Give a table of the graph another content; what filled it goes. In place. Raises NO_SUCH_TENSOR."""
    nodes = {node.name: node for node in graph_def.node}
    if name not in nodes or nodes[name].op not in TABLES:
        raise RequestError("NO_SUCH_TENSOR", "the graph has no table of that name", name)
    types = [tf.as_dtype(nodes[name].attr[label].type).as_numpy_dtype for label in ("key_dtype", "value_dtype")]
    gone = {
        node.name
        for node in graph_def.node
        if node.op in FILLING and node.input and table_of(nodes, node.input[0]) == name
    }
    gone |= {"{}/{}".format(name, label) for label in ("keys", "values")} if name + "/fill" in gone else set()
    kept = [node for node in graph_def.node if node.name not in gone]
    copies = [type(node).FromString(node.SerializeToString()) for node in kept]
    del graph_def.node[:]
    graph_def.node.extend(copies)
    for node in graph_def.node:
        lost = [text for text in node.input if text.startswith("^") and text[1:] in gone]
        for text in lost:
            node.input.remove(text)
    table = next(node for node in graph_def.node if node.name == name)
    write(graph_def, table, Content(*(array.astype(dtype) for array, dtype in zip(content, types))))


def captured(graph_def: Any, captures: Iterable[Tuple[Any, Any]]) -> Dict[str, Content]:
    """Of a traced graph's captures (eager tensor, placeholder) the tables, by the placeholder's node."""
    types = _Types(graph_def).of_graph()
    found = {}
    for outer, inner in captures:
        if inner.op.name in types and outer.dtype == tf.resource:
            content = _held(outer, types[inner.op.name])
            if content is not None:
                found[inner.op.name] = content
    return found


def _held(handle: Any, types: Tuple[int, int]) -> Optional[Content]:
    """None for a table that nothing has filled. Other types than the table's own would end the process."""
    with tf.init_scope():
        try:
            pair = _export(handle, *map(tf.as_dtype, types))
        except tf.errors.OpError:
            return None
        return Content(*(np.asarray(tensor.numpy()) for tensor in pair))


class _Types:
    """Types of keys and values of the tables whose handles come from outside, as who looks into them states them: in
    the graph itself, and in the functions that the handles are handed to."""

    def __init__(self, graph_def: Any) -> None:
        self._nodes = graph_def.node
        self._functions = {function.signature.name: function for function in graph_def.library.function}
        self._known: Dict[str, Dict[int, Tuple[int, int]]] = {}

    def of_graph(self) -> Dict[str, Tuple[int, int]]:
        """By the name of the node that gives the handle."""
        return self._of_body(self._nodes)

    def _of_body(self, body: Iterable[Any]) -> Dict[str, Tuple[int, int]]:
        nodes = {node.name: node for node in body}
        found: Dict[str, Tuple[int, int]] = {}
        for node in nodes.values():
            data = [text.partition(":")[0] for text in node.input if not text.startswith("^")]
            if node.op in FINDING:
                found[_origin(nodes, data[0])] = (node.attr["Tin"].type, node.attr["Tout"].type)
            first = 1 if node.op.endswith(("If", "Case")) else 0
            for name in _called(node):
                for place, types in self._of_arguments(name).items():
                    if place + first < len(data):
                        found[_origin(nodes, data[place + first])] = types
        return found

    def _of_arguments(self, name: str) -> Dict[int, Tuple[int, int]]:
        """By the place of the function's argument."""
        if name not in self._known and name in self._functions:
            self._known[name] = {}  # a function that calls itself finds nothing more there
            function = self._functions[name]
            found = self._of_body(function.node_def)
            arguments = [argument.name for argument in function.signature.input_arg]
            self._known[name] = {place: found[one] for place, one in enumerate(arguments) if one in found}
        return self._known.get(name, {})


def _origin(nodes: Dict[str, Any], name: str) -> str:
    """Where a handle comes from, behind what hands it on."""
    for _ in range(len(nodes)):
        node = nodes.get(name)
        if node is None or node.op not in PASSING or not node.input:
            break
        name = node.input[0].partition(":")[0]
    return name


def _called(node: Any) -> List[str]:
    names = [node.op]
    for value in node.attr.values():
        names += [value.func.name] if value.HasField("func") else []
        names += [function.name for function in value.list.func]
    return names
