"""Loops as one layer: LSTM, GRU and simple recurrent nets, as v1 while frames, While ops or called functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inspector.domain.graph import Node
from inspector.lifting.draft import Draft
from inspector.lifting.order import node_of
from inspector.lifting.view import View

CALLS = ("While", "StatelessWhile", "PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf")
KINDS = {4: "lstm", 3: "gru", 1: "simple_rnn", 0: "other"}
LISTS = ("TensorArray", "TensorList")


class Recurrent:
    """The groups of one graph, found once; each is handed out when its first node comes up."""

    def __init__(self, view: View) -> None:
        self._view = view
        bodies = [set(body) & view.alive for body in view.bodies]
        bodies += [{name} for name, node in view.nodes.items() if node.op in CALLS and name in view.alive]
        self._groups = [body for body in bodies if body]
        self._of = {name: index for index, group in enumerate(self._groups) for name in group}
        # What follows a loop first: the transposes between two stacked loops are the first one's.
        for step in (self._behind, self._before):
            for index in range(len(self._groups)):
                self._grow(index, step)
        self._given: set[int] = set()

    def claim(self, node: Node) -> Draft | None:
        """The draft of the group that the node belongs to, once; None for nodes outside."""
        index = self._of.get(node.name)
        if index is None or index in self._given:
            return None
        self._given.add(index)
        return self._draft(self._groups[index])

    def _grow(self, index: int, step: Callable[[str, set[str]], Iterator[str]]) -> None:
        group = self._groups[index]
        waiting = sorted(group, key=self._view.position.__getitem__)
        while waiting:
            name = waiting.pop()
            for other in list(step(name, group)):
                if other not in self._of:
                    group.add(other)
                    self._of[other] = index
                    waiting.append(other)

    def _before(self, name: str, group: set[str]) -> Iterator[str]:
        for tensor in self._view.nodes[name].inputs:
            producer = self._view.nodes.get(node_of(self._view.root(tensor)))
            if producer is not None and producer.name not in group and self._feeds(producer, group):
                yield producer.name

    def _behind(self, name: str, group: set[str]) -> Iterator[str]:
        for reader in self._view.followers.get(name, []):
            if reader not in group and self._follows(self._view.nodes[reader], group):
                yield reader

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
        gates = _gates(view, names, weights)
        key = next((view.nodes[name].op for name in names if view.nodes[name].op in CALLS), "while")
        return Draft(
            KINDS[gates], key, names, list(inputs), self._output(names, group), {}, _roles(view, weights, gates)
        )

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


def _gates(view: View, names: list[str], weights: list[str]) -> int:
    """Into how many gates the step's product is split: 4 in LSTM, 3 in GRU, 1 in a simple net, 0 in no such."""
    splits = {int(node.attributes.get("num_split", 0) or 0) for node in _nodes(view, names) if node.op == "Split"}
    likely = [gates for gates in (4, 3) if gates in splits]
    for gates in (*likely, 4, 3, 1):
        if any(rows * gates == columns for rows, columns in _matrices(view, weights).values()):
            return gates
    return 0


def _nodes(view: View, names: list[str]) -> Iterator[Node]:
    """The nodes themselves, and those of the functions that they call."""
    waiting = [view.nodes[name] for name in names]
    called: set[str] = set()
    while waiting:
        node = waiting.pop()
        yield node
        for value in node.attributes.values():
            name = value.removeprefix("func:") if isinstance(value, str) and value.startswith("func:") else ""
            if name and name not in called:
                called.add(name)
                waiting.extend(view.graph.functions.get(name, {}).values())


def _matrices(view: View, weights: list[str]) -> dict[str, tuple[int, int]]:
    shapes = {name: view.graph.constant_shape(name)[0] for name in weights}
    return {name: (shape[0], shape[1]) for name, shape in shapes.items() if len(shape) == 2}


def _roles(view: View, weights: list[str], gates: int) -> dict[str, str]:
    """Kernel (inputs, gates x units), recurrent kernel (units, gates x units), bias (a vector, or two of them)."""
    matrices = _matrices(view, weights)
    fitting = [name for name, (rows, columns) in matrices.items() if rows * gates == columns]
    roles = {"recurrent_kernel": fitting[-1]} if fitting else {}
    rest = [name for name in weights if name not in roles.values()]
    wide = [name for name in rest if name in matrices]
    if len(wide) > 1:
        wide = [name for name in wide if matrices[name][0] != 2] or wide[:1]
    if roles and wide:
        roles["kernel"] = wide[0]
    for index, name in enumerate(name for name in rest if name not in roles.values()):
        bias = roles and "bias" not in roles and (name in matrices or len(view.graph.constant_shape(name)[0]) == 1)
        roles["bias" if bias else f"constant_{index}"] = name
    return roles
