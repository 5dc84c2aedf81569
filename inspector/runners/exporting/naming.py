"""Names for the nodes of a graph: scopes that are the layers' names, weights that are called by their roles."""

import re
from typing import Any, Dict, Iterable, List, Mapping, Set

from ..structure import split_tensor, structure_of

FORBIDDEN = re.compile(r"[^A-Za-z0-9_.\\/>-]")
FIRST = re.compile(r"^[A-Za-z0-9.]")
NUMBERED = re.compile(r"(_\d+)+$")
CAPTURED = re.compile(r"^(\d{3,}|ReadVariableOp(_\d+)?|params|input|folded_\w+)$")
COUNTED = re.compile(r"^_\d+$")  # what inlining puts between the names of functions
# what a constant is for the op that reads it, by the place of the input
ROLES = {
    "Conv1D": {1: "kernel"},
    "Conv2D": {1: "kernel"},
    "Conv3D": {1: "kernel"},
    "DepthwiseConv2dNative": {1: "depthwise_kernel"},
    "Conv2DBackpropInput": {1: "kernel"},
    "Conv3DBackpropInputV2": {1: "kernel"},
    "MatMul": {1: "kernel"},
    "BatchMatMulV2": {1: "kernel"},
    "Einsum": {1: "kernel"},
    "BiasAdd": {1: "bias"},
    "GatherV2": {0: "embeddings"},
    "ResourceGather": {0: "embeddings"},
    "FusedBatchNorm": {1: "gamma", 2: "beta", 3: "moving_mean", 4: "moving_variance"},
    "FusedBatchNormV2": {1: "gamma", 2: "beta", 3: "moving_mean", 4: "moving_variance"},
    "FusedBatchNormV3": {1: "gamma", 2: "beta", 3: "moving_mean", 4: "moving_variance"},
}


def is_valid(name: str) -> bool:
    """Whether TensorFlow takes it as a node's name."""
    return bool(name) and not FORBIDDEN.search(name) and bool(FIRST.match(name)) and not name.endswith("/")


def valid(name: str) -> str:
    """The nearest name that TensorFlow takes."""
    text = FORBIDDEN.sub("_", name).strip("/") or "layer"
    return text if FIRST.match(text) else "." + text


class Names:
    """Hands out names, each once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def unused(self, wish: str) -> str:
        """The name, with a number behind it where it is taken."""
        name, number = wish, 0
        while name in self._taken:
            number += 1
            name = "{}_{}".format(wish, number)
        self._taken.add(name)
        return name


def layer_names(
    graph_def: Any,
    layers: Mapping[str, str],
    fixed: Mapping[str, str],
    known: Mapping[str, str],
    taken: Iterable[str],
) -> Dict[str, str]:
    """A new name for every node of a graph. `layers`: outputs of layers (`outer/inner`, `name@1`, `name:1`) with their
    tensors, in order of computation; `fixed`: new names that are given already; `known`: what a node is called in
    its layer (a constant after its variable); `taken`: names that no node may have.

    Each node belongs to the first layer whose output needs it."""
    nodes = structure_of(graph_def).nodes
    owners = _owners(nodes, layers, set(fixed))
    scopes = _scopes(owners.values())
    roles = _roles(graph_def)
    names = Names(list(fixed.values()) + list(scopes.values()) + list(taken))
    found = dict(fixed)
    for name, node in nodes.items():
        if name not in found:
            path = owners.get(name, "")
            rest = known.get(name) or _rest(name, path, roles.get(name, ""), node.op)
            found[name] = names.unused("/".join(part for part in (scopes.get(path, ""), rest) if part))
    return found


def kept_names(graph_def: Any, fixed: Mapping[str, str], taken: Iterable[str]) -> Dict[str, str]:
    """Every node's own name, but for those that are given others and those that would clash with these."""
    names = Names(list(fixed.values()) + list(taken))
    return {node.name: fixed.get(node.name) or names.unused(node.name) for node in graph_def.node}


def renamed(graph_def: Any, names: Mapping[str, str]) -> None:
    """Give nodes other names, and follow in all inputs. In place."""
    for node in graph_def.node:
        node.name = names.get(node.name, node.name)
        for place, text in enumerate(node.input):
            node.input[place] = renamed_input(text, names)


def renamed_input(text: str, names: Mapping[str, str]) -> str:
    """A reference as a GraphDef writes it, to the same output under the new name."""
    if text.startswith("^"):
        return "^" + names.get(text[1:], text[1:])
    name, index = split_tensor(text)
    new = names.get(name, name)
    return "{}:{}".format(new, index) if index else new


def _owners(nodes: Dict[str, Any], layers: Mapping[str, str], taken: Set[str]) -> Dict[str, str]:
    owners: Dict[str, str] = {}
    for output, tensor in layers.items():
        path = split_tensor(output)[0]
        waiting = [split_tensor(tensor)[0]]
        while waiting:
            name = waiting.pop()
            if name in nodes and name not in owners and name not in taken:
                owners[name] = path
                waiting.extend(_sources(nodes[name]))
    return owners


def _sources(node: Any) -> List[str]:
    return [text[1:] if text.startswith("^") else split_tensor(text)[0] for text in node.input]


def _scopes(paths: Iterable[str]) -> Dict[str, str]:
    """A scope for each layer; two layers never share one."""
    names = Names(())
    return {path: names.unused(valid(path.replace("@", "_"))) for path in dict.fromkeys(paths)}


def _roles(graph_def: Any) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for node in graph_def.node:
        for place, role in ROLES.get(node.op, {}).items():
            if place < len(node.input):
                found.setdefault(split_tensor(node.input[place])[0], role)
    return found


def _rest(name: str, path: str, role: str, op: str) -> str:
    """What a node is called inside its layer: what stood behind the layer's own name, a constant by its role."""
    parts = name.split("/")
    owners = [own.partition("@")[0] for own in path.split("/") if own]
    places = [place for place, part in enumerate(parts[:-1]) if part in owners or NUMBERED.sub("", part) in owners]
    behind = [part for part in (parts[places[-1] + 1 :] if places else parts[-1:]) if not COUNTED.match(part)]
    if op == "Const" and (not behind or CAPTURED.match(behind[-1])):
        return role or "constant"
    return valid("/".join(behind)) if behind else op
