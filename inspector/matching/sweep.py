"""One consistent assignment: a sweep over A in order, each step placed where its inputs, weights and name point."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from inspector.matching import composite
from inspector.matching.contents import Contents, anchors, score
from inspector.matching.names import Names, on_graph
from inspector.matching.regions import Flow, Region
from inspector.matching.steps import ANYTHING, Step, alike, is_identity

ENOUGH = 2.4
REACH = 12
SURE = 0.6


@dataclass(frozen=True, slots=True)
class Placed:
    """A step of A on a step of B with what spoke for it, each 0..1 (weights None: it has none). `inside` are the
    steps of B between the layer's inputs and `b` that no other layer takes."""

    b: int
    name: float
    weights: float | None
    structure: float
    total: float
    inside: tuple[int, ...] = ()


@dataclass(slots=True)
class Sweep:
    """The state of the sweep. `where` maps A's tensors to B's root tensors; `passed` are steps of A that do
    nothing of their own in B. `forced` and `valued` say in which tensor of B a layer of A ends: a person's choice,
    and what a run has shown."""

    steps_a: list[Step]
    steps_b: list[Step]
    contents: Contents
    names: Names
    flow: Flow
    where: dict[str, str] = field(default_factory=dict)
    forced: dict[str, str | None] = field(default_factory=dict)
    valued: dict[str, str] = field(default_factory=dict)
    placed: dict[int, Placed] = field(default_factory=dict)
    passed: set[int] = field(default_factory=set)
    used: set[int] = field(default_factory=set)
    _anchors: dict[int, list[int]] = field(default_factory=dict)

    def run(self) -> None:
        """Place every step of A, forwards, then mend from what follows."""
        self._anchors = anchors(self.contents, self.steps_a, self.steps_b)
        for index, step in enumerate(self.steps_a):
            if step.kind != "input":
                self._place(index, step)
        self._mend()

    def _place(self, index: int, step: Step) -> None:
        if self._place_forced(index, step) or self._place_valued(index, step):
            return
        best = self._composite(step) or self._best(index, step)
        if best is not None and best.total >= ENOUGH:
            self._settle(index, step, best)
            return
        known = self._known(step)
        if known:
            self.where[step.output] = known[0]
        if is_identity(step) or (step.kind in ("flatten", "reshape") and best is None):
            self.passed.add(index)

    def _known(self, step: Step) -> list[str]:
        return list(dict.fromkeys(self.where[tensor] for tensor in step.inputs if tensor in self.where))

    def _composite(self, step: Step) -> Placed | None:
        if step.kind not in composite.KINDS and not self._unrolled(step):
            return None
        found = composite.ending(
            step, self._known(step), self.used, flow=self.flow, contents=self.contents, names=self.names
        )
        if found is None:
            return None
        name = self.names.score(step, found.b)
        return Placed(found.b, name, found.weights, 1.0, 9.0, found.region.inside)

    def _unrolled(self, step: Step) -> bool:
        """Whether it is a recurrent layer of which B has every step written out."""
        return step.kind in composite.RECURRENT and not any(other.kind in composite.RECURRENT for other in self.steps_b)

    def _best(self, index: int, step: Step) -> Placed | None:
        options = (self._weigh(step, b) for b in self._candidates(index, step))
        best = max((o for o in options if o is not None), key=lambda option: option.total, default=None)
        if best is None or not step.final or on_graph(step):  # a graph of A has layers of its own for what follows
            return best
        many = step.kind in composite.KINDS
        end = composite.named_end(step, best.b, self.used, flow=self.flow, names=self.names, many=many)
        if end == best.b:
            return best
        return replace(best, b=end, inside=self.flow.region(end, self._known(step), self.used).inside)

    def _place_forced(self, index: int, step: Step) -> bool:
        tensor = self.forced.get(step.layer.name, "") if step.final else ""
        if tensor == "":
            return False
        if tensor is not None:
            root = self.flow.root(tensor)
            self.where[step.output] = root
            if root in self.flow.maker:
                b = self.flow.maker[root]
                held = score(self.contents, step, [self.steps_b[b]])
                self._settle(index, step, Placed(b, self.names.score(step, b), held, 0.0, 9.0))
                self.where[step.output] = root
        return True

    def _place_valued(self, index: int, step: Step) -> bool:
        """Where the layer's value stands: all that leads there from the layer's inputs is the layer's work."""
        b = self.flow.maker.get(self.flow.root(self.valued.get(step.layer.name, ""))) if step.final else None
        if b is None:
            return False
        region = self.flow.region(b, self._known(step), self.used)
        held = score(self.contents, step, [self.steps_b[at] for at in (*region.inside, b)])
        self._settle(index, step, Placed(b, self.names.score(step, b), held, 1.0, 9.0, region.inside))
        self.used.update(region.inside)
        return True

    def _settle(self, index: int, step: Step, best: Placed) -> None:
        self.placed[index] = best
        self.used.add(best.b)
        if step.kind in composite.KINDS or self._unrolled(step):
            self.used.update(best.inside)
        self.where[step.output] = self.steps_b[best.b].output

    def _candidates(self, index: int, step: Step) -> set[int]:
        found = set(self._anchors.get(index, ())) | set(self.names.candidates(step))
        return found | set(self.flow.behind(self._known(step), self.used, REACH))

    def _weigh(self, step: Step, b: int) -> Placed | None:
        other = self.steps_b[b]
        kind = alike(step, other)
        weights = score(self.contents, step, [other])
        name = self.names.score(step, b)
        if other.kind == "input" or (kind == 0 and (weights or 0) < 0.5 and name < 1):
            return None
        if is_identity(step) and name < 1:
            return None
        known = self._known(step)
        region = self.flow.region(b, known, self.used)
        agree = self._agree(known, region)
        floor = -0.5 if name == 1 else -1.0  # a layer of this name that was made with other sizes
        total = 2.0 * name + 2.0 * agree + 1.5 * kind + 3.0 * max(weights or 0.0, floor)
        total -= 5.0 * (b in self.used) + (2.0 if weights is None and other.weights and kind < 1 else 0.0)
        total -= 0.05 * min(10, len(region.inside)) + sum(bool(self.steps_b[i].weights) for i in region.inside)
        if step.kind in ANYTHING and name == 1 and self.flow.closed(region, b, known):
            total += b / len(self.steps_b)  # of the steps that carry its name, the last is its end
        return Placed(b, name, weights, agree if known else 0.0, total - _unlike_shapes(step, other), region.inside)

    @staticmethod
    def _agree(known: list[str], region: Region) -> float:
        """How well what B's steps start from is what the layer's inputs became: the mean of both shares."""
        if not known:
            return 0.3
        shared = len(region.border & set(known))
        return shared / len(known) / 2 + shared / max(1, len(region.border)) / 2

    def _mend(self) -> None:
        """What a placed step reads is what the steps before it give, whatever the sweep thought."""
        makers = {step.output: index for index, step in enumerate(self.steps_a)}
        for index in reversed(range(len(self.steps_a))):
            placed, step = self.placed.get(index), self.steps_a[index]
            if placed is None:
                continue
            before = {tensor: makers[tensor] for tensor in step.inputs if tensor in makers}
            if len(step.inputs) == 1:
                self._mend_only(step, placed, before)
            else:
                self._mend_lost(step, placed, before)

    def _mend_only(self, step: Step, placed: Placed, before: dict[str, int]) -> None:
        """The one input of a surely placed step, when B's step does not start from what the sweep said."""
        given, where = self.flow.inputs[placed.b], self.where.get(step.inputs[0], "")
        sure = (placed.weights or 0) > SURE or placed.name == 1.0
        if sure and before and len(given) == 1 and where not in self.flow.region(placed.b, {where}, ()).border:
            self._mend_input(before[step.inputs[0]], given[0])

    def _mend_lost(self, step: Step, placed: Placed, before: dict[str, int]) -> None:
        """Of several inputs the one that has no place, when B's step reads one tensor that is nobody's."""
        lost = [
            index
            for index in before.values()
            if index not in self.placed and index not in self.passed and self.steps_a[index].kind != "input"
        ]
        known = {self.where.get(tensor) for tensor in step.inputs if before.get(tensor) not in lost}
        free = [tensor for tensor in self.flow.inputs[placed.b] if tensor not in known]
        if len(lost) == 1 and len(free) == 1:
            self._mend_input(lost[0], free[0])

    def _mend_input(self, maker: int, tensor: str) -> None:
        step = self.steps_a[maker]
        before = self.placed.get(maker)
        weak = before is None or ((before.weights or 0) <= SURE and before.name < 1.0)
        b = self.flow.maker.get(tensor)
        if b is None or not weak or step.kind == "input" or step.layer.name in (*self.forced, *self.valued):
            return
        if is_identity(step) or maker in self.passed:
            self.where[step.output] = tensor
            return
        if before is not None:
            self.used.discard(before.b)
        held = score(self.contents, step, [self.steps_b[b]])
        inside = self.flow.region(b, self._known(step), self.used).inside
        self._settle(maker, step, Placed(b, self.names.score(step, b), held, 0.8, 3.0, inside))


def _unlike_shapes(step: Step, other: Step) -> float:
    a, b = step.layer.shape, other.layer.shape
    if not a or not b or None in (a[-1], b[-1]) or not step.final:
        return 0.0
    return 0.0 if a[-1] == b[-1] or a[-1] in b else 1.0
