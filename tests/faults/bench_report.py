"""What the fault bench found, as one table: cause by net."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

PROVED = 0.5
HEAD = """# The fault bench

Written by `make faults` (`tests/faults/find_faults.py`): nets of seven kinds, with seeded widths and weights. Each
cause is put into each net that it can be in, at a seeded place, as a converter or a person would make the mistake.
Then pairs that are the same and look different.
A cell is: pairs with the right layer and the right cause first / pairs.
"""


@dataclass
class Outcome:
    """One pair. `layer`, `cause`: the first finding is right. `found`: so many of the pair's faults are among all
    findings; `beside`: findings at other layers."""

    id: str
    net: str
    truth: list[dict[str, Any]]
    kind: str = ""
    causes: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    layer: bool = False
    cause: bool = False
    found: int = 0
    beside: int = 0
    proof: float | None = None
    seconds: float = 0.0
    error: str = ""
    verdict: str = ""

    @property
    def right(self) -> bool:
        return (self.layer and self.cause) if self.truth else not (self.error or self.alarm)

    @property
    def alarm(self) -> bool:
        return not self.truth and (self.verdict == "different" or bool(self.causes))


def told(outcome: Outcome) -> str:
    wanted = "; ".join(f"{t['cause']} ({t['what']}) {', '.join(t['layers'][:3])}" for t in outcome.truth) or "the same"
    got = [f"{cause} {layer}" for cause, layer in zip(outcome.causes, outcome.layers, strict=True)]
    more = f" and {len(got) - 3} more" if len(got) > 3 else ""
    said = "; ".join(got[:3]) + more or outcome.verdict or "nothing"
    return f"{'ok ' if outcome.right else 'BAD'} {outcome.id}: {wanted} -> {said} {outcome.error}".rstrip()


def table(outcomes: list[Outcome]) -> str:
    """The tables of faulty pairs and of same ones, and a line for each that is not right."""
    faulty = [outcome for outcome in outcomes if outcome.truth]
    same = [outcome for outcome in outcomes if not outcome.truth]
    parts = [_of_causes(faulty)] if faulty else []
    if same:
        parts.append(_of_kinds(same))
    missed = [outcome for outcome in outcomes if not outcome.right or outcome.found < len(outcome.truth)]
    if missed:
        parts.append("\n".join(f"- {told(outcome)}" for outcome in missed))
    return "\n\n".join(parts)


def page(outcomes: list[Outcome], seeds: int) -> str:
    return f"{HEAD}\nSeeds: {seeds}.\n\n{table(outcomes)}\n"


def _of_causes(faulty: list[Outcome]) -> str:
    nets = list(dict.fromkeys(outcome.net for outcome in faulty))
    lines = _head("cause", *nets, "right layer", "right cause first", "found", "beside", "proved", "s")
    groups = _grouped(faulty, lambda o: o.truth[0]["cause"] if len(o.truth) == 1 else f"{len(o.truth)} together")
    for cause, group in [*sorted(groups.items()), ("all", faulty)]:
        cells = [[o for o in group if o.net == net] for net in nets]
        lines.append(
            _row(
                cause, *(f"{sum(o.right for o in cell)}/{len(cell)}" if cell else "" for cell in cells), *_shares(group)
            )
        )
    return "\n".join(lines)


def _shares(group: list[Outcome]) -> tuple[str, ...]:
    count = len(group)
    faults = sum(len(o.truth) for o in group)
    return (
        f"{sum(o.layer for o in group) / count:.1%}",
        f"{sum(o.cause for o in group) / count:.1%}",
        f"{sum(o.found for o in group) / faults:.1%}",
        str(sum(o.beside for o in group)),
        f"{sum((o.proof or 0.0) >= PROVED for o in group) / count:.0%}",
        f"{sum(o.seconds for o in group) / count:.1f}",
    )


def _of_kinds(same: list[Outcome]) -> str:
    lines = _head("the same, but", "pairs", "false alarms", "could not be compared", "s")
    for kind, group in [*_grouped(same, lambda o: o.kind).items(), ("all", same)]:
        counts = [len(group), sum(o.alarm for o in group), sum(bool(o.error) for o in group)]
        lines.append(_row(kind, *counts, f"{sum(o.seconds for o in group) / len(group):.1f}"))
    return "\n".join(lines)


def _grouped(outcomes: Iterable[Outcome], key: Any) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[key(outcome)].append(outcome)
    return groups


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _head(*names: str) -> list[str]:
    return [_row(*names), _row(*("---" for _ in names))]
