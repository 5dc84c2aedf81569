"""Outputs that matching paired wrongly, though both sides state where each stands and the values agree there.

Two outputs of one shape whose ends an optimizer has renamed are paired by what is left of their structure, which may
be the wrong way round. That is matching's mistake and no fault of B's: whoever counts gets the right ones."""

from __future__ import annotations

from dataclasses import replace

from inspector.causes.output_places import Offered, in_place
from inspector.compare.metrics import measure
from inspector.domain.comparison import OutputDifference
from inspector.domain.match import Assignment
from inspector.session.outputs import Plain


def paired_as_stated(
    assignment: Assignment, plain: Plain, found: list[OutputDifference], a: Offered, b: Offered
) -> tuple[Assignment, Plain]:
    """The assignment and the arrays with every output at its stated place, where all agree there and not as they are
    paired; otherwise as they are."""
    stated = in_place(a, b)
    pairs = tuple((tensor, stated.get(tensor, "")) for tensor, _ in assignment.outputs)
    if all(item.within_noise for item in found) or pairs == assignment.outputs:
        return assignment, plain
    where = {tensor: at for at, (_, tensor) in enumerate(assignment.outputs)}
    if len(where) != len(pairs) or any(tensor not in where for _, tensor in pairs):
        return assignment, plain
    taken = [where[tensor] for _, tensor in pairs]
    arrays = [(one, plain.arrays[at][1]) for (one, _), at in zip(plain.arrays, taken, strict=True)]
    for at, (one, other) in enumerate(arrays):
        floor = max(found[at].noise_floor, found[taken[at]].noise_floor)
        if one.shape != other.shape or not measure(one, other).max_abs <= floor:
            return assignment, plain
    errors = [(own, plain.errors[at][1]) for (own, _), at in zip(plain.errors, taken, strict=True)]
    return replace(assignment, outputs=pairs), Plain(arrays, errors)
