"""Evidence from names: a layer's name as a scope of the node's name, with the suffixes that exporters add."""

from __future__ import annotations

import re
from collections import Counter

from inspector.matching.steps import Step

_CALL = re.compile(r"@\d+")
_OUTPUT = re.compile(r"(Stateful)?PartitionedCall(_\d+)?:\d+")
SUFFIXES = ("", "_1", "_2")


def components(step: Step) -> list[tuple[str, ...]]:
    """The scopes of every node that the step stands for, without a tensor index."""
    names = step.layer.nodes or (step.layer.name,)
    return [tuple(name.split("/")) for name in names]


def base(step: Step) -> str:
    """The layer's own name: the last component of its path without a call number; on a graph side the last
    scope around the op, since the op itself is called alike everywhere."""
    scopes, _, last = _CALL.sub("", step.layer.name).rpartition("/")
    return scopes.rpartition("/")[2] if scopes and on_graph(step) else last


def on_graph(step: Step) -> bool:
    """Whether the step comes from a graph: its tensors carry an index."""
    return bool(step.layer.outputs) and step.layer.outputs[0].rpartition(":")[2].isdigit()


class Names:
    """Scores names of A's steps against B's. The suffix that B's exporter adds to every layer's scope
    (Keras 3 writes `conv1_1` for `conv1`) is found once from all names together."""

    def __init__(self, steps_a: list[Step], steps_b: list[Step]) -> None:
        self._parts = [self._all(step) for step in steps_b]
        self._nodes = [step.layer.nodes for step in steps_b]
        known = Counter(part for parts in self._parts for part in set(parts))
        names = {base(step) for step in steps_a}
        self.suffix = max(SUFFIXES, key=lambda suffix: sum(name + suffix in known for name in names))
        self._names = {name + self.suffix for name in names}
        calls = {(base(step), step.layer.name) for step in steps_a}
        self._shared = {name for name, count in Counter(name for name, _ in calls).items() if count > 1}
        self._by_part: dict[str, list[int]] = {}
        self._by_node = {node: index for index, step in enumerate(steps_b) for node in step.layer.nodes}
        for index, parts in enumerate(self._parts):
            for part in parts:
                self._by_part.setdefault(part, []).append(index)

    def candidates(self, step: Step) -> list[int]:
        """Indices of B's steps that carry the name."""
        whole = self._by_node.get(step.layer.name)
        return [*([] if whole is None else [whole]), *self._by_part.get(base(step) + self.suffix, [])]

    def score(self, step: Step, index: int) -> float:
        """1 when a scope of B's nodes is the layer's name, less when only the op itself is called so, or when
        several layers or calls have the name and the scopes around it do not tell which."""
        if on_graph(step) and self._by_node.get(step.layer.name) == index:
            return 1.0
        name = base(step)
        found = self._parts[index].get(name + self.suffix, 0.0)
        return found * self._outer(step, index) if found and name in self._shared else found

    def alone(self, step: Step, index: int) -> bool:
        """Whether B's step stands in the scope of this layer, and of no other layer of A."""
        parts = {part for part, score in self._parts[index].items() if score == 1.0}
        return base(step) + self.suffix in parts and len(parts & self._names) == 1

    def is_unnamed(self, index: int) -> bool:
        """Whether the name is that of the model's call: an output's, which says nothing of the layer."""
        nodes = self._nodes[index]
        return bool(nodes) and all(_OUTPUT.fullmatch(node) for node in nodes)

    def _outer(self, step: Step, index: int) -> float:
        """Half for the name alone, up to 0.9 for all scopes around it."""
        outer = _CALL.sub("", step.layer.name).split("/")[:-1]
        held = sum(part in self._parts[index] or part + self.suffix in self._parts[index] for part in outer)
        return 0.5 + (0.4 * held / len(outer) if outer and "@" not in step.layer.name else 0.0)

    @staticmethod
    def _all(step: Step) -> dict[str, float]:
        found: dict[str, float] = {}
        for parts in components(step):
            for place, part in enumerate(parts):
                score = 0.6 if place == len(parts) - 1 and len(parts) > 1 else 1.0
                found[part] = max(score, found.get(part, 0.0))
        return found


def named_tensor(step: Step, b: Step, suffix: str) -> str:
    """Of the tensors that hold B's value, the one that carries the layer's name, else the first."""
    wanted = base(step) + suffix
    for tensor in (b.output, *b.layer.aliases):
        if wanted in tensor.rpartition(":")[0].split("/"):
            return tensor
    return b.output
