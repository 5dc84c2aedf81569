"""The learning phase: a placeholder that says training or inference and carries no data."""

import re
from typing import Dict, FrozenSet, List, Mapping

from .inlining import CONDITIONS, Op, node_of

PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
KERAS = "learning_phase"  # Keras 1 made it an integer, Keras 2 a bool
NAMES = re.compile(r"^(phase_train|train_phase|phase|(is_)?train(ing)?(_mode|_phase|_flag)?|trainable)(_\d+)?$")
LOGICAL = ("Identity", "LogicalNot", "LogicalAnd", "LogicalOr", "Enter")
SWITCHES = ("Switch", "RefSwitch")


def learning_phases(nodes: Mapping[str, Op]) -> FrozenSet[str]:
    """Names of these placeholders: called so, or a bool that only ever chooses between branches."""
    found = [op for op in nodes.values() if op.op in PLACEHOLDERS]
    bools = [op for op in found if op.dtype == "bool"]
    readers = _readers(nodes) if bools else {}
    named = [op.name for op in found if KERAS in op.name.rpartition("/")[2]]
    named += [op.name for op in bools if NAMES.match(op.name.rpartition("/")[2])]
    return frozenset(named + [op.name for op in bools if _only_chooses(op.name, nodes, readers)])


def _readers(nodes: Mapping[str, Op]) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for name, op in nodes.items():
        for text in op.inputs:
            found.setdefault(node_of(text), []).append(name)
    return found


def _only_chooses(name: str, nodes: Mapping[str, Op], readers: Mapping[str, List[str]]) -> bool:
    waiting, seen = [name], {name}
    chooses = False
    while waiting:
        before = waiting.pop()
        for reader in readers.get(before, ()):
            op = nodes[reader]
            predicate = [node_of(text) for text in op.inputs[1:2]] if op.op in SWITCHES else []
            if before in predicate or (op.op in CONDITIONS and node_of(op.inputs[0]) == before):
                chooses = True
            elif op.op not in LOGICAL:
                return False
            elif reader not in seen:
                seen.add(reader)
                waiting.append(reader)
    return chooses
