"""A side that its own framework refuses as it stands: how that is told beside what the numbers say."""

from __future__ import annotations

from dataclasses import replace

from inspector.domain.comparison import Comparison
from inspector.domain.refusal import Refusal
from inspector.domain.wording import elided, inside
from inspector.session.side import SideState
from inspector.workers.runner_client import Loaded

#: What a runner answers where the framework does not take a file; everything else is no word about the file.
CODES = ("LOAD_FAILED", "UNKNOWN_CLASS", "OTHER_PYTHON", "UNSUPPORTED_LAYER", "WEIGHTS_MISMATCH")
SAID = 160  # characters of a framework's words in the sentence; the finding has them all


def refusal_of(side: SideState, loaded: Loaded) -> Refusal | None:
    """Why a side was not run as it stands, None where it was."""
    return side.stand_in.refusal if side.stand_in is not None else loaded.refusal


def with_refusals(found: Comparison, a: SideState, loaded_a: Loaded, b: SideState, loaded_b: Loaded) -> Comparison:
    """The comparison whose verdict and sentence say of each refused side that it is; others are left as they are."""
    refusals = [("A", "B", refusal_of(a, loaded_a)), ("B", "A", refusal_of(b, loaded_b))]
    told = [_sentence(name, other, refusal) for name, other, refusal in refusals if refusal is not None]
    if not told:
        return found
    how = "; ".join(told)
    stated = tuple(item for side in (a, b) if side.stand_in is not None for item in side.stand_in.stated)
    settings = f" The settings that the files state differ: {stated[0].title}." if stated else ""
    sentence = f"{how} {inside(found.sentence)}{settings}"
    return replace(found, verdict="different", sentence=sentence, findings=(*found.findings, *stated))


def _sentence(name: str, other: str, refusal: Refusal) -> str:
    said = elided(refusal.said.rstrip("."), SAID)
    how = "with its config upgraded" if refusal.changes else f"run as {other}'s model with {name}'s weights,"
    return f"{refusal.framework[:1].upper()}{refusal.framework[1:]} refuses {name} as it stands ({said}); {how}"
