"""Computations made by hand, with their weights in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from inspector.domain.computation import Computation, Layer, Port, Weight
from inspector.domain.match import Assignment
from inspector.formats.values import fingerprint
from inspector.matching import Contents, match


class Store:
    """Weights by id; `asked` are the ranges that were read."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.asked: list[tuple[str, int, int]] = []

    def weight(self, value_id: str, role: str, array: Any) -> Weight:
        self.arrays[value_id] = np.asarray(array)
        return Weight(id=value_id, role=role, shape=self.arrays[value_id].shape, dtype=str(self.arrays[value_id].dtype))

    def value_shape(self, value_id: str) -> tuple[tuple[int, ...], str]:
        return self.arrays[value_id].shape, str(self.arrays[value_id].dtype)

    def values(self, value_id: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        flat = self.arrays[value_id].ravel()
        self.asked.append((value_id, start, flat.size if stop is None else stop))
        return flat[start:stop]

    def prints(self) -> list[Any]:
        found = [fingerprint(self, value_id) for value_id in self.arrays]
        self.asked.clear()
        return found


def layer(name: str, kind: str, reads: str = "", weights: tuple[Weight, ...] = (), **settings: Any) -> Layer:
    return Layer(
        name=name,
        kind=kind,
        class_name=kind.title(),
        settings=settings,
        weights=weights,
        inputs=tuple(reads.split()),
        outputs=(name,),
    )


def node(
    name: str,
    kind: str,
    reads: str = "",
    weights: tuple[Weight, ...] = (),
    *,
    aliases: tuple[str, ...] = (),
    **settings: Any,
) -> Layer:
    """A lifted layer: its tensors carry an index."""
    return Layer(
        name=name,
        kind=kind,
        class_name=kind.title(),
        settings=settings,
        weights=weights,
        inputs=tuple(f"{tensor}:0" for tensor in reads.split()),
        outputs=(f"{name}:0",),
        nodes=(name,),
        aliases=aliases,
    )


def chain(*layers: Layer) -> Computation:
    """The first layer is the input, the last the output."""
    ends = [Port(name=end.name, tensor=end.outputs[0], shape=None, dtype="float32") for end in (layers[0], layers[-1])]
    return Computation(layers=layers, inputs=(ends[0],), outputs=(ends[1],))


def contents(a: Store, b: Store) -> Contents:
    return Contents(a.prints(), b.prints(), a.values, b.values)


def assigned(
    a: Computation, b: Computation, store_a: Store | None = None, store_b: Store | None = None, **options: Any
) -> Assignment:
    return match(a, b, contents(store_a or Store(), store_b or Store()), **options)


def tensors(assignment: Assignment) -> dict[str, str | None]:
    return {item.a: item.tensor_b for item in assignment.matches}
