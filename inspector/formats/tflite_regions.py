"""Elementwise operators that together are one activation: softplus as EXP, ADD and LOG, selu as six operators.

Such a region starts from one tensor, has one way out, and is named by its values on a grid of numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.formats.tflite_model import Operator, Subgraph
from inspector.formats.tflite_options import fused_activation
from inspector.lifting.functions import GRID, erf, identify, sigmoid

Array = NDArray[Any]
LARGEST = 24
PIECES = ("linear", "relu")  # what one operator does by itself; several that are no more are layers of their own
COARSE = 0.02  # constants of a quantized region lie within half a step of 1/255 of their range


def _leaky(operator: Operator, x: Array) -> Array:
    slope = float(operator.options.number(0, "f", 0.0)) if operator.options is not None else 0.0
    return np.where(x > 0, x, slope * x)


def _chosen(which: Array, x: Array, y: Array) -> Array:
    return np.where(which, x, y)


_PLAIN: dict[str, Callable[..., Array]] = {
    "ADD": np.add, "SUB": np.subtract, "MUL": np.multiply, "DIV": np.divide, "POW": np.power,
    "MAXIMUM": np.maximum, "MINIMUM": np.minimum, "SQUARED_DIFFERENCE": lambda x, y: (x - y) ** 2,
    "ABS": np.abs, "NEG": np.negative, "EXP": np.exp, "LOG": np.log, "SQRT": np.sqrt, "SQUARE": np.square,
    "RSQRT": lambda x: 1 / np.sqrt(x), "SIGN": np.sign, "LOGISTIC": sigmoid, "TANH": np.tanh,
    "RELU": lambda x: np.maximum(x, 0), "RELU6": lambda x: np.clip(x, 0, 6),
    "RELU_N1_TO_1": lambda x: np.clip(x, -1, 1), "RELU_0_TO_1": lambda x: np.clip(x, 0, 1),
    "ELU": lambda x: _chosen(x > 0, x, np.expm1(np.minimum(x, 0))),
    "HARD_SWISH": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "GELU": lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2))),
    "GREATER": np.greater, "GREATER_EQUAL": np.greater_equal, "LESS": np.less, "LESS_EQUAL": np.less_equal,
    "EQUAL": np.equal, "NOT_EQUAL": np.not_equal, "LOGICAL_AND": np.logical_and, "LOGICAL_OR": np.logical_or,
    "LOGICAL_NOT": np.logical_not, "SELECT": _chosen, "SELECT_V2": _chosen,
    "CAST": lambda x: np.asarray(x, np.float64), "ZEROS_LIKE": np.zeros_like,
}  # fmt: skip
_FUSED: dict[str, str] = {"relu": "RELU", "relu6": "RELU6", "relu_n1_to_1": "RELU_N1_TO_1", "tanh": "TANH"}
MEMBERS = frozenset({*_PLAIN, "LEAKY_RELU"})


@dataclass(frozen=True, slots=True)
class Region:
    """`operators` in order; the last one gives the value. `source` is the root tensor that all start from."""

    operators: tuple[Operator, ...]
    source: int
    settings: dict[str, Any]


class Regions:
    """Finds the regions of a subgraph. `root` looks through what only keeps a value otherwise, `constant` gives
    a stored tensor's numbers (None for what is computed)."""

    def __init__(
        self, graph: Subgraph, root: Callable[[int], int], constant: Callable[[int], Array | None], passing: set[int]
    ) -> None:
        self._graph, self._root, self._constant = graph, root, constant
        self._operators = [item for item in graph.operators if item.outputs and item.index not in passing]
        self._readers: dict[int, list[Operator]] = defaultdict(list)
        for operator in self._operators:
            for index in dict.fromkeys(root(index) for index in operator.inputs if index >= 0):
                self._readers[index].append(operator)
        self._ends = {root(index) for index in graph.outputs if index >= 0}

    def found(self) -> list[Region]:
        """All regions, none of which share an operator."""
        taken: set[int] = set()
        regions = []
        for operator in self._operators:
            region = None if operator.index in taken else self._region(operator)
            if region is not None and not taken & {item.index for item in region.operators}:
                taken |= {item.index for item in region.operators}
                regions.append(region)
        return regions

    def _region(self, first: Operator) -> Region | None:
        """The largest region from an operator on that is a known function; else one that meets again."""
        data = self._data(first)
        if first.name not in MEMBERS or len(data) != 1:
            return None
        best: Region | None = None
        for inside, meets in self._grown(first, data[0]):
            settings = self._settings(inside, data[0])
            if settings is None and meets and best is None and self._scope(inside):
                settings = {"activation": "unknown"}
            known = settings is not None and (meets or settings.get("activation") not in PIECES)
            if settings is not None and known:
                best = Region(tuple(inside), data[0], settings)
        return best

    def _grown(self, first: Operator, source: int) -> Iterator[tuple[list[Operator], bool]]:
        """Closed sets of two operators and more from the first on, and whether they read the source again."""
        inside, waiting = [first], self._next(source, [first])
        while waiting and len(inside) < LARGEST:
            inside.append(min(waiting, key=lambda item: item.index))
            if not self._one_scope(inside):
                return
            waiting = self._next(source, inside)
            if self._closed(inside):
                yield list(inside), sum(source in self._data(item) for item in inside) > 1

    def _next(self, source: int, inside: list[Operator]) -> list[Operator]:
        """Members that read nothing but the source and what is inside."""
        known = {source, *(self._root(item.outputs[0]) for item in inside)}
        readers = {reader.index: reader for tensor in known for reader in self._readers[tensor]}
        return [
            item
            for item in readers.values()
            if item not in inside and item.index > inside[0].index and item.name in MEMBERS
            and known.issuperset(self._data(item))
        ]  # fmt: skip

    def _closed(self, inside: list[Operator]) -> bool:
        """Whether the last operator's value alone is read from outside."""
        indices = {item.index for item in inside}
        return all(
            self._root(item.outputs[0]) not in self._ends
            and indices.issuperset(reader.index for reader in self._readers[self._root(item.outputs[0])])
            for item in inside[:-1]
        )

    def _data(self, operator: Operator) -> list[int]:
        """The root tensors that a run gives the operator."""
        computed = (index for index in operator.inputs if index >= 0 and self._constant(index) is None)
        return list(dict.fromkeys(self._root(index) for index in computed))

    def _one_scope(self, inside: list[Operator]) -> bool:
        """Whether the names, where they tell, are of one layer. The last operator's is often the output's."""
        scopes = [scope for item in inside for scope in self._scopes(item)]
        shortest = min(scopes, key=len, default="")
        return all(scope == shortest or scope.startswith(f"{shortest}/") for scope in scopes)

    def _scope(self, inside: list[Operator]) -> str:
        return min((scope for item in inside for scope in self._scopes(item)), key=len, default="")

    def _scopes(self, operator: Operator) -> list[str]:
        names = self._graph.tensors[operator.outputs[0]].name.split(";")
        return [name.rpartition("/")[0] for name in names if "/" in name]

    def _settings(self, inside: list[Operator], source: int) -> dict[str, Any] | None:
        """The function's name and numbers, None where it is none that has a name."""
        values: dict[int, Array] = {source: GRID}
        with np.errstate(all="ignore"):
            for operator in inside:
                result = self._applied(operator, values)
                if result is None:
                    return None
                values[self._root(operator.outputs[0])] = result
        result = np.asarray(values[self._root(inside[-1].outputs[0])], np.float64)
        if result.size != GRID.size or not np.all(np.isfinite(result)):
            return None
        return identify(result.ravel()) or self._coarsely(inside, result.ravel())

    def _coarsely(self, inside: list[Operator], result: Array) -> dict[str, Any] | None:
        read = {index for item in inside for index in item.inputs if index >= 0}
        rounded = any(self._graph.tensors[index].quantization is not None for index in read)
        return identify(result, close=COARSE) if rounded else None

    def _applied(self, operator: Operator, values: dict[int, Array]) -> Array | None:
        arrays: list[Array] = []
        for index in operator.inputs:
            stored = self._constant(index) if index >= 0 else None
            array = values.get(self._root(index)) if stored is None else stored
            if array is None or array.size not in (1, GRID.size) or (stored is not None and stored.size != 1):
                return None
            arrays.append(array.reshape(-1).astype(np.float64) if array.dtype.kind != "b" else array.reshape(-1))
        result = _leaky(operator, *arrays) if operator.name == "LEAKY_RELU" else _PLAIN[operator.name](*arrays)
        fused = fused_activation(operator)
        return _PLAIN[_FUSED[fused]](result) if fused in _FUSED else None if fused else result
