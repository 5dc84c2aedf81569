"""Cut a graph: each consumer of a cut tensor reads a new placeholder; the tensor itself stays fetchable."""

from typing import Any, Dict, Iterable, Tuple

from .structure import split_tensor, tensor_name


def cut_graph(graph_def: Any, dtypes: Dict[str, int]) -> Tuple[Any, Dict[str, str]]:
    """A copy of the GraphDef, cut at the tensors of `dtypes` (name to DataType number).

    Returns the copy and, for each cut tensor, the placeholder tensor that its consumers read now.
    A tensor that is a placeholder already is not cut: it stands for itself.
    """
    cut = type(graph_def)()
    cut.CopyFrom(graph_def)
    nodes = {node.name: node for node in cut.node}
    fed = {
        tensor: tensor
        if nodes[split_tensor(tensor)[0]].op == "Placeholder"
        else _unused(nodes, "fed/{}_{}".format(*split_tensor(tensor))) + ":0"
        for tensor in dtypes
    }
    for node in list(cut.node):
        _redirect(node, fed)
    _add_placeholders(cut, {fed[tensor]: dtype for tensor, dtype in dtypes.items() if fed[tensor] != tensor})
    return cut, fed


def _unused(nodes: Dict[str, Any], name: str) -> str:
    while name in nodes:
        name += "_"
    return name


def _redirect(node: Any, fed: Dict[str, str]) -> None:
    for position, text in enumerate(node.input):
        target = None if text.startswith("^") else fed.get(tensor_name(text))
        if target is not None:
            node.input[position] = split_tensor(target)[0] if target.endswith(":0") else target


def _add_placeholders(graph_def: Any, dtypes: Dict[str, int]) -> None:
    for tensor, dtype in dtypes.items():
        node = graph_def.node.add()
        node.name, node.op = split_tensor(tensor)[0], "Placeholder"
        node.attr["dtype"].type = dtype
        node.attr["shape"].shape.unknown_rank = True


def drop_hints(graph_def: Any) -> None:
    """Drop what exporters wrote about shapes and placement: it may contradict a cut or edited graph."""
    for node in _every_node(graph_def):
        for name in ("_output_shapes", "_class"):
            if name in node.attr:
                del node.attr[name]


def _every_node(graph_def: Any) -> Iterable[Any]:
    for node in graph_def.node:
        yield node
    for function in graph_def.library.function:
        for node in function.node_def:
            yield node
