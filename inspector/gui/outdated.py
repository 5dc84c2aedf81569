"""Whether an answer still holds: what it rests on, and what of that has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from inspector.domain.files import SIDES
from inspector.domain.match import Assignment
from inspector.domain.options import SideOptions
from inspector.session.settings import Settings

Choices = frozenset[tuple[str, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a comparison rests on beside the two files. `choices` are the matches that the person made."""

    settings: Settings
    options: tuple[SideOptions, SideOptions]
    choices: Choices


def choices_of(assignment: Assignment | None) -> Choices:
    """The matches of an assignment that the person made: A's layer and B's tensor, None for none."""
    matches = assignment.matches if assignment is not None else ()
    return frozenset((match.a, match.tensor_b) for match in matches if any(e.kind == "user" for e in match.evidence))


def changed(then: Basis, now: Basis) -> str:
    """What has changed, as the end of a sentence: `the input is now ones`; empty when nothing has."""
    found = [*_settings(then.settings, now.settings)]
    for side, old, new in zip(SIDES, then.options, now.options, strict=True):
        if old != new:
            found.append(f"the options of {side.upper()} have changed")
    layers = sorted({layer for layer, _tensor in then.choices ^ now.choices})
    if layers:
        found.append(f"the match of {layers[0]} has changed" if len(layers) == 1 else "matches have changed")
    return ", ".join(found)


def short_spec(spec: str) -> str:
    """An input without the folder of its file."""
    name, equals, rest = spec.rpartition("=")
    return f"{name}{equals}{PurePath(rest).name or rest}"


def taken_up(before: Settings, after: Settings) -> str:
    """What is told where a pair brings other settings than those in force; empty where it does not."""
    told = ", ".join(_settings(before, after))
    return f"With this pair {told}." if told else ""


def _settings(then: Settings, now: Settings) -> Iterator[str]:
    if then.inputs != now.inputs:
        yield f"the input is now {', '.join(map(short_spec, now.inputs))}"
    for side, old, new in (("A", then.preprocess_a, now.preprocess_a), ("B", then.preprocess_b, now.preprocess_b)):
        if old != new:
            yield f"the preprocessing of {side} is now {new or 'none'}"
    if (then.low, then.high) != (now.low, now.high):
        yield f"random numbers are now drawn from {now.low:g} to {now.high:g}"
    if then.batch != now.batch:
        yield f"the batch size is now {now.batch or 'that of the model'}"
    if then.size != now.size:
        sizes = "×".join(map(str, now.size or ())) or "the default"
        yield f"the size of unspecified dimensions is now {sizes}"
