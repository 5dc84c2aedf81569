"""The inference graph of a loaded model, flat: no functions, no functional control flow, nothing of training."""

from typing import Any, Dict, List, Sequence

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.grappler import tf_optimizer
from tensorflow.python.training.saver import export_meta_graph

from ..cutting import drop_hints
from ..editing import constants_for
from ..engine import imported
from ..graph_side import GraphSide
from ..messages import short
from ..structure import split_tensor, structure_of, upstream
from .request import cannot

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
LOWERED = ("While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase")
IMPLEMENTS, DEVICE = "api_implements", "api_preferred_device"  # Keras's recurrent layers: one function per device


def flat_graph(side: GraphSide) -> Any:
    """The GraphDef that the side runs, with what is always fed in it, loops as TensorFlow 1 writes them.

    Its layers' tensors keep their names. Raises CANNOT_CONVERT where a function cannot be written out."""
    graph_def = constants_for(side.engine.graph_def, side.engine.fixed)
    kept = [port.graph_tensor for port in list(side.inputs) + list(side.outputs)] + [str(t) for t in side.taps.values()]
    if graph_def.library.function:
        graph_def = without_functions(graph_def, kept)
    return pruned(graph_def, [port.graph_tensor for port in side.outputs], [port.graph_tensor for port in side.inputs])


def without_functions(graph_def: Any, kept: Sequence[str]) -> Any:
    """Calls of functions written out, functional loops and conditions lowered to v1 control flow, by TensorFlow's own
    optimizer (as convert_variables_to_constants_v2 does). `kept`: tensors that stay."""
    take_cpu_functions(graph_def)
    _allow_inlining(graph_def)
    try:
        graph = imported(graph_def)
        meta = export_meta_graph(graph_def=graph_def, graph=graph)
        fetches = meta_graph_pb2.CollectionDef()
        fetches.node_list.value.extend(dict.fromkeys(kept))
        meta.collection_def["train_op"].CopyFrom(fetches)
        flat = tf_optimizer.OptimizeGraph(_only_functions(), meta)
    except (ValueError, tf.errors.OpError) as error:
        raise cannot("the graph's functions cannot be written out: " + short(error))
    left = sorted({node.op for node in flat.node if node.op in CALLS + LOWERED})
    if left:
        raise cannot("functions stay in the graph ({})".format(", ".join(left)))
    drop_hints(flat)  # inlining places what it adds beside nodes that pruning takes away
    return flat


def _only_functions() -> Any:
    config = config_pb2.ConfigProto()
    rewrite = config.graph_options.rewrite_options
    rewrite.min_graph_nodes = -1  # small graphs too
    rewrite.meta_optimizer_iterations = 1
    rewrite.optimizers.append("function")
    return config


def take_cpu_functions(graph_def: Any) -> None:
    """Where a function has one body for each device, call the CPU's: TensorFlow chooses so when it runs, and the
    other one asks for kernels of cuDNN. In place."""
    functions = {function.signature.name: function for function in graph_def.library.function}
    plain: Dict[bytes, Any] = {}
    for function in graph_def.library.function:
        # of two, the one without what a gradient needs
        if function.attr[DEVICE].s == b"CPU" and not function.signature.name.startswith("__forward"):
            plain.setdefault(function.attr[IMPLEMENTS].s, function)
    users = _users(graph_def)
    for node in graph_def.node:
        called = functions.get(node.attr["f"].func.name) if node.op in CALLS else None
        other = plain.get(called.attr[IMPLEMENTS].s) if called is not None and called.attr[IMPLEMENTS].s else None
        count = len(other.signature.output_arg) if other is not None else 0
        if other is not None and all(index < count for index in users.get(node.name, ())):
            node.attr["f"].func.name = other.signature.name
            types = list(node.attr["Tout"].list.type)[:count]
            del node.attr["Tout"].list.type[:]
            node.attr["Tout"].list.type.extend(types)


def _users(graph_def: Any) -> Dict[str, List[int]]:
    """Which outputs of each node are read."""
    read: Dict[str, List[int]] = {}
    for node in graph_def.node:
        for text in node.input:
            if not text.startswith("^"):
                name, index = split_tensor(text)
                read.setdefault(name, []).append(index)
    return read


def _allow_inlining(graph_def: Any) -> None:
    """What keeps TensorFlow from inlining a function or from lowering a loop goes. In place."""
    drop_hints(graph_def)
    for function in graph_def.library.function:
        for name in (IMPLEMENTS, DEVICE, "_noinline"):
            function.attr.pop(name, None)
    for nodes in [graph_def.node] + [function.node_def for function in graph_def.library.function]:
        for node in nodes:
            if node.op in LOWERED:
                node.attr["_lower_using_switch_merge"].b = True


def pruned(graph_def: Any, outputs: Sequence[str], inputs: Sequence[str]) -> Any:
    """Only what the outputs need, and the inputs; inputs first, each node behind what it needs."""
    structure = structure_of(graph_def)
    fed = [split_tensor(text)[0] for text in inputs]
    needed = upstream(structure.nodes, [split_tensor(text)[0] for text in outputs])
    kept = type(graph_def)()
    kept.versions.CopyFrom(graph_def.versions)
    kept.node.extend(structure.nodes[name] for name in dict.fromkeys(fed))
    kept.node.extend(structure.nodes[name] for name in structure.order if name in needed and name not in fed)
    return kept
