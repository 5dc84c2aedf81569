"""A side's options as words: `threads=1`, `onednn=off`, `signature=serve`, as the command takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions

CHOICES = ("signature", "tags", "backend", "architecture", "kernels")
NUMBERS = ("threads", "batch", "seed")
SWITCHES = ("onednn", "xla", "optimise", "float64", "training", "twice", "online")
WORDS = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


def with_words(options: SideOptions, words: Sequence[str]) -> SideOptions:
    """The options changed by words `name=value`. Raises BAD_OPTION that lists what there is."""
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise _bad(word, "an option is NAME=VALUE")
        options = replace(options, **_changed(options, name.strip(), value.strip(), word))
    return options


def in_words(options: SideOptions) -> tuple[str, ...]:
    """What differs from the defaults, one word each."""
    default = SideOptions()
    found = [f"{name}={value}" for name, value in options.choices.items() if value]
    for name in (*NUMBERS, *SWITCHES):
        value = getattr(options, name)
        if value != getattr(default, name):
            found.append(f"{name}={value if name in NUMBERS else 'on' if value else 'off'}")
    return tuple(found)


def _changed(options: SideOptions, name: str, value: str, word: str) -> dict[str, Any]:
    if name in CHOICES:
        return {"choices": {**options.choices, name: value}}
    if name in SWITCHES:
        if value.lower() not in WORDS:
            raise _bad(word, f"{name} is on or off")
        return {name: WORDS[value.lower()]}
    if name in NUMBERS:
        least = 0 if name == "seed" else 1
        if not value.isdigit() or int(value) < least:
            raise _bad(word, f"{name} is a whole number from {least} on")
        return {name: int(value)}
    raise _bad(word, "there is no such option")


def _bad(word: str, what: str) -> InspectorError:
    known = ", ".join((*CHOICES, *NUMBERS, *SWITCHES))
    return InspectorError("BAD_OPTION", what, where=word, todo=f"Options are {known}.")
