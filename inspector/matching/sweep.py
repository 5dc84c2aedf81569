"""One consistent assignment: a sweep over A in order, each step placed where its inputs, weights and name point."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from inspector.matching.contents import Contents, anchors, score
from inspector.matching.names import Names
from inspector.matching.steps import ANYTHING, Step, alike, is_identity

ENOUGH = 2.4
REACH = 2


@dataclass(frozen=True, slots=True)
class Placed:
    """A step of A on a step of B with what spoke for it, each 0..1 (weights None: it has none)."""

    b: int
    name: float
    weights: float | None
    structure: float
    total: float


@dataclass(slots=True)
class Sweep:
    """The state of the sweep. `where` maps A's tensors to B's root tensors."""

    steps_a: list[Step]
    steps_b: list[Step]
    contents: Contents
    names: Names
    where: dict[str, str] = field(default_factory=dict)
    placed: dict[int, Placed] = field(default_factory=dict)
    passed: set[int] = field(default_factory=set)
    used: set[int] = field(default_factory=set)
    forced: dict[str, str | None] = field(default_factory=dict)
    _readers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _root: dict[str, str] = field(default_factory=dict)
    _maker: dict[str, int] = field(default_factory=dict)
    _anchors: dict[int, list[int]] = field(default_factory=dict)

    def run(self) -> None:
        """Place every step of A, forwards, then mend from what follows."""
        self._root = {alias: step.output for step in self.steps_b for alias in step.layer.aliases}
        self._maker = {step.output: index for index, step in enumerate(self.steps_b)}
        for index, step in enumerate(self.steps_b):
            for tensor in step.inputs:
                self._readers[self.root(tensor)].append(index)
        self._anchors = anchors(self.contents, self.steps_a, self.steps_b)
        for index, step in enumerate(self.steps_a):
            if step.kind != "input":
                self._place(index, step)
        self._mend()

    def root(self, tensor: str) -> str:
        return self._root.get(tensor, tensor)

    def _place(self, index: int, step: Step) -> None:
        if self._place_forced(index, step):
            return
        options = [self._weigh(step, b) for b in self._candidates(index, step)]
        best = max((o for o in options if o is not None), key=lambda option: option.total, default=None)
        if best is not None and best.total >= ENOUGH:
            self._settle(index, step, best)
            return
        known = [self.where[tensor] for tensor in step.inputs if tensor in self.where]
        if known:
            self.where[step.output] = known[0]
        if is_identity(step) or (step.kind in ("flatten", "reshape") and not options):
            self.passed.add(index)

    def _place_forced(self, index: int, step: Step) -> bool:
        tensor = self.forced.get(step.layer.name, "") if step.final else ""
        if tensor == "":
            return False
        if tensor is not None:
            root = self.root(tensor)
            self.where[step.output] = root
            if root in self._maker:
                b = self._maker[root]
                self._settle(index, step, Placed(b, 0.0, score(self.contents, step, self.steps_b[b]), 0.0, 9.0))
        return True

    def _settle(self, index: int, step: Step, best: Placed) -> None:
        self.placed[index] = best
        self.used.add(best.b)
        self.where[step.output] = self.steps_b[best.b].output

    def _candidates(self, index: int, step: Step) -> set[int]:
        found = set(self._anchors.get(index, ())) | set(self.names.candidates(step))
        front = {self.where[tensor] for tensor in step.inputs if tensor in self.where}
        for _ in range(REACH + 1):
            readers = {b for tensor in front for b in self._readers.get(tensor, ())}
            found |= readers
            front = {self.steps_b[b].output for b in readers if not self.steps_b[b].weights}
        return found

    def _weigh(self, step: Step, b: int) -> Placed | None:
        other = self.steps_b[b]
        kind = alike(step, other)
        weights = score(self.contents, step, other)
        name = self.names.score(step, b)
        if other.kind == "input" or (kind == 0 and (weights or 0) < 0.5 and name < 1):
            return None
        known = {self.where[tensor] for tensor in step.inputs if tensor in self.where}
        inputs = {self.root(tensor) for tensor in other.inputs}
        agree = len(known & inputs) / len(known | inputs) if known else 0.3
        total = 2.0 * name + 2.0 * agree + 1.5 * kind + 3.0 * (weights or 0.0)
        total -= 5.0 * (b in self.used) + (2.0 if weights is None and other.weights and kind < 1 else 0.0)
        if step.kind in ANYTHING:
            total += 0.5 * (other.output not in inputs) * b / max(1, len(self.steps_b))
        return Placed(b, name, weights, agree if known else 0.0, total - self._unlike_shapes(step, other))

    @staticmethod
    def _unlike_shapes(step: Step, other: Step) -> float:
        a, b = step.layer.shape, other.layer.shape
        if not a or not b or None in (a[-1], b[-1]) or not step.final:
            return 0.0
        return 0.0 if a[-1] == b[-1] or a[-1] in b else 1.0

    def _mend(self) -> None:
        """What a surely placed step reads is what the step before it gives, whatever the sweep thought."""
        makers = {step.output: index for index, step in enumerate(self.steps_a)}
        for index in reversed(range(len(self.steps_a))):
            placed = self.placed.get(index)
            step = self.steps_a[index]
            if placed is None or len(step.inputs) != 1 or step.inputs[0] not in makers:
                continue
            other = self.steps_b[placed.b]
            sure = (placed.weights or 0) > 0.6 or placed.name == 1.0
            if sure and len(other.inputs) == 1:
                self._mend_input(makers[step.inputs[0]], self.root(other.inputs[0]))

    def _mend_input(self, maker: int, tensor: str) -> None:
        step = self.steps_a[maker]
        before = self.placed.get(maker)
        weak = before is None or ((before.weights or 0) <= 0.6 and before.name < 1.0)
        if self.where.get(step.output) == tensor or not weak or step.layer.name in self.forced:
            return
        b = self._maker.get(tensor)
        if b is None or step.kind == "input":
            return
        if is_identity(step) or maker in self.passed:
            self.where[step.output] = tensor
            return
        if before is not None:
            self.used.discard(before.b)
        self._settle(maker, step, Placed(b, self.names.score(step, b), score(self.contents, step, self.steps_b[b]),
                                         0.8, 3.0))
