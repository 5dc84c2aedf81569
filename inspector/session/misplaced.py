"""Layers that are matched with a tensor inside another's work: where the layer ends is told by its value.

Names and weights lead to an op that does a layer's work, and sometimes to one of several: a converter wrote it in
more ops than any pattern knows, or an optimiser moved its last one. Of what B computes from there on, the tensor
that holds A's value is where the layer ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Computation
from inspector.domain.match import Assignment, Match, ValueHit
from inspector.session.outputs import Plain, difference
from inspector.session.undone import ACCUMULATED
from inspector.session.verdict import UNLIKE_SHAPES
from inspector.workers.runner_client import Loaded, Runner

Arrays = Mapping[str, NDArray[Any]]
MOST, HITS = 64, 8
EXACT = 1.0 - 1e-5  # agreement of what has no noise floor of its own: float32 over some hundred additions


def agreeing(assignment: Assignment, plain: Plain, noise: float) -> dict[str, str]:
    """A's outputs that agree in the plain runs, with B's. `noise`: see outputs.difference."""
    pairs = zip(assignment.outputs, plain.arrays, plain.errors, strict=True)
    found = [difference(pair, *arrays, errors, noise=noise) for pair, arrays, errors in pairs]
    return {item.a: item.b for item in found if item.within_noise}


@dataclass(frozen=True, slots=True)
class Looked:
    """A match with its numbers; `agreed` are A's outputs that agree, with B's."""

    assignment: Assignment
    rows: Sequence[LayerDifference]
    agreed: Mapping[str, str]

    def ends(self, a: tuple[Runner, Loaded, Arrays], b: tuple[Runner, Computation, Arrays]) -> dict[str, str]:
        """A's layers that end elsewhere: the tensor of B, behind the matched one, that holds the layer's value.

        Looked up are layers whose numbers or shapes differ, and did so in the ordinary runs. `a` and `b` are the
        runners with what they are fed; a layer that gives an output which agrees ends in B's output."""
        matches = {match.a: match for match in self.assignment.matches}
        lost = [row for row in self.rows if _may_end_elsewhere(row, matches[row.a], a[1])]
        found = {row.a: self.agreed[matches[row.a].tensor_a] for row in lost if matches[row.a].tensor_a in self.agreed}
        lost = [row for row in lost if row.a not in found][:MOST]
        found = {name: tensor for name, tensor in found.items() if tensor != matches[name].tensor_b}
        if not lost:
            return found
        values = a[0].run(a[2], taps=[matches[row.a].tensor_a for row in lost]).taps
        hits = b[0].scan(b[2], [values[matches[row.a].tensor_a] for row in lost], limit=HITS)
        order = _Order(b[1])
        taken = {match.tensor_b for match in matches.values() if match.tensor_b} - {row.b for row in lost}
        merged = self._merged()
        for row, options in zip(lost, hits, strict=True):
            held = [hit.tensor for hit in options if _holds(hit, row)]
            ends = [tensor for tensor in held if tensor not in taken and order.follows(tensor, row.b or "")]
            ends = ends or [tensor for tensor in held if tensor in merged.get(row.a, ())]
            if ends:
                found[row.a] = min(ends, key=order.place)
        return found

    def _merged(self) -> dict[str, set[str]]:
        """For each layer the tensors of B in which other layers of these very weights end: of two calls that come to
        the same, an optimiser keeps one."""
        by_weights: dict[tuple[str, ...], set[str]] = {}
        own: dict[str, tuple[str, ...]] = {}
        for match in self.assignment.matches:
            own[match.a] = tuple(sorted(record.b for record in match.weights))
            if any(own[match.a]) and match.tensor_b:
                by_weights.setdefault(own[match.a], set()).add(match.tensor_b)
        return {name: by_weights.get(weights, set()) for name, weights in own.items()}


def _may_end_elsewhere(row: LayerDifference, match: Match, loaded: Loaded) -> bool:
    chosen = any(item.kind == "user" for item in match.evidence)
    apart = row.status == "different" and row.total is not None and row.total.max_abs > _allowed(row)
    unlike = row.note.startswith(UNLIKE_SHAPES)
    return (apart or unlike) and not chosen and any(tap.tensor == match.tensor_a for tap in loaded.taps)


def _holds(hit: ValueHit, row: LayerDifference) -> bool:
    return hit.max_abs <= _allowed(row) if row.noise_floor is not None else hit.agreement >= EXACT


def _allowed(row: LayerDifference) -> float:
    return ACCUMULATED * (row.noise_floor or 0.0)


class _Order:
    """B's lifted layers: which tensor comes before which, and is made of which."""

    def __init__(self, computation: Computation) -> None:
        self._places: dict[str, int] = {}
        self._inputs: dict[str, tuple[str, ...]] = {}
        for place, layer in enumerate(computation.layers):
            for tensor in (*layer.outputs, *layer.aliases):
                self._places[tensor], self._inputs[tensor] = place, layer.inputs

    def place(self, tensor: str) -> int:
        return self._places[tensor]

    def follows(self, tensor: str, before: str) -> bool:
        """Whether a layer's tensor is worked out of another."""
        waiting, seen = [tensor], set[str]()
        if tensor not in self._places or before not in self._places or tensor == before:
            return False
        while waiting:
            at = waiting.pop()
            if self._places.get(at) == self._places[before]:
                return True
            if at not in seen and self._places.get(at, -1) > self._places[before]:
                seen.add(at)
                waiting += self._inputs[at]
        return False
