"""The dtypes of a node's inputs and outputs, worked out from its op's definition and its attributes."""

from typing import Any, Dict, List, NamedTuple

from .op_table import op_def_of
from .structure import tensor_name

FLOAT, DOUBLE = 1, 2  # DataType numbers
FLOATS = (FLOAT, 19, 14)  # float32, float16, bfloat16


class Body:
    """Nodes that refer to each other: a graph's, or a function's, where an output is `node:arg:index`.

    `functions` are the signatures of the library's functions, which may be called as ops."""

    def __init__(self, nodes: List[Any], functions: Dict[str, Any], *, in_function: bool) -> None:
        self.nodes = nodes
        self._functions = functions
        self._in_function = in_function
        self._names = {node.name for node in nodes}

    def op_def(self, node: Any) -> Any:
        found = self._functions.get(node.op)
        return op_def_of(node.op) if found is None else found

    def is_function(self, op: str) -> bool:
        return op in self._functions

    def outputs(self, node: Any) -> List[str]:
        """References to the node's outputs, in flat order."""
        counts = [(arg.name, _count(arg, node, self.op_def(node))) for arg in self.op_def(node).output_arg]
        if self._in_function:
            return ["{}:{}:{}".format(node.name, name, index) for name, count in counts for index in range(count)]
        return ["{}:{}".format(node.name, index) for index in range(sum(count for _, count in counts))]

    def canonical(self, reference: str) -> str:
        return reference if self._in_function or reference.startswith("^") else tensor_name(reference)

    def unused_name(self, wish: str) -> str:
        while wish in self._names:
            wish += "_"
        self._names.add(wish)
        return wish


class Types(NamedTuple):
    """DataType numbers of all inputs and outputs, flat."""

    inputs: List[int]
    outputs: List[int]


def types_of(node: Any, op_def: Any) -> Types:
    return Types(_flat(op_def.input_arg, node, op_def), _flat(op_def.output_arg, node, op_def))


def attribute(node: Any, op_def: Any, name: str) -> Any:
    """The AttrValue that the node states, or the op's default."""
    if name in node.attr:
        return node.attr[name]
    return next((rule.default_value for rule in op_def.attr if rule.name == name), None)


def type_attributes(node: Any, op_def: Any) -> Dict[str, int]:
    """Single type attributes with their values (DataType numbers), defaults included."""
    values = {rule.name: attribute(node, op_def, rule.name) for rule in op_def.attr if rule.type == "type"}
    return {name: value.type for name, value in values.items() if value is not None and value.type}


def allowed(op_def: Any, name: str, dtype: int) -> bool:
    rule = next((rule for rule in op_def.attr if rule.name == name), None)
    return rule is None or not rule.allowed_values.list.type or dtype in rule.allowed_values.list.type


def _flat(arguments: Any, node: Any, op_def: Any) -> List[int]:
    return [dtype for arg in arguments for dtype in _types(arg, node, op_def)]


def _types(arg: Any, node: Any, op_def: Any) -> List[int]:
    if arg.type_list_attr:
        return list(_stated(node, op_def, arg.type_list_attr).list.type)
    dtype = arg.type or _stated(node, op_def, arg.type_attr).type
    return [dtype] * (_stated(node, op_def, arg.number_attr).i if arg.number_attr else 1)


def _count(arg: Any, node: Any, op_def: Any) -> int:
    return len(_types(arg, node, op_def))


def _stated(node: Any, op_def: Any, name: str) -> Any:
    value = attribute(node, op_def, name)
    if value is None:
        raise ValueError("node {} ({}) states no {}".format(node.name, node.op, name))
    return value


def doubled_type(dtype: int) -> int:
    """DOUBLE for any narrower float, the dtype itself for everything else."""
    return DOUBLE if dtype in FLOATS else dtype
