"""Sentences of the session as the window says them: an option of the command is the control that does it, and
names stand without the backticks that mark them in a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

Said = Callable[[re.Match[str]], str]


def _of(match: re.Match[str]) -> str:
    """` of B` where the option names a side."""
    return f" of {match['side'].upper()}" if match["side"] else ""


def _option(match: re.Match[str]) -> str:
    name, value = match["name"].replace("_", " "), match["value"]
    said = f": {value}" if value and value not in ("FILE", "VALUE", "...") else ""
    return f"Options{_of(match)}, {name.capitalize()}{said}"


def _pipeline(match: re.Match[str]) -> str:
    line = match["line"]
    return f"Preprocessing{_of(match)}" + ("" if line is None else f": {line or 'none'}")


_SIDE = r"(?:-(?P<side>[ab]))?\b"
_OTHERS = (
    "batch|fold|signature|keep-float|name-input|name-output|overwrite|high|"
    "low|tolerance|sqnr|out|like|limit|html|json|outputs"
)
#: An option of the command as it stands in a sentence, and the control of the window that does it. The first
#: pattern that fits a place holds.
CONTROLS: tuple[tuple[str, Said], ...] = (
    (rf'--preprocess{_SIDE}(?: "(?P<line>[^"]*)")?', _pipeline),
    (rf"--set{_SIDE} (?P<name>\w+)=(?P<value>\.\.\.|[^\s.,;)]+)", _option),
    (rf"--set{_SIDE}", lambda match: f"Options{_of(match)}"),
    (rf"--python{_SIDE}", lambda match: f"Options{_of(match)}, Environment"),
    (rf"--backend{_SIDE}", lambda match: f"Options{_of(match)}, Backend"),
    (r"--custom(?: FILE\.py)?\b", lambda _match: "Options, Code"),
    (r"\b(?:open|run) it with --trust\b", lambda _match: "trust this file"),
    (r"--trust\b", lambda _match: "Trust this file"),
    (r"`?compare --static`?|--static\b", lambda _match: "Compare without running"),
    (r"\ballow the network \(online=on\)", lambda _match: "allow the network (Options, Code)"),
    (r"--input(?: SPEC)?\b", lambda _match: "Input"),
    (r"--to\b", lambda _match: "Form"),
    (r"--representative\b", lambda _match: "Representative inputs"),
    (rf"--(?P<name>{_OTHERS})\b", lambda match: match["name"].replace("-", " ").capitalize()),
)
_ANY = tuple((re.compile(r"(?<![\w-])" + pattern if pattern.startswith("--") else pattern), said)
             for pattern, said in CONTROLS)  # fmt: skip
_COMMAND = re.compile(r"model-inspector compare \S+ \S+ (?=--)")


def in_window(text: str) -> str:
    """The sentence in the words of the window."""
    return page_in_window(text).replace("`", "")


def page_in_window(markdown: str) -> str:
    """A page of the documentation in the words of the window; backticks are its markup and stay."""
    text = _COMMAND.sub("", markdown)
    for pattern, said in _ANY:
        text = pattern.sub(said, text)
    return text
