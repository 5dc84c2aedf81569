"""A finding's proof in words and as two bars; one way for window, page and terminal."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inspector.domain.comparison import Finding, Proof
from inspector.domain.wording import percent, short

PROVED = 0.5  # of the difference must go before the word is right
DECADES = 3  # further apart than this, a linear scale shows nothing of the shorter bar
UNTRIED = "it was not tried"


@dataclass(frozen=True, slots=True)
class Bars:
    """Lengths of the bars before and after, 0..1 of the longer one. `ticks`: where on the same scale the powers
    of ten are; none on a linear scale."""

    before: float
    after: float
    ticks: tuple[float, ...] = ()

    @property
    def logarithmic(self) -> bool:
        return bool(self.ticks)


def proof_bars(proof: Proof) -> Bars:
    """Linear from zero; logarithmic when the two numbers lie more than three decades apart, from the power of ten
    below the smaller one. What is not finite fills its bar; zero has none."""
    values = proof.before, proof.after
    real = [value for value in values if 0 < value < math.inf]
    if len(real) == len(values) and max(real) / min(real) > 10.0**DECADES:
        low = math.ceil(math.log10(min(real))) - 1
        reach = math.log10(max(real)) - low
        before, after = ((math.log10(value) - low) / reach for value in values)
        return Bars(before, after, tuple(step / reach for step in range(1, math.floor(reach) + 1)))
    widest = max(real, default=1.0) if all(map(math.isfinite, values)) else math.inf
    before, after = (value / widest if math.isfinite(value) else 1.0 for value in values)
    return Bars(before, after)


def size_text(value: float) -> str:
    """A difference before or after an experiment; infinite is what no number tells."""
    return short(value) if math.isfinite(value) else "NaN, infinity or another shape"


def gone_text(proof: Proof) -> str:
    """`100.0% gone`; all of it is said only when what is left lies within the noise floor."""
    return f"{'100.0%' if proof.gone == 1 else percent(proof.gone)} gone"


def proof_text(proof: Proof, *, alone: bool = True) -> str:
    """The experiment in one sentence; without the share where bars beside it say so."""
    word = "Proved" if proof.gone >= PROVED else "Tried"
    share = f", {gone_text(proof).removesuffix(' gone')} of the output's difference is gone" if alone else ""
    return f"{word}: with {proof.edit}{share}."


def unproved(finding: Finding) -> str:
    """Why there is no proof; empty where there is one, and for a note, which needs none."""
    return "" if finding.proof is not None or finding.note_only else (finding.unproved or UNTRIED).rstrip(".")
