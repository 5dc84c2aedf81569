"""Loops and conditions that are given the values of variables in place of their handles, with their functions.

TensorFlow keeps a loop's step in a function, which reads the variables that it is handed. In a graph without
variables it is handed their values.
"""

from typing import Any, Callable, Dict, List, Mapping, Tuple

from ..graphs.inlining import READS

FUNCTIONAL = (
    "While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase", "PartitionedCall",
    "StatefulPartitionedCall",
)  # fmt: skip
FUNCTIONS = ("cond", "body", "then_branch", "else_branch", "f")
Function = Callable[[str, Mapping[int, int]], str]


def specialise(node: Any, given: Mapping[int, int], function: Function) -> None:
    """Let a functional node take values (position of the input -> DataType) where it took handles. In place."""
    branching = node.op.endswith(("If", "Case"))
    places = {position - 1 if branching else position: dtype for position, dtype in given.items()}
    for name in ("T", "Tin"):
        if name in node.attr:
            for position, dtype in places.items():
                node.attr[name].list.type[position] = dtype
    for position in places if node.op.endswith("While") and "output_shapes" in node.attr else ():
        shapes = node.attr["output_shapes"].list.shape
        if position < len(shapes):
            del shapes[position].dim[:]
            shapes[position].unknown_rank = True
    for name in FUNCTIONS:
        if node.attr[name].HasField("func"):
            node.attr[name].func.name = function(node.attr[name].func.name, places)
        elif name in node.attr and not node.attr[name].WhichOneof("value"):
            del node.attr[name]
    if "branches" in node.attr:
        for branch in node.attr["branches"].list.func:
            branch.name = function(branch.name, places)


def take_values(definition: Any, given: Mapping[int, int], function: Function) -> None:
    """Arguments of a function become values, and what reads them hands them on. In place."""
    types: Dict[str, int] = {}
    for position, dtype in given.items():
        argument = definition.signature.input_arg[position]
        argument.type = types[argument.name] = dtype
        if hasattr(argument, "handle_data"):
            argument.ClearField("handle_data")
        if hasattr(definition, "arg_attr") and position in definition.arg_attr:
            del definition.arg_attr[position]
    waiting, before = list(definition.node_def), -1
    renamed: Dict[str, str] = {}
    while len(waiting) != before:  # nodes need not stand in the order in which they are computed
        before = len(waiting)
        waiting = [node for node in waiting if not _takes_values(node, types, renamed, function)]
    for node in definition.node_def:
        for position, text in enumerate(node.input):
            node.input[position] = renamed.get(text, text)
    for argument in definition.signature.output_arg:
        argument.type = types.get(definition.ret[argument.name], argument.type)
        definition.ret[argument.name] = renamed.get(definition.ret[argument.name], definition.ret[argument.name])


def _takes_values(node: Any, types: Dict[str, int], renamed: Dict[str, str], function: Function) -> bool:
    """Change a node that reads a handle which is a value now. Returns whether it did."""
    places = {index: types[text] for index, text in enumerate(_data(node)) if text in types}
    if not places:
        return False
    if node.op in FUNCTIONAL:
        specialise(node, places, function)
        if node.op.endswith("While"):  # it gives back what it was given, in the same place
            types.update({"{}:output:{}".format(node.name, place): dtype for place, dtype in places.items()})
    elif node.op == "Identity":
        node.attr["T"].type = types["{}:output:0".format(node.name)] = places[0]
    elif node.op in READS:
        if node.op == "ReadVariableOp":
            renamed["{}:value:0".format(node.name)] = "{}:output:0".format(node.name)
        source = type(node)()
        source.CopyFrom(node)
        node.op = READS[node.op]
        read_plainly(node, source, places[0])
    return True


def _data(node: Any) -> List[str]:
    return [text for text in node.input if not text.startswith("^")]


def read_plainly(node: Any, source: Any, dtype: int) -> None:
    """The attributes of a node that reads a value in place of a variable. In place."""
    attributes = {name: source.attr[name] for name in _TAKEN_OVER.get(node.op, ()) if name in source.attr}
    node.attr.clear()
    for name, value in attributes.items():
        node.attr[name].CopyFrom(value)
    node.attr["Tparams" if node.op.startswith("Gather") else "T"].type = dtype


_TAKEN_OVER: Dict[str, Tuple[str, ...]] = {
    "Gather": ("Tindices", "validate_indices"),
    "GatherNd": ("Tindices",),
    "Shape": ("out_type",),
    "Enter": ("frame_name", "is_constant", "parallel_iterations"),
}
