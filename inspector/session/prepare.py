"""What both sides are fed: the person's inputs, or those of a recording, for every pair of inputs."""

from __future__ import annotations

from inspector.domain.errors import InspectorError
from inspector.domain.match import Assignment
from inspector.session.inputs import Prepared, ReadDataset, resolve
from inspector.session.lookups import ports_of
from inspector.session.recorded import prepared as prepared_recorded
from inspector.session.recorded import recorded_inputs
from inspector.session.settings import Settings
from inspector.session.side import SideState
from inspector.workers.runner_client import Loaded


def prepare(
    assignment: Assignment,
    a: tuple[SideState, Loaded],
    b: tuple[SideState, Loaded],
    settings: Settings,
    read: ReadDataset,
) -> tuple[Prepared, ...]:
    """What each side will be fed, for every pair of inputs. Raises INPUT_MISSING, WRONG_SHAPE, ..."""
    ports_a = ports_of(a[0].computation().inputs, a[1])
    ports_b = ports_of(b[0].computation().inputs, b[1])
    pairs = [(ports_a[x], ports_b[y]) for x, y in assignment.inputs if x in ports_a and y in ports_b]
    missing = [name for name in ports_b if name not in {pair[1].tensor for pair in pairs}]
    missing += [name for name in ports_a if name not in {pair[0].tensor for pair in pairs}]
    if missing:
        raise InspectorError(
            "INPUT_UNPAIRED",
            f"no partner on the other side for the input {', '.join(missing)}",
            todo="The two files do not take the same inputs.",
        )
    recorded = recorded_inputs(a[0], b[0])
    if recorded is not None:
        return prepared_recorded(recorded, pairs, settings)
    return resolve(settings.inputs, [pair[0] for pair in pairs], [pair[1] for pair in pairs], settings, read)
