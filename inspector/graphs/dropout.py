"""Dropout whose rate is fed: the value at which nothing is dropped, and the graph without the dropout.

In inference TensorFlow 1's users feed a `keep_prob` of 1 or a `rate` of 0. Both are found by what they are compared
with, a uniform random number: `floor(keep_prob + random)`, `random >= rate`, `random < keep_prob`
(tensorflow/python/ops/nn_ops.py, dropout and dropout_v2, in every version since 1.0).
"""

from typing import Callable, Container, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .inlining import Op, node_of

Constants = Callable[[str], Optional[Sequence[float]]]
RANDOM = ("RandomUniform", "StatelessRandomUniform", "StatelessRandomUniformV2")
PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
ADDING = ("Add", "AddV2")
HANDING_ON = ("Identity", "Enter", "Cast", "Reshape", "ExpandDims", "Squeeze", "StopGradient")
# Comparisons of a random number on the left with a threshold, and the threshold at which all are let through.
LETTING_THROUGH = {"GreaterEqual": 0.0, "Greater": 0.0, "Less": 1.0, "LessEqual": 1.0}
MIRRORED = {"GreaterEqual": "LessEqual", "Greater": "Less", "Less": "Greater", "LessEqual": "GreaterEqual"}
DEEPEST = 16


class Still(NamedTuple):
    """The nodes without dropouts that a placeholder can switch off, and what those placeholders are fed. `idle` are
    nodes that only such a dropout needed, and that its gradient may read still."""

    nodes: Dict[str, Op]
    rates: Dict[str, float]
    idle: FrozenSet[str]


def without_dropout(nodes: Mapping[str, Op], constants: Constants, fed: Container[str] = ()) -> Still:
    """`fed` are placeholders that a person feeds: they stay as they are. `constants` gives the numbers of a small
    constant."""
    if not any(op.op in RANDOM for op in nodes.values()):
        return Still(dict(nodes), {}, frozenset())
    return _Dropouts(nodes, constants, fed).removed()


class _Dropouts:
    def __init__(self, nodes: Mapping[str, Op], constants: Constants, fed: Container[str]) -> None:
        self._nodes, self._constants, self._fed = nodes, constants, fed
        self._readers: Dict[str, List[str]] = {}
        for name, op in nodes.items():
            for text in op.inputs:
                self._readers.setdefault(node_of(text), []).append(name)
        self._rates: Dict[str, float] = {}

    def removed(self) -> Still:
        masks = self._masks()
        wanted: Dict[str, Set[float]] = {}
        for solution in masks.values():
            for name, value in solution:
                wanted.setdefault(name, set()).add(value)
        self._rates = {name: values.pop() for name, values in wanted.items() if len(values) == 1}
        usable = [name for name, solution in masks.items() if all(item[0] in self._rates for item in solution)]
        nodes = dict(self._nodes)
        idle = set()
        for name in usable:
            for reader, kept in self._dropped(name):
                op = nodes[reader]
                nodes[reader] = op._replace(op="Identity", inputs=[self._unscaled(kept)])
                if self._unscaled(kept) != kept:
                    idle.add(node_of(kept))
        return Still(self._needed(nodes), self._rates, frozenset(idle))

    def _masks(self) -> Dict[str, List[Tuple[str, float]]]:
        """Nodes that say which values are kept, with the placeholders to be fed so that all are."""
        found = {}
        for name in self._chances():
            for reader in self._readers.get(name, ()):
                mask, threshold, target = self._threshold(reader, name)
                solution = self._solved(threshold, target) if mask else None
                if solution is not None:
                    found[mask] = solution
        return found

    def _chances(self) -> List[str]:
        """Uniform random numbers from 0 to 1, behind `random * (1 - 0) + 0` too."""
        waiting = [name for name, op in self._nodes.items() if op.op in RANDOM]
        found = dict.fromkeys(waiting)
        while waiting:
            name = waiting.pop()
            for reader in self._readers.get(name, ()):
                op = self._nodes[reader]
                others = [text for text in op.inputs if node_of(text) != name]
                neutral = 1.0 if op.op == "Mul" else 0.0 if op.op in ADDING else None
                same = op.op == "Identity" or (neutral is not None and [self._number(t) for t in others] == [neutral])
                if same and reader not in found:
                    found[reader] = None
                    waiting.append(reader)
        return list(found)

    def _threshold(self, reader: str, chance: str) -> Tuple[str, str, float]:
        """The mask that a reader of a random number is, what the number is compared with, and for what value of it
        all pass."""
        op = self._nodes[reader]
        if len(op.inputs) != 2:
            return "", "", 0.0
        first = node_of(op.inputs[0]) == chance
        other = op.inputs[1] if first else op.inputs[0]
        if op.op in ADDING:
            floors = [name for name in self._readers.get(reader, ()) if self._nodes[name].op == "Floor"]
            return (floors[0], other, 1.0) if floors else ("", "", 0.0)
        compared = op.op if first else MIRRORED.get(op.op, "")
        return (reader, other, LETTING_THROUGH[compared]) if compared in LETTING_THROUGH else ("", "", 0.0)

    def _solved(self, tensor: str, target: float) -> Optional[List[Tuple[str, float]]]:
        """What to feed so that the tensor is `target`; [] where it is already, None where that cannot be."""
        for _ in range(DEEPEST):
            op = self._nodes.get(node_of(tensor))
            if op is None:
                return None
            number = self._number(tensor)
            if number is not None:
                return [] if number == target else None
            if op.op in PLACEHOLDERS:
                fits = op.dtype != "bool" and op.name not in self._fed and 0.0 <= target <= 1.0
                return [(op.name, target)] if fits else None
            if op.op == "Sub" and len(op.inputs) == 2:
                left, right = (self._number(text) for text in op.inputs)
                if left is None and right is None:
                    return None
                if left is not None:
                    tensor, target = op.inputs[1], left - target
                else:
                    tensor, target = op.inputs[0], target + (right or 0.0)
            elif op.op in HANDING_ON and op.inputs:
                tensor = op.inputs[0]
            else:
                return None
        return None

    def _dropped(self, mask: str) -> List[Tuple[str, str]]:
        """Nodes that apply a mask, with the tensor whose values they keep."""
        found = []
        waiting = [mask]
        while waiting:
            name = waiting.pop()
            for reader in self._readers.get(name, ()):
                op = self._nodes[reader]
                if op.op in ("Cast", "Identity"):
                    waiting.append(reader)
                elif op.op == "Mul" and len(op.inputs) == 2:
                    found.append((reader, op.inputs[1] if node_of(op.inputs[0]) == name else op.inputs[0]))
                elif op.op in ("Select", "SelectV2") and node_of(op.inputs[0]) == name and len(op.inputs) == 3:
                    found.append((reader, op.inputs[1]))
        return found

    def _unscaled(self, tensor: str) -> str:
        """What was scaled by the share that is kept, which is 1 now."""
        op = self._nodes.get(node_of(tensor))
        if op is None or op.op not in ("Mul", "RealDiv", "Div") or len(op.inputs) != 2:
            return tensor
        left, right = op.inputs
        if self._number(right) == 1.0:
            return left
        return right if op.op == "Mul" and self._number(left) == 1.0 else tensor

    def _number(self, tensor: str, depth: int = DEEPEST) -> Optional[float]:
        """The number that a tensor is where its rates are fed, None when that is not known."""
        op = self._nodes.get(node_of(tensor))
        if op is None or not depth:
            return None
        if op.op == "Const":
            numbers = self._constants(op.name)
            return float(numbers[0]) if numbers is not None and len(numbers) == 1 else None
        if op.name in self._rates:
            return self._rates[op.name]
        if op.op in HANDING_ON and op.inputs:
            return self._number(op.inputs[0], depth - 1)
        if op.op not in ("Sub", "RealDiv", "Div", "Mul") or len(op.inputs) != 2:
            return None
        left, right = (self._number(text, depth - 1) for text in op.inputs)
        if left is None or right is None:
            return None
        if op.op in ("RealDiv", "Div"):
            return left / right if right else None
        return left - right if op.op == "Sub" else left * right

    def _needed(self, nodes: Dict[str, Op]) -> Dict[str, Op]:
        """Without what only the dropouts read."""
        counts = dict.fromkeys(nodes, 0)
        for op in nodes.values():
            for text in list(op.inputs) + list(op.controls):
                if node_of(text) in counts:
                    counts[node_of(text)] += 1
        before = {node_of(text) for op in self._nodes.values() for text in op.inputs}
        waiting = [name for name, count in counts.items() if not count and name in before]
        while waiting:
            op = nodes.pop(waiting.pop())
            for text in list(op.inputs) + list(op.controls):
                name = node_of(text)
                if name in counts:
                    counts[name] -= 1
                    if not counts[name] and name in nodes and name in before:
                        waiting.append(name)
        return nodes
