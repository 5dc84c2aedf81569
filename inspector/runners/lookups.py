"""What a graph looks up in: vocabularies, bin boundaries and hash buckets, with the inputs and the taps around them."""

from typing import Any, Dict, List, NamedTuple, Sequence, Set

import numpy as np
import tensorflow as tf

from .structure import Structure, data_inputs, split_tensor
from .tables import FINDING, Content, table_of

BUCKETIZE = "Bucketize"
HASHING = ("StringToHashBucketFast", "StringToHashBucketStrong", "StringToHashBucket")
OTHER_KEYS = HASHING + ("FloorMod", "Mod", "AsString")
TOKENIZING = ("StringSplit", "StringSplitV2", "UnicodeTranscode", "UnicodeDecode", "UnicodeDecodeWithOffsets")
HANDING_ON = (
    "Identity", "Cast", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "Transpose", "Pack", "Unpack",
    "StridedSlice",
)  # fmt: skip
MOST = 400  # nodes behind a lookup among which its layer's tensor is looked for
MOST_REACHED = 40


class Lookup(NamedTuple):
    """`kind`: `vocabulary` (keys and values of a table), `boundaries` (keys alone), `buckets` (keys: their number,
    and the hash's own key). `node` holds it. `inputs`: the model's inputs whose values are looked up, by tensor;
    `sentences`: cut into words before. `closed`: what is not in it is refused. `reaches`: taps behind it, in order."""

    kind: str
    node: str
    inputs: List[str]
    reaches: List[str]
    sentences: bool
    closed: bool
    keys: np.ndarray
    values: np.ndarray


class Surroundings(NamedTuple):
    """`consumers`: node to the nodes that read it. `inputs`: node of an input to its name for the app; `taps` likewise
    for the nodes of all taps, in order of computation."""

    structure: Structure
    consumers: Dict[str, List[str]]
    inputs: Dict[str, str]
    taps: Dict[str, List[str]]


def tables_looked_into(structure: Structure) -> List[str]:
    """Nodes of the tables."""
    nodes = structure.nodes
    found = [table_of(nodes, nodes[name].input[0]) for name in structure.order if nodes[name].op in FINDING]
    return [name for name in dict.fromkeys(found) if name]


def surroundings(structure: Structure, inputs: Dict[str, str], taps: Dict[str, str]) -> Surroundings:
    """`inputs`, `taps`: the app's name to the graph's tensor."""
    consumers: Dict[str, List[str]] = {}
    for name in structure.order:
        for text in data_inputs(structure.nodes[name]):
            consumers.setdefault(split_tensor(text)[0], []).append(name)
    by_node: Dict[str, List[str]] = {}
    for name, tensor in taps.items():
        by_node.setdefault(split_tensor(tensor)[0], []).append(name)
    return Surroundings(structure, consumers, {split_tensor(t)[0]: name for name, t in inputs.items()}, by_node)


def lookups(around: Surroundings, held: Dict[str, Content]) -> List[Lookup]:
    """In order of computation. `held`: what the tables hold, by node."""
    found = []
    nodes = around.structure.nodes
    for name in around.structure.order:
        node = nodes[name]
        if node.op in FINDING:
            table = table_of(nodes, node.input[0])
            if table in held:
                found.append(_lookup(around, "vocabulary", node, table, held[table]))
        elif node.op == BUCKETIZE:
            boundaries = np.array(node.attr["boundaries"].list.f, np.float32)
            found.append(_lookup(around, "boundaries", node, name, Content(boundaries, boundaries)))
        elif node.op in HASHING:
            numbers = [node.attr["num_buckets"].i] + list(node.attr["key"].list.i)
            keys = np.array(numbers, np.int64)
            found.append(_lookup(around, "buckets", node, name, Content(keys, keys)))
    return found


def _lookup(around: Surroundings, kind: str, node: Any, holder: str, content: Content) -> Lookup:
    keys = data_inputs(node)[1 if kind == "vocabulary" else 0]
    text = content.keys.dtype.kind in "SUO" or kind == "buckets"
    path = _upstream(around, split_tensor(keys)[0], text=text)
    ops = {around.structure.nodes[name].op for name in path}
    reached = _downstream(around, node.name)
    taps = [tap for name in around.structure.order if name in reached for tap in around.taps.get(name, ())]
    return Lookup(
        kind,
        holder,
        [around.inputs[name] for name in path if name in around.inputs],
        taps[:MOST_REACHED],
        bool(ops.intersection(TOKENIZING)),
        kind == "vocabulary" and _is_closed(around, node, split_tensor(keys)[0]),
        content.keys,
        content.values,
    )


def _upstream(around: Surroundings, name: str, *, text: bool) -> List[str]:
    """What the keys come from. Numbers are followed only where they are handed on as they are."""
    seen: Dict[str, None] = {}
    waiting = [name]
    while waiting:
        name = waiting.pop()
        node = around.structure.nodes.get(name)
        if node is None or name in seen:
            continue
        seen[name] = None
        if text or node.op in HANDING_ON:
            waiting.extend(split_tensor(tensor)[0] for tensor in data_inputs(node))
    return list(seen)


def _downstream(around: Surroundings, name: str) -> Set[str]:
    reached, order = {name}, [name]
    for one in order:  # grows while it is walked
        new = [other for other in around.consumers.get(one, ()) if other not in reached]
        reached.update(new)
        order.extend(new)
        if len(order) > MOST:
            break
    return reached


def _is_closed(around: Surroundings, node: Any, keys: str) -> bool:
    """Whether a key that is not found gives -1, which Keras refuses, and is not hashed to a number of its own."""
    nodes = around.structure.nodes
    default = nodes.get(split_tensor(data_inputs(node)[2])[0])
    if default is None or default.op != "Const" or default.attr["value"].tensor.dtype == tf.string.as_datatype_enum:
        return False
    value = tf.make_ndarray(default.attr["value"].tensor)
    others: Sequence[str] = [nodes[name].op for name in around.consumers.get(keys, ())]
    return bool(np.all(value == -1)) and not set(others).intersection(OTHER_KEYS)
