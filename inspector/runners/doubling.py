"""Rewrite a GraphDef so that every float is computed in float64.

Constants stay float32 and are cast (exactly) where they are read. Ops whose kernel knows no float64 on
the CPU are put between casts and are named as inexact; FusedBatchNorm is written out as arithmetic.
"""

from typing import Any, Dict, Iterable, List, NamedTuple, Set

from .batch_norm import is_batch_norm, written_out
from .channels_last import channels_last, is_channels_first
from .node_defs import Made, make_cast, result_of
from .op_table import has_cpu_kernel
from .signatures import DOUBLE, FLOATS, Body, allowed, attribute, doubled_type, type_attributes, types_of
from .structure import RANDOM_PREFIXES, all_inputs, dead_in_inference, structure_of
from .tables import of_tables

# their bytes, or their random numbers, would be others in float64
KEPT_FLOAT = ("Const", "Bitcast", "DecodeRaw", "DecodePaddedRaw")
COMPLEX64 = 8  # DataType
# narrow floats here are exact, or a flow without meaning
STILL_EXACT = ("Const", "TensorArray")


class Doubled(NamedTuple):
    """`fetches`: where the original's tensors went (absent: nowhere). `inexact`: names of nodes of the
    new graph in whose value a narrower float kernel had a part."""

    graph_def: Any
    fetches: Dict[str, str]
    inexact: Set[str]


class _Rewritten(NamedTuple):
    nodes: List[Any]
    moved: Dict[str, str]
    inexact: Set[str]


def double_graph(graph_def: Any, phases: Iterable[str] = ()) -> Doubled:
    """`phases`: placeholders of the learning phase. Raises ValueError when an op's definition is not known."""
    signatures = {function.signature.name: function.signature for function in graph_def.library.function}
    top = _rewrite(Body(list(graph_def.node), signatures, in_function=False))
    doubled = type(graph_def)()
    doubled.versions.CopyFrom(graph_def.versions)
    doubled.node.extend(top.nodes)
    inexact_calls: Set[str] = set()
    for function in graph_def.library.function:
        copy = doubled.library.function.add()
        copy.CopyFrom(function)
        if _double_function(copy, signatures):
            inexact_calls.add(function.signature.name)
    doubled.library.gradient.extend(graph_def.library.gradient)
    return Doubled(doubled, top.moved, _downstream(doubled, top.inexact, _calling(doubled, inexact_calls), phases))


def _double_function(function: Any, signatures: Dict[str, Any]) -> bool:
    """In place. Returns whether a narrower float kernel is among its own nodes."""
    body = _rewrite(Body(list(function.node_def), signatures, in_function=True))
    del function.node_def[:]
    function.node_def.extend(body.nodes)
    for argument in list(function.signature.input_arg) + list(function.signature.output_arg):
        argument.type = doubled_type(argument.type)
    for name, reference in list(function.ret.items()):
        function.ret[name] = body.moved.get(reference, reference)
    return bool(body.inexact)


def _rewrite(body: Body) -> _Rewritten:
    made = [
        (node.name, written_out(node, body) if is_batch_norm(node) else _converted(node, body)) for node in body.nodes
    ]
    moved = {before: after for _, parts in made for before, after in parts.moved.items()}
    for node in (node for _, parts in made for node in parts.nodes):
        for position, reference in enumerate(node.input):
            node.input[position] = moved.get(body.canonical(reference), reference)
    nodes = [node for _, parts in made for node in parts.nodes + parts.casts]
    return _Rewritten(nodes, moved, {name for name, parts in made if not parts.exact})


def _converted(node: Any, body: Body) -> Made:
    """One node in float64, or as it is between casts."""
    op_def = body.op_def(node)
    if op_def is None:
        raise ValueError("no definition of op {}".format(node.op))
    copy = type(node)()
    copy.CopyFrom(node)
    if body.is_function(node.op):
        return Made([copy], [], {}, exact=True)
    if _has_double(node, op_def):
        _set_double(copy, op_def)
        if is_channels_first(copy):
            return channels_last(copy, body)
    return _between_casts(node, copy, body)


def _has_double(node: Any, op_def: Any) -> bool:
    if (
        node.op in KEPT_FLOAT
        or of_tables(node.op)
        or (node.op.startswith(RANDOM_PREFIXES) and not node.op.endswith("PartitionedCall"))
    ):
        return False
    if COMPLEX64 in type_attributes(node, op_def).values():
        return False  # complex numbers stay as they are
    narrow = {name for name, dtype in type_attributes(node, op_def).items() if dtype in FLOATS}
    types = {name: doubled_type(dtype) for name, dtype in type_attributes(node, op_def).items()}
    return all(allowed(op_def, name, DOUBLE) for name in narrow) and has_cpu_kernel(node.op, types)


def _set_double(node: Any, op_def: Any) -> None:
    for name, dtype in type_attributes(node, op_def).items():
        if dtype in FLOATS:
            node.attr[name].type = DOUBLE
    for rule in op_def.attr:
        stated = attribute(node, op_def, rule.name) if rule.type == "list(type)" else None
        if stated is not None:
            types = [doubled_type(dtype) for dtype in stated.list.type]
            del node.attr[rule.name].list.type[:]
            node.attr[rule.name].list.type.extend(types)


def _between_casts(old: Any, new: Any, body: Body) -> Made:
    """Casts where the new node still takes or gives a narrower float."""
    op_def = body.op_def(old)
    before, after = types_of(old, op_def), types_of(new, op_def)
    nodes, casts, moved = [new], [], {}
    for position, dtype in enumerate(after.inputs):
        if dtype in FLOATS:
            name = body.unused_name("{}/float_{}".format(old.name, position))
            nodes.append(make_cast(name, old.input[position], DOUBLE, dtype))
            new.input[position] = result_of(nodes[-1], body)
    for position, (reference, dtype) in enumerate(zip(body.outputs(new), after.outputs)):
        if dtype in FLOATS and before.outputs[position] in FLOATS:
            name = body.unused_name("{}/float64_{}".format(old.name, position))
            casts.append(make_cast(name, reference, dtype, DOUBLE))
            moved[reference] = result_of(casts[-1], body)
    return Made(nodes, casts, moved, exact=not casts or old.op.startswith(STILL_EXACT) or of_tables(old.op))


def _calling(graph_def: Any, functions: Set[str]) -> Set[str]:
    """All functions that call one of these, themselves included."""
    calls = {
        function.signature.name: {name for node in function.node_def for name in _called(node)}
        for function in graph_def.library.function
    }
    size = -1
    while size != len(functions):
        size = len(functions)
        functions = functions | {name for name, called in calls.items() if called & functions}
    return functions


def _called(node: Any) -> Iterable[str]:
    yield node.op
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        for function in value.list.func:
            yield function.name


def _downstream(graph_def: Any, inexact: Set[str], functions: Set[str], phases: Iterable[str]) -> Set[str]:
    structure = structure_of(graph_def)
    dead = dead_in_inference(structure, phases)
    reached = inexact - dead
    for name in structure.order:
        node = structure.nodes[name]
        if name in dead:
            continue
        if any(text in reached for text in all_inputs(node)) or functions.intersection(_called(node)):
            reached.add(name)
    return reached
