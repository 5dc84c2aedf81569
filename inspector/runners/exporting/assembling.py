"""The graph that is written as a frozen graph, and that SavedModel and TensorFlow.js models are made of."""

from typing import Any, Dict, List, NamedTuple, Sequence, cast

from ..adapter import Adapter
from ..graph_side import GraphSide
from ..structure import split_tensor, tensor_name
from .flat import flat_graph, pruned
from .folding import Folded, fold
from .naming import kept_names, layer_names, renamed, renamed_input
from .portable import make_portable, newer_ops, training_nodes
from .ports import add_outputs, checked, named, of_tensor, set_batch, wished_names
from .request import Named, Wish, cannot, note
from .weight_names import weight_names


class Assembled(NamedTuple):
    """An inference graph with the names that were asked for. `inputs`, `outputs`: its ports, in the model's order;
    `layers`: tensors of the model's layers; `folded`: names of what batch norm went into."""

    graph_def: Any
    inputs: List[Named]
    outputs: List[Named]
    layers: List[Named]
    notes: List[Dict[str, str]]
    folded: List[str]


def assembled(side: Adapter, wish: Wish) -> Assembled:
    """Raises CANNOT_CONVERT, BAD_NAME, NAME_TWICE, NO_SUCH_TENSOR."""
    if not isinstance(side, GraphSide) or not side.can:
        raise cannot("{} gives no graph to write".format(side.framework), "", "Convert the file that it was made from.")
    if wish.batch and is_keras(side):  # what was worked out from the old batch goes
        side = cast(GraphSide, cast(Any, side).with_batch(wish.size))
    inputs, outputs = wished_names(side.inputs, wish.inputs), wished_names(side.outputs, wish.outputs)
    outputs = _apart(inputs, outputs)
    graph_def = flat_graph(side)
    fed = [port.graph_tensor for port in side.inputs]
    given = [port.graph_tensor for port in side.outputs]
    there = {node.name for node in graph_def.node}
    layers = {name: tensor for name, tensor in layers_of(side).items() if split_tensor(tensor)[0] in there}
    folded = fold(graph_def, given) if wish.fold else []
    if folded:
        graph_def = pruned(graph_def, given, fed)
    names = _names(side, graph_def, _with_linear(layers, folded), (inputs, outputs), folded)
    renamed(graph_def, names)
    set_batch(graph_def, [_moved(text, names) for text in fed], wish)
    add_outputs(graph_def, [_moved(text, names) for text in given], outputs)
    make_portable(graph_def)
    graph_def = pruned(graph_def, outputs, inputs)
    graph = checked(graph_def)
    return Assembled(
        graph_def,
        named(graph, inputs, side.inputs),
        named(graph, outputs, side.outputs),
        [of_tensor(graph, _moved(text, names), name, name) for name, text in _unchanged(layers, folded).items()],
        notes_of(graph_def, folded),
        [names[item.norm] for item in folded],
    )


def layers_of(side: GraphSide) -> Dict[str, str]:
    """Tensors of the layers, inputs aside, in order; of a graph that has no layers of its own none."""
    if not is_keras(side):
        return {}
    inputs = {port.tensor for port in side.inputs}
    return {name: tensor for name, tensor in side.taps.items() if name not in inputs}


def is_keras(side: Adapter) -> bool:
    """Whether it runs a Keras model, whose layers have names."""
    return getattr(side, "model", None) is not None


def notes_of(graph_def: Any, folded: Sequence[Folded]) -> List[Dict[str, str]]:
    """What a person should know of the graph."""
    found = []
    training = training_nodes(graph_def)
    if training:
        text = "{} nodes belong to training or draw at random ({})".format(len(training), ", ".join(training[:3]))
        found.append(note("TRAINING_NODES", text))
    newer = newer_ops(graph_def)
    if newer:
        text = "TensorFlow 1.15 cannot load it: {} came later".format(", ".join(newer))
        found.append(note("NEWER_OPS", text))
    if folded:
        found.append(note("FOLDED", "batch norm folded into {} layers".format(len(folded))))
    return found


def _names(
    side: GraphSide, graph_def: Any, layers: Dict[str, str], ports: Sequence[Sequence[str]], folded: Sequence[Folded]
) -> Dict[str, str]:
    inputs, outputs = ports
    fixed = {split_tensor(port.graph_tensor)[0]: name for port, name in zip(side.inputs, inputs)}
    if is_keras(side):
        known = weight_names(graph_def, getattr(side, "model").variables)  # noqa: B009 - only Keras's sides have one
        known.update((item.norm, "BiasAdd") for item in folded)
        return layer_names(graph_def, layers, fixed, known, outputs)
    for port, name in zip(side.outputs, outputs):
        node, index = split_tensor(port.graph_tensor)
        if not index and name == node:
            fixed.setdefault(node, name)  # it gives the output already
    return kept_names(graph_def, fixed, outputs)


def _apart(inputs: Sequence[str], outputs: Sequence[str]) -> List[str]:
    """An output that is an input handed on has another name than this."""
    return [name + "_output" if name in inputs else name for name in outputs]


def _with_linear(layers: Dict[str, str], folded: Sequence[Folded]) -> Dict[str, str]:
    """A layer whose own output is gone is told by the node that batch norm went into."""
    moved = {name: tensor_name(item.linear) for item in folded for name in item.changed}
    return {name: moved.get(split_tensor(tensor)[0], tensor) for name, tensor in layers.items()}


def _unchanged(layers: Dict[str, str], folded: Sequence[Folded]) -> Dict[str, str]:
    """The layers whose outputs are there and have the values that the model gives."""
    changed = {name for item in folded for name in item.changed}
    return {name: tensor for name, tensor in layers.items() if split_tensor(tensor)[0] not in changed}


def _moved(tensor: str, names: Dict[str, str]) -> str:
    return tensor_name(renamed_input(tensor, names))
