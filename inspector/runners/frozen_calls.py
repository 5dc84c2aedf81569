"""A flat GraphDef of a signature or an inference: calls written out, variables as constants with given values.

Names are those of `inlining`, by which the reader of the same file calls its tensors, too. TensorFlow's own
freezing begins at the signature's function and renames what it inlines, differently from version to version.
"""

from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set

import numpy as np
import tensorflow as tf

from ..graphs.dropout import Constants
from ..graphs.inlining import CONDITIONS, VARIABLES, Body, Flat, Flattened, Op, handle_of
from .function_values import FUNCTIONAL, read_plainly, specialise, take_values
from .server import RequestError
from .structure import tensor_name
from .tables import TABLES, Content, filling_of, write

LARGEST = 2 << 30
NOT_FROZEN = (
    "LookupTableInsert", "LookupTableRemove", "LookupTableImport", "InitializeTable", "Iterator", "Queue", "Anonymous",
)  # fmt: skip
Values = Mapping[str, np.ndarray]
SMALL = 16  # numbers; axes, rates and the like
NUMBERS = (1, 2, 3, 4, 5, 6, 9, 10, 14, 17, 19, 22, 23)  # DataTypes that are real numbers or bools
Tables = Mapping[str, Content]


def ops_of(nodes: Iterable[Any], *, in_function: bool = False, training: bool = False) -> Dict[str, Op]:
    """Nodes of a GraphDef or of a function as the inlining takes them; of one name the first counts."""
    branch = "then_branch" if training else "else_branch"
    found: Dict[str, Op] = {}
    for node in nodes:
        data = [text for text in node.input if not text.startswith("^")]
        inputs = [text if in_function else tensor_name(text) for text in data]
        controls = [text[1:] for text in node.input if text.startswith("^")]
        attribute = "f" if node.op.endswith("PartitionedCall") else branch if node.op in CONDITIONS else ""
        called = node.attr[attribute].func.name if attribute else ""
        dtype = tf.as_dtype(node.attr["dtype"].type).name if node.op.startswith("Placeholder") else ""
        found.setdefault(node.name, Op(node.name, node.op, inputs, controls, called, _length(node), dtype))
    return found


def small_constants(nodes: Iterable[Any]) -> Constants:
    """The numbers of a constant that has few of them, None for any other."""
    known = {node.name: node.attr["value"].tensor for node in nodes if node.op == "Const"}

    def numbers(name: str) -> Optional[Sequence[float]]:
        if name not in known or known[name].dtype not in NUMBERS:
            return None
        size = int(np.prod([dim.size for dim in known[name].tensor_shape.dim], dtype=np.int64))
        return [float(number) for number in tf.make_ndarray(known[name]).ravel()] if size <= SMALL else None

    return numbers


class Library:
    """The functions of a GraphDef, by name."""

    def __init__(self, graph_def: Any, *, training: bool = False) -> None:
        self._training = training
        self.functions = {function.signature.name: function for function in graph_def.library.function}
        self._bodies: Dict[str, Optional[Body]] = {}

    def __call__(self, name: str) -> Optional[Body]:
        if name not in self._bodies:
            self._bodies[name] = self._body(self.functions[name]) if name in self.functions else None
        return self._bodies[name]

    def _body(self, function: Any) -> Body:
        arguments = [argument.name for argument in function.signature.input_arg]
        outputs = [argument.name for argument in function.signature.output_arg]
        results = [function.ret[name] for name in outputs]
        return Body(arguments, outputs, results, ops_of(function.node_def, in_function=True, training=self._training))


def frozen(
    graph_def: Any, flattened: Flattened, values: Values, kept: Sequence[str], tables: Optional[Tables] = None
) -> Any:
    """The GraphDef of the flat graph. `values`: of each variable by its node's name; `tables`: what each lookup
    table holds; `kept`: nodes that are fed.

    Raises NOT_FROZEN for a variable or table without value, TOO_LARGE beyond 2 GB."""
    size = sum(array.nbytes for array in values.values())
    if size >= LARGEST:
        what = "the variables hold {} bytes, and a graph ends at 2 GB".format(size)
        raise RequestError("TOO_LARGE", what, "", "Only the plain run is possible.")
    frozen_def = _Freezing(graph_def, flattened, values, kept).run()
    filled = filling_of({node.name: node for node in frozen_def.node})
    for node in [node for node in frozen_def.node if node.op in TABLES and node.name not in filled]:
        if node.name not in (tables or {}):
            raise RequestError("NOT_FROZEN", "nothing fills the lookup table", node.name, "Export it again.")
        write(frozen_def, node, (tables or {})[node.name])
    return frozen_def


def cannot_be_frozen(flattened: Flattened) -> List[str]:
    """Nodes whose state is neither a variable nor a table that only looking into it needs: iterators, tables that
    change. They have their state in the session only."""
    return [
        name
        for name, flat in flattened.nodes.items()
        if flat.op.startswith(NOT_FROZEN) or (flat.op in TABLES and flat.function)
    ]


def tables_in(flattened: Flattened) -> Set[str]:
    """Names of the lookup tables that the flat graph looks into."""
    return {name for name, flat in flattened.nodes.items() if flat.op in TABLES}


class _Freezing:
    def __init__(self, graph_def: Any, flattened: Flattened, values: Values, kept: Sequence[str]) -> None:
        self._flat, self._values, self._kept = flattened.nodes, values, kept
        self._main = {node.name: node for node in reversed(graph_def.node)}
        self._functions = {function.signature.name: function for function in graph_def.library.function}
        self._bodies: Dict[str, Dict[str, Any]] = {}
        self._made: Dict[Any, str] = {}
        self._out = type(graph_def)()
        self._out.versions.CopyFrom(graph_def.versions)
        self._out.library.CopyFrom(graph_def.library)

    def run(self) -> Any:
        for name, flat in self._flat.items():
            node = self._out.node.add()
            if flat.op in VARIABLES:
                self._constant(node, name)
            else:
                self._copy(node, flat)
        for name in self._kept:
            if name not in self._flat and name in self._main:
                self._copy(self._out.node.add(), Flat(name, "Placeholder", (), (), "", name))
        return self._out

    def _constant(self, node: Any, name: str) -> None:
        if name not in self._values:
            raise RequestError("NOT_FROZEN", "the variable has no value", name, "Restore it from its checkpoint.")
        set_constant(node, name, self._values[name])

    def _copy(self, node: Any, flat: Flat) -> None:
        source = self._source(flat)
        node.CopyFrom(source)
        node.name, node.op, node.device = flat.name, flat.op, ""
        del node.input[:]
        node.input.extend(list(flat.inputs) + ["^" + name for name in flat.controls])
        if "_class" in node.attr:
            del node.attr["_class"]
        if flat.op == "Placeholder" and source.op != "Placeholder":
            _as_placeholder(node, source, flat.output, self._elements(source))
        if flat.op == "Identity" and source.op.startswith("Assign"):
            read_plainly(node, source, source.attr["T"].type)
        elif flat.variable:
            read_plainly(node, source, self._dtype(flat.variable))
        elif flat.op in FUNCTIONAL:
            self._hand_in_values(node, flat)

    def _elements(self, source: Any) -> Sequence[Any]:
        """What a queue or an iterator states of the shapes of its elements."""
        queue = self._main.get(tensor_name(source.input[0]).rpartition(":")[0]) if source.input else None
        if "Dequeue" in source.op and queue is not None:
            return list(queue.attr["shapes"].list.shape)
        return list(source.attr["output_shapes"].list.shape)

    def _source(self, flat: Flat) -> Any:
        if not flat.function:
            return self._main[flat.source]
        if flat.function not in self._bodies:
            nodes = self._functions[flat.function].node_def
            self._bodies[flat.function] = {node.name: node for node in reversed(nodes)}
        return self._bodies[flat.function][flat.source]

    def _dtype(self, variable: str) -> int:
        return int(tf.as_dtype(self._values[variable].dtype).as_datatype_enum)

    def _hand_in_values(self, node: Any, flat: Flat) -> None:
        """A loop or condition that was given a variable's handle is given its value, and so are its functions."""
        handles = [handle_of(self._flat, text) for text in flat.inputs]
        given = {position: self._dtype(name) for position, name in enumerate(handles) if name}
        if given:
            specialise(node, given, self._function)

    def _function(self, name: str, given: Mapping[int, int]) -> str:
        """The name of a function that takes values in these places; made when it is first needed."""
        key = (name, tuple(sorted(given.items())))
        if key not in self._made and name in self._functions:
            self._made[key] = "{}_with_values_{}".format(name, len(self._made))
            copy = self._out.library.function.add()
            copy.CopyFrom(self._functions[name])
            copy.signature.name = self._made[key]
            take_values(copy, given, self._function)
        return self._made.get(key, name)


def _as_placeholder(node: Any, source: Any, output: int, elements: Sequence[Any]) -> None:
    """`output`: which of the outputs of a queue or an iterator it stands for, `elements` the shapes of all of them."""
    dtype = next((source.attr[name].type for name in ("dtype", "T", "DstT") if name in source.attr), 0)
    shape = source.attr["shape"].shape if "shape" in source.attr else None
    for name in ("component_types", "output_types"):
        dtype = source.attr[name].list.type[output] if name in source.attr else dtype
    shape = elements[output] if output < len(elements) else shape
    several = "DequeueMany" in source.op or "DequeueUpTo" in source.op
    node.attr.clear()
    node.attr["dtype"].type = dtype
    if shape is not None:
        stated = node.attr["shape"].shape
        if several and not shape.unknown_rank:
            stated.dim.add(size=-1)
        stated.MergeFrom(shape)


def set_constant(node: Any, name: str, value: np.ndarray) -> None:
    """Make a node a Const with this value. In place."""
    node.name, node.op = name, "Const"
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))


def _length(node: Any) -> Callable[[str], int]:
    def length(attribute: str) -> int:
        value = node.attr[attribute]
        return int(value.i) if value.WhichOneof("value") == "i" else len(value.list.type)

    return length


def variables_in(flattened: Flattened) -> Set[str]:
    """Names of the variables that the flat graph reads."""
    return {name for name, flat in flattened.nodes.items() if flat.op in VARIABLES}
