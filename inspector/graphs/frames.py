"""Where a node lies: in how many while loops and conditionals of TensorFlow 1 (frames and branches)."""

from collections import deque
from typing import Deque, Dict, List, Mapping, Set

from .inlining import Op, node_of

BACK_EDGES = ("NextIteration", "RefNextIteration")
ENTERING, LEAVING = ("Enter", "RefEnter"), ("Exit", "RefExit")
SPLITTING, JOINING = ("Switch", "RefSwitch"), ("Merge", "RefMerge")


def ordered(nodes: Mapping[str, Op]) -> List[str]:
    """Every node once, after what it waits for; file order among equals. Nodes on a cycle come last."""
    missing = dict.fromkeys(nodes, 0)
    followers: Dict[str, List[str]] = {name: [] for name in nodes}
    for name, op in nodes.items():
        for other in _awaited(nodes, op):
            missing[name] += 1
            followers[other].append(name)
    ready: Deque[str] = deque(name for name, count in missing.items() if not count)
    order = []
    while ready:
        name = ready.popleft()
        order.append(name)
        for follower in followers[name]:
            missing[follower] -= 1
            if not missing[follower]:
                ready.append(follower)
    done = set(order)
    return order + [name for name in nodes if name not in done]


def nested(nodes: Mapping[str, Op], order: List[str]) -> Set[str]:
    """Nodes that a run computes several times or perhaps not at all: in loops and in conditionals."""
    frames: Dict[str, int] = {}
    branches: Dict[str, int] = {}
    for name in order:
        op, waits = nodes[name], _awaited(nodes, nodes[name])
        around = [frames.get(other, 0) - (nodes[other].op in LEAVING) for other in waits]
        frames[name] = max([0] + around) + (op.op in ENTERING)
        choices = max([0] + [branches.get(other, 0) for other in waits])
        if not frames[name]:  # in a loop Switch and Merge steer the loop
            choices = max(0, choices + (op.op in SPLITTING) - (op.op in JOINING))
        branches[name] = choices
    return {name for name in order if frames[name] or branches[name]}


def _awaited(nodes: Mapping[str, Op], op: Op) -> Set[str]:
    found = {node_of(text) for text in op.inputs} | set(op.controls)
    return {name for name in found if name in nodes and nodes[name].op not in BACK_EDGES}
