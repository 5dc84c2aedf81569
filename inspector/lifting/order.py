"""Orders and reach in a graph: topological order that ignores loops' back edges, ancestors, loop bodies."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from inspector.domain.graph import Node

BACK_EDGES = frozenset({"NextIteration", "RefNextIteration"})


def node_of(tensor: str) -> str:
    """`conv1/Conv2D:0` -> `conv1/Conv2D`."""
    return tensor.rpartition(":")[0] or tensor


def dependencies(node: Node) -> list[str]:
    return [node_of(tensor) for tensor in node.inputs] + list(node.controls)


def topological(nodes: Mapping[str, Node]) -> list[str]:
    """Every node once, after what it reads; file order among equals. Nodes on a cycle come last."""
    waiting = dict.fromkeys(nodes, 0)
    readers: dict[str, list[str]] = {name: [] for name in nodes}
    for name, node in nodes.items():
        for other in set(dependencies(node)):
            if other in nodes and nodes[other].op not in BACK_EDGES:
                waiting[name] += 1
                readers[other].append(name)
    ready = deque(name for name, count in waiting.items() if count == 0)
    order: list[str] = []
    while ready:
        name = ready.popleft()
        order.append(name)
        for reader in readers[name]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    seen = set(order)
    return order + [name for name in nodes if name not in seen]


def loop_bodies(nodes: Mapping[str, Node], readers: Mapping[str, Iterable[str]]) -> list[set[str]]:
    """The nodes of each v1 while loop, from its Enter nodes to its Exit nodes; nested loops as one."""
    bodies: list[set[str]] = []
    for name, node in nodes.items():
        if node.op not in ("Enter", "RefEnter") or any(name in body for body in bodies):
            continue
        body = _forward(nodes, readers, name)
        frame = node.attributes.get("frame_name")
        for other, another in nodes.items():
            if another.op in ("Enter", "RefEnter") and another.attributes.get("frame_name") == frame:
                body |= _forward(nodes, readers, other)
        touching = [known for known in bodies if known & body]
        for known in touching:
            body |= known
            bodies.remove(known)
        bodies.append(body)
    return bodies


def _forward(nodes: Mapping[str, Node], readers: Mapping[str, Iterable[str]], start: str) -> set[str]:
    seen = {start}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if nodes[name].op in ("Exit", "RefExit"):
            continue
        for reader in readers.get(name, ()):
            if reader not in seen:
                seen.add(reader)
                waiting.append(reader)
    return seen
