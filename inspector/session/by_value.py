"""Looking tensors up by their values: in the other side's graph, or in a side alone."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from inspector.domain.files import Side
from inspector.domain.match import Assignment, ValueHit
from inspector.session.datasets import read_dataset
from inspector.session.passes import both
from inspector.session.prepare import prepare
from inspector.session.settings import Settings
from inspector.session.side import SideState
from inspector.workers.child import Progress
from inspector.workers.runner_client import Runner

Array = NDArray[Any]
Sides = tuple[SideState, SideState]


def loaded_alone(state: SideState, settings: Settings, progress: Progress) -> tuple[Runner, dict[str, Array]]:
    """A side's runner and what it is fed when nothing is compared. Raises what loading and inputs raise."""
    runner, loaded = state.load(progress)
    same = tuple((port.tensor, port.tensor) for port in state.computation().inputs)
    assignment = Assignment(matches=(), inputs=same, outputs=(), unmatched_a=(), unmatched_b=())
    prepared = prepare(assignment, (state, loaded), (state, loaded), settings, read_dataset)
    return runner, {item.tensor_a: item.array_a for item in prepared}


def holding_the_value_of(
    tensor: str, side: Side, sides: Sides, assignment: Assignment, settings: Settings, *, progress: Progress, limit: int
) -> list[ValueHit]:
    """The other side's tensors ranked by how well their values are this tensor's."""
    (runner_a, loaded_a), (runner_b, loaded_b) = both(lambda: sides[0].load(progress), lambda: sides[1].load(progress))
    prepared = prepare(assignment, (sides[0], loaded_a), (sides[1], loaded_b), settings, read_dataset)
    a = runner_a, {item.tensor_a: item.array_a for item in prepared}
    b = runner_b, {item.tensor_b: item.array_b for item in prepared}
    (mine, fed), (other, fed_other) = (a, b) if side == "a" else (b, a)
    progress(f"looking up {tensor} by value", 0, 0)
    value = mine.run(fed, taps=[tensor]).taps[tensor]
    (found,) = other.scan(fed_other, [value], limit=limit)
    return found
