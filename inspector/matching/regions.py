"""What lies between tensors of B: the steps that compute one tensor from given ones, and what else they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from inspector.matching.steps import Step

LARGEST = 200


@dataclass(frozen=True, slots=True)
class Region:
    """Steps `inside` (without the last one) that lead to a step, and the tensors `border` that they start from."""

    inside: tuple[int, ...]
    border: frozenset[str]


class Flow:
    """B's steps as a graph: who makes a tensor, who reads it. Tensors are root tensors."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self._root = {alias: step.output for step in steps for alias in step.layer.aliases}
        self.maker = {step.output: index for index, step in enumerate(steps)}
        for index, step in enumerate(steps):
            if step.final:
                self.maker |= dict.fromkeys(step.layer.outputs, index)
        self.inputs = [tuple(dict.fromkeys(self.root(tensor) for tensor in step.inputs)) for step in steps]
        self.readers: dict[str, list[int]] = defaultdict(list)
        for index, tensors in enumerate(self.inputs):
            for tensor in tensors:
                self.readers[tensor].append(index)

    def root(self, tensor: str) -> str:
        """The tensor that a tensor is only another name for."""
        return self._root.get(tensor, tensor)

    def region(self, last: int, known: Collection[str], used: Collection[int]) -> Region:
        """Walk back from a step to `known` tensors, to steps that are `used` already, or to inputs."""
        inside: dict[int, None] = {}
        border: set[str] = set()
        waiting = [last]
        while waiting:
            for tensor in self.inputs[waiting.pop()]:
                maker = self.maker.get(tensor)
                outside = maker is None or maker in used or self.steps[maker].kind == "input"
                if tensor in known or outside or len(inside) >= LARGEST:
                    border.add(tensor)
                elif maker is not None and maker not in inside:
                    inside[maker] = None
                    waiting.append(maker)
        return Region(tuple(inside), frozenset(border))

    def closed(self, region: Region, last: int, known: Collection[str]) -> bool:
        """Whether nothing but the last step leads out of what depends on the `known` tensors. (A mask that comes
        from elsewhere is read by other layers too.)"""
        members = {*region.inside, last}
        waiting = [index for index in members if not set(self.inputs[index]).isdisjoint(known)]
        seen: set[int] = set()
        while waiting:
            index = waiting.pop()
            if index in seen or index == last:
                continue
            seen.add(index)
            readers = self.readers[self.steps[index].output]
            if not set(readers) <= members:
                return False
            waiting += readers
        return True

    def behind(self, tensors: Collection[str], used: Collection[int], limit: int) -> Iterator[int]:
        """Steps that follow from tensors, breadth first, through steps that are not used."""
        seen: set[int] = set()
        front = list(tensors)
        while front and len(seen) < limit:
            following = [
                index
                for tensor in front
                for index in self.readers.get(tensor, ())
                if index not in seen and index not in used
            ]
            seen.update(following)
            yield from dict.fromkeys(following)
            front = [self.steps[index].output for index in dict.fromkeys(following)]

    def only_reader(self, index: int) -> int | None:
        """The one step that reads what a step gives."""
        readers = self.readers.get(self.steps[index].output, [])
        return readers[0] if len(readers) == 1 else None
