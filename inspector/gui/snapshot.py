"""From what is known to what is shown: one pure function, no Qt. The window applies the snapshot as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from inspector.domain.comparison import Comparison
from inspector.domain.errors import InspectorError
from inspector.domain.files import SIDES, ModelFile, Side
from inspector.domain.match import Assignment
from inspector.gui.outdated import short_spec
from inspector.session.reconstruct import wanted

Page = Literal["empty", "work"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that decides what the window shows. `opening` are the names of files that are being read,
    `running` is a comparison under way, `outdated` what has changed since the comparison that is there."""

    files: Mapping[Side, ModelFile | None]
    failed: Mapping[Side, InspectorError | None]
    opening: Mapping[Side, str] = field(default_factory=dict)
    assignment: Assignment | None = None
    comparison: Comparison | None = None
    error: InspectorError | None = None
    running: bool = False
    matching: bool = False
    outdated: str = ""
    busy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is shown. `status` is a status of the theme's marks, or empty while there is no answer. `outdated`
    says why the answer no longer holds, empty where it does."""

    page: Page
    title: str
    status: str
    sentence: str
    detail: str
    can_run: bool
    can_stop: bool
    can_swap: bool
    can_save: bool
    can_preview: bool
    outdated: str = ""
    open_sides: tuple[Side, ...] = ()


def resolve(known: Known) -> Snapshot:
    """What the window shows, given what is known."""
    a, b = known.files["a"], known.files["b"]
    anything = a or b or known.opening or any(known.failed.values())
    ready = bool(a and b and can_run(a, b) and can_run(b, a))
    status, sentence, detail = _answer(known, a, b)
    return Snapshot(
        page="work" if anything else "empty",
        title=_title(a, b),
        status=status,
        sentence=sentence,
        detail=detail,
        can_run=ready and not known.running and not known.matching and not known.opening,
        can_stop=known.running or known.matching or bool(known.opening),
        can_swap=bool(a or b) and not known.running and not known.opening,
        can_save=known.comparison is not None,
        can_preview=ready and known.assignment is not None and not known.running,
        outdated=_outdated(known),
        open_sides=tuple(side for side in SIDES if known.files[side] is not None),
    )


def _outdated(known: Known) -> str:
    """Why the answer no longer holds. An answer stays until what is opened is there: it may fail to open."""
    if known.comparison is None or known.running:
        return ""
    if known.opening:
        names = " and ".join(known.opening[side] for side in SIDES if side in known.opening)
        return f"{names} {'are' if len(known.opening) > 1 else 'is'} being opened"
    return known.outdated


def can_run(file: ModelFile, other: ModelFile) -> bool:
    """Whether a file can be run: by itself, or with its weights in the other side's graph."""
    return bool(file.runs_in) or wanted(file, other)


def name_of(file: ModelFile) -> str:
    """A file as a person calls it: the last part of its path."""
    return PurePath(file.path).name or file.path


def _title(a: ModelFile | None, b: ModelFile | None) -> str:
    names = [name_of(file) for file in (a, b) if file]
    return " and ".join(names) + " - Model Inspector" if names else "Model Inspector"


def _answer(known: Known, a: ModelFile | None, b: ModelFile | None) -> tuple[str, str, str]:
    if known.running:
        return "", "Comparing…", known.busy
    if known.error is not None:
        return "not-comparable", "The comparison could not be made.", known.error.what
    if known.comparison is not None:
        return known.comparison.verdict, known.comparison.sentence, _facts(known.comparison)
    if a is None or b is None:
        return "", *_invitation(known, a, b)
    for letter, file, beside in (("A", a, b), ("B", b, a)):
        if not can_run(file, beside):
            return "", f"{letter} can be browsed but not run.", file.reason[:1].upper() + file.reason[1:]
    if known.opening:
        return "", "Opening…", known.busy
    if known.matching:
        return "", "Finding which layers belong together…", known.busy
    if known.assignment is None:
        return "", "The layers are not matched yet.", "Run (Ctrl+R) matches them and compares the numbers."
    return "", matched_text(known.assignment), "Press Run (Ctrl+R) to compare the numbers."


def _invitation(known: Known, a: ModelFile | None, b: ModelFile | None) -> tuple[str, str]:
    if known.opening:
        return "Opening…", known.busy
    there = a or b
    if there is None:
        return "The file could not be opened.", "Open another one, or drop it here."
    missing = "B" if a else "A"
    hint = "Drop the file on its side, or browse this one."
    return f"Open {missing} to compare it with {name_of(there)}.", hint


def matched_text(assignment: Assignment) -> str:
    """How many layers of A have a partner. `unmatched_a` may name layers that stand among the matches, too."""
    names = {match.a for match in assignment.matches} | set(assignment.unmatched_a)
    found = {match.a for match in assignment.matches if match.tensor_b is not None}
    return f"{len(found)} of {len(names)} layers matched."


def _facts(comparison: Comparison) -> str:
    inputs = ", ".join(dict.fromkeys(short_spec(used.spec) for used in comparison.inputs))
    compared = sum(layer.status != "not-compared" for layer in comparison.layers)
    seconds = comparison.timings.get("total") or sum(comparison.timings.values())
    warnings = len(comparison.warnings)
    told = [f"input {inputs}" if inputs else "", f"{compared} layers compared", f"{seconds:.1f} s"]
    told.append(f"{warnings} warning{'s' if warnings > 1 else ''}" if warnings else "")
    return "  ·  ".join(part for part in told if part)
