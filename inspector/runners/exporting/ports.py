"""Inputs and outputs of a graph that is written: the names that a person gives them, and how many samples they take."""

from typing import Any, Dict, List, Sequence

from ..engine import imported
from ..graph_side import static_shape
from ..messages import no_such_tensor, short
from ..node_defs import make_node
from ..server import RequestError
from ..structure import split_tensor, tensor_name
from .naming import Names, is_valid, valid
from .request import Named, Wish, cannot


def wished_names(ports: Sequence[Any], wished: Dict[str, str]) -> List[str]:
    """A name for each port. Raises NO_SUCH_TENSOR for a port that there is not, BAD_NAME, NAME_TWICE."""
    known = [port.name for port in ports]
    for name in wished:
        if name not in known:
            raise no_such_tensor(name, known)
    for name in wished.values():
        if not is_valid(name):
            todo = "Use letters, digits, _ . - / and begin with a letter or digit."
            raise RequestError("BAD_NAME", "TensorFlow takes no such name: {!r}".format(name), name, todo)
    names = [wished.get(name) or valid(name) for name in known]
    twice = [name for name in names if names.count(name) > 1]
    if twice and wished:
        raise RequestError("NAME_TWICE", "two inputs or outputs would be called so", twice[0], "Choose another name.")
    unused = Names(())
    return [unused.unused(name) for name in names]


def set_batch(graph_def: Any, inputs: Sequence[str], wish: Wish) -> None:
    """State how many samples the placeholders take. In place."""
    nodes = {node.name: node for node in graph_def.node}
    for tensor in inputs:
        shape = nodes[split_tensor(tensor)[0]].attr["shape"].shape
        if wish.batch and shape.dim:
            shape.dim[0].size = -1 if wish.size is None else wish.size


def checked(graph_def: Any) -> Any:
    """The graph, imported. Raises CANNOT_CONVERT when its shapes no longer agree."""
    copy = type(graph_def)()
    copy.CopyFrom(graph_def)  # importing writes every attribute's default into what it is given
    try:
        return imported(copy)
    except ValueError as error:
        raise cannot("the graph does not fit together: " + short(error), "", "Choose the batch that the model has.")


def add_outputs(graph_def: Any, tensors: Sequence[str], names: Sequence[str]) -> None:
    """An Identity for each output under its name, where no node of that name gives it already. In place."""
    nodes = {node.name: node for node in graph_def.node}
    graph = imported(graph_def)
    for tensor, name in zip(tensors, names):
        if tensor_name(name) == tensor_name(tensor):
            continue
        dtype = graph.get_tensor_by_name(tensor_name(tensor)).dtype.base_dtype.as_datatype_enum
        source, index = split_tensor(tensor)
        reference = "{}:{}".format(source, index) if index else source
        added = make_node(name, "Identity", [reference], {"T": dtype})
        if name in nodes:
            raise cannot("a node is called as an output is to be", name, "Choose another name for the output.")
        graph_def.node.add().CopyFrom(added)


def named(graph: Any, names: Sequence[str], ports: Sequence[Any]) -> List[Named]:
    """What a caller has to know of the ports."""
    return [of_tensor(graph, tensor_name(name), name, port.name) for name, port in zip(names, ports)]


def of_tensor(graph: Any, tensor: str, name: str, layer: str) -> Named:
    found = graph.get_tensor_by_name(tensor)
    return Named(name, tensor, static_shape(found), found.dtype.base_dtype.name, layer)
