"""Which settings hold for a pair that has just been opened: given ones, remembered ones, and what a file keeps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace

from inspector.domain.files import Side
from inspector.session.settings import Settings

OF_SIDE: dict[Side, str] = {"a": "preprocess_a", "b": "preprocess_b"}


def settings_for(
    before: Settings, remembered: Settings | None, *, given: Collection[str], staying: Collection[Side]
) -> Settings:
    """The settings of a pair, where `before` are those in force for another one.

    `given` names the fields that were set for this pair and win. Otherwise what is `remembered` of the pair
    holds. Of a new pair, a preprocessing goes with the file that it was set for, and the input stays as long
    as one of the two files does (`staying`); everything else is none."""
    base = remembered if remembered is not None else _carried(before, staying)
    return replace(base, **{name: getattr(before, name) for name in given})


def _carried(before: Settings, staying: Collection[Side]) -> Settings:
    of_sides = set(OF_SIDE.values())
    kept = {OF_SIDE[side] for side in staying}
    if staying:
        kept |= {field.name for field in fields(Settings)} - of_sides
    return replace(Settings(), **{name: getattr(before, name) for name in kept})


def swapped(settings: Settings) -> Settings:
    """The settings after A and B were exchanged: each preprocessing goes with its file."""
    return replace(settings, preprocess_a=settings.preprocess_b, preprocess_b=settings.preprocess_a)
