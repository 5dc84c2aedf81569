"""Graphs written as a few lines of text, so that a test shows what it is about.

A line is `name = Op(input, other:1, ^control)`; behind it may stand `[1.0, 2.0]`, the numbers of a constant, or a word,
the dtype of a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from inspector.graphs.inlining import Op
from inspector.graphs.ports import Inference, inference_of

LINE = re.compile(
    r"(?P<name>[\w/]+) = (?P<op>\w+)(\((?P<inputs>[^)]*)\))?( \[(?P<numbers>[^\]]*)\])?( (?P<word>\w+))?$"
)


def inference(text: str) -> Inference:
    """What the graph computes."""
    nodes, constants = written(text)
    return inference_of(nodes, constants)


def written(text: str) -> tuple[dict[str, Op], Callable[[str], Sequence[float] | None]]:
    """The nodes, and the numbers of constants by name."""
    nodes: dict[str, Op] = {}
    numbers: dict[str, list[float]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        found = LINE.match(line)
        assert found is not None, line
        name, tensors = found["name"], [part.strip() for part in (found["inputs"] or "").split(",") if part.strip()]
        if found["numbers"] is not None:
            numbers[name] = [float(part) for part in found["numbers"].split(",")]
        inputs = [part if ":" in part else f"{part}:0" for part in tensors if not part.startswith("^")]
        controls = [part[1:] for part in tensors if part.startswith("^")]
        count = int(found["word"]) if (found["word"] or "").isdigit() else 0
        nodes[name] = Op(name, found["op"], inputs, controls, "", lambda _, count=count: count, found["word"] or "")
    return nodes, numbers.get
