"""What `make same` found, as tables: kinds of nets, forms, what is not right, and what was left out and why."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

UNLIKE = "DIFFERENT by the frameworks themselves"
HEAD = """# Pairs that are the same

Written by `make same` (`tests/same/same_bench.py`): every activation and every layer class of both Keras, and whole
nets, with weights of no initializer, in every form. The frameworks themselves say that both sides of a pair give the
same numbers, to rounding or to what a quantization keeps, before it counts. A false alarm is a verdict `different` or
a finding that is no note; "could not be compared" is an error or the verdict `not-comparable`.
"""


@dataclass(kw_only=True)
class Outcome:
    """One pair. `unfaithful`: B's framework computes something else, so that the pair is none."""

    id: str
    net: str
    keras: str
    kind: str
    form: str
    batch: int
    verdict: str = ""
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    compared: int = 0
    layers: int = 0
    sentence: str = ""
    error: str = ""
    unfaithful: str = ""
    seconds: float = 0.0

    @property
    def alarm(self) -> bool:
        return not self.unfaithful and (self.verdict == "different" or bool(self.findings))

    @property
    def uncompared(self) -> bool:
        return bool(self.error) or self.verdict == "not-comparable"

    @property
    def right(self) -> bool:
        return not (self.alarm or self.uncompared or self.failed)


def told(outcome: Outcome) -> str:
    more = [*outcome.findings, *outcome.failed, outcome.error]
    if outcome.alarm:
        more.append(outcome.sentence)
    mark = "ok " if outcome.right else "BAD"
    return " | ".join(text for text in (f"{mark} {outcome.id}: {outcome.verdict}", outcome.unfaithful, *more) if text)


def table(outcomes: list[Outcome], left_out: list[dict[str, Any]]) -> str:
    """The tables, and a line for each pair that is not right."""
    faithful = [outcome for outcome in outcomes if not outcome.unfaithful]
    parts = [_counted("nets", faithful, lambda outcome: f"{outcome.kind}, {outcome.keras}")]
    parts.append(_counted("B", faithful, lambda outcome: outcome.form))
    wrong = [f"- {told(outcome)}" for outcome in faithful if not outcome.right]
    parts += ["\n".join(wrong)] if wrong else []
    unlike = [(row["keras"], row["net"], row["form"], row["why"]) for row in left_out if UNLIKE in row["why"]]
    unlike += [(row.keras, row.net, row.form, row.unfaithful) for row in outcomes if row.unfaithful]
    if unlike:
        parts.append("Left out, since the frameworks themselves give other numbers:")
        parts.append("\n".join(f"- {keras}, {net}, {form}: {why}" for keras, net, form, why in unlike))
    return "\n\n".join(parts)


def page(outcomes: list[Outcome], left_out: list[dict[str, Any]], seed: int) -> str:
    none = [row for row in left_out if UNLIKE not in row["why"]]
    parts = [f"{HEAD}\nSeed: {seed}.", table(outcomes, left_out)]
    parts.append("Nets that a form cannot hold, in the words of its writer; another form came in their place:")
    said = ((row, re.sub(r"/\S*/(?=make_same)", "", row["why"])[:120]) for row in none)
    parts.append("\n".join(f"- {row['keras']}, {row['net']}, {row['form']}: {why}" for row, why in said))
    return "\n\n".join(parts) + "\n"


def _counted(first: str, outcomes: list[Outcome], key: Callable[[Outcome], str]) -> str:
    names = (first, "pairs", "same", "within noise", "false alarms", "could not be compared", "causes failed", "s")
    lines = [_row(names), _row("---" for _ in names)]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[key(outcome)].append(outcome)
    for name, group in [*groups.items(), ("all", outcomes)]:
        verdicts = Counter(outcome.verdict for outcome in group)
        counts = (
            len(group), verdicts["same"], verdicts["within-noise"], sum(outcome.alarm for outcome in group),
            sum(outcome.uncompared for outcome in group), sum(bool(outcome.failed) for outcome in group),
        )  # fmt: skip
        seconds = sum(outcome.seconds for outcome in group) / max(len(group), 1)
        lines.append(_row((name, *counts, f"{seconds:.1f}")))
    return "\n".join(lines)


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
