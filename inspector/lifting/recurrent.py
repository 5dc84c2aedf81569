"""Loops as one layer: LSTM, GRU and simple recurrent nets, as v1 while frames, While ops or called functions."""

from __future__ import annotations

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft
from inspector.lifting.order import node_of
from inspector.lifting.view import View

CALLS = ("While", "StatelessWhile", "PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf")
LISTS = ("TensorArray", "TensorList")


class Recurrent:
    """The groups of one graph, found once; each is handed out when its first node comes up."""

    def __init__(self, view: View) -> None:
        self._view = view
        bodies = [set(body) for body in view.bodies]
        bodies += [{name} for name, node in view.nodes.items() if node.op in CALLS and name in view.alive]
        self._groups = [self._grown(body & view.alive) for body in bodies if body & view.alive]
        self._of = {name: index for index, group in enumerate(self._groups) for name in group}
        self._given: set[int] = set()

    def claim(self, node: Node) -> Draft | None:
        """The draft of the group that the node belongs to, once; None for nodes outside."""
        index = self._of.get(node.name)
        if index is None or index in self._given:
            return None
        self._given.add(index)
        return self._draft(self._groups[index])

    def _grown(self, group: set[str]) -> set[str]:
        view = self._view
        grown = True
        while grown:
            grown = False
            for name in sorted(group, key=view.position.__getitem__):
                for other in self._neighbours(name, group):
                    group.add(other)
                    grown = True
        return group

    def _neighbours(self, name: str, group: set[str]) -> list[str]:
        view = self._view
        found = []
        for tensor in view.nodes[name].inputs:
            producer = view.nodes.get(node_of(view.root(tensor)))
            if producer is not None and producer.name not in group and self._feeds(producer, group):
                found.append(producer.name)
        readers = view.followers.get(name, [])
        return found + [r for r in readers if r not in group and self._follows(view.nodes[r], group)]

    def _feeds(self, node: Node, group: set[str]) -> bool:
        view = self._view
        if node.name in view.constant or node.name in view.shape_only:
            return False
        mine = set(view.followers.get(node.name, [])) - view.shape_only <= group
        return mine and (node.op.startswith(LISTS) or self._swaps(node))

    def _follows(self, node: Node, group: set[str]) -> bool:
        view = self._view
        data = [node_of(tensor) for tensor in view.data(node)]
        if not data or not set(data) <= group:
            return False
        if node.op.startswith(LISTS):
            return True
        stacked = all(view.nodes[name].op.startswith(LISTS) for name in data)
        alone = len(view.followers.get(data[0], [])) == 1
        return stacked and (self._swaps(node) or (node.op == "StridedSlice" and alone))

    def _swaps(self, node: Node) -> bool:
        """Whether a Transpose exchanges batch and time."""
        if node.op != "Transpose":
            return False
        order = self._view.value(node.inputs[1])
        return order is not None and [int(axis) for axis in order.ravel()[:2]] == [1, 0]

    def _draft(self, group: set[str]) -> Draft:
        view = self._view
        names = sorted(group, key=view.position.__getitem__)
        inputs: dict[str, None] = {}
        for name in names:
            for tensor in view.data(view.nodes[name]):
                if node_of(tensor) not in group:
                    inputs[tensor] = None
        weights = self._weights(names)
        kind = _kind(view, weights)
        key = next((view.nodes[name].op for name in names if view.nodes[name].op in CALLS), "while")
        return Draft(kind, key, names, list(inputs), self._output(names, group), {}, _roles(view, weights))

    def _output(self, names: list[str], group: set[str]) -> str:
        view = self._view
        outside = []
        for tensor, readers in view.consumers.items():
            if node_of(tensor) in group and set(readers) - group - view.shape_only:
                outside.append(tensor)
        finals = [t for t in view.outputs if node_of(view.root(t)) in group]
        found = outside or [view.root(t) for t in finals] or [f"{names[-1]}:0"]
        return max(found, key=lambda tensor: view.position[node_of(tensor)])

    def _weights(self, names: list[str]) -> list[str]:
        view = self._view
        found: dict[str, None] = {}
        for name in names:
            for tensor in view.nodes[name].inputs:
                if node_of(view.root(tensor)) not in view.constant:
                    continue
                for constant in view.leaves(tensor):
                    shape, dtype = view.graph.constant_shape(constant)
                    if "float" in dtype and max(shape, default=1) > 1:
                        found[constant] = None
        return list(found)


def _kind(view: View, weights: list[str]) -> str:
    for name in weights:
        shape = view.graph.constant_shape(name)[0]
        for gates, kind in ((4, "lstm"), (3, "gru"), (1, "simple_rnn")):
            if len(shape) == 2 and shape[1] == gates * shape[0]:
                return kind
    return "other"


def _roles(view: View, weights: list[str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    matrices = [name for name in weights if len(view.graph.constant_shape(name)[0]) == 2]
    square = [n for n in matrices if view.graph.constant_shape(n)[0][1] % view.graph.constant_shape(n)[0][0] == 0]
    if len(matrices) == 2 and square:
        recurrent = square[-1]
        roles["recurrent_kernel"] = recurrent
        roles["kernel"] = next(name for name in matrices if name != recurrent)
    for index, name in enumerate(name for name in weights if name not in roles.values()):
        plain = len(view.graph.constant_shape(name)[0]) == 1 and "bias" not in roles
        roles["bias" if plain else f"constant_{index}"] = name
    return roles
