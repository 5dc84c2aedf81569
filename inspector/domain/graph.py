"""A dataflow graph as its file states it: nodes, inputs, attributes, constants by name, functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inspector.domain.files import Shape


@dataclass(frozen=True, slots=True)
class Node:
    """One op. `inputs` are data inputs as `name:index` (always with the index), `controls` node names.

    `attributes` maps names to plain values: int, float, bool, str, bytes, list, a dtype as `float32`, a
    shape as a tuple with None for unknown, a function as `func:NAME`, a tensor as `tensor:DTYPE:SHAPE`."""

    name: str
    op: str
    inputs: tuple[str, ...]
    controls: tuple[str, ...]
    attributes: Mapping[str, Any]
    device: str = ""


class Graph(Protocol):
    """What lifting needs from a graph file. Constants are read only when somebody asks."""

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All top-level nodes by name, in file order."""
        ...

    @property
    def functions(self) -> Mapping[str, Mapping[str, Node]]:
        """The function library: nodes by name for each function."""
        ...

    def is_constant(self, name: str) -> bool:
        """Whether the node holds a value in the file (op Const)."""
        ...

    def constant_shape(self, name: str) -> tuple[tuple[int, ...], str]:
        """Shape and dtype of a constant without reading its values."""
        ...

    def constant(self, name: str) -> NDArray[np.generic]:
        """The values of a constant. Raises InspectorError when they cannot be read."""
        ...

    def shape(self, tensor: str) -> Shape | None:
        """The shape that the file states for a tensor, None when it states none."""
        ...
