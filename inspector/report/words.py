"""The marks and words of verdicts and statuses, and what the layers of a comparison add up to."""

from __future__ import annotations

from collections import Counter

from inspector.domain.comparison import Comparison, Finding, LayerDifference, Status
from inspector.domain.match import WeightDifference
from inspector.domain.wording import percent

#: Mark and word of a verdict or status; they stand wherever its colour stands.
MARKS: dict[str, tuple[str, str]] = {
    "same": ("=", "same"),
    "within-noise": ("≈", "within noise"),
    "different": ("≠", "different"),
    "not-compared": ("–", "not compared"),
    "not-comparable": ("?", "not comparable"),
}
UNEXPLAINED = "unexplained"  # what findings[].cause says where no cause fits
_UNLIKE = ("different", "missing")


def causes_found(comparison: Comparison) -> tuple[Finding, ...]:
    """The findings that say why, the one to act on first."""
    return tuple(finding for finding in comparison.findings if not finding.note_only)


def notes(comparison: Comparison) -> tuple[Finding, ...]:
    """What is worth knowing and no reason for a difference."""
    return tuple(finding for finding in comparison.findings if finding.note_only)


def sureness(finding: Finding) -> str:
    """`98% sure`; nothing of a note, and nothing where no cause is named."""
    return "" if finding.note_only or finding.cause == UNEXPLAINED else f"{percent(finding.confidence)} sure"


def culprit(comparison: Comparison) -> LayerDifference | None:
    """The layer to look at first: the first finding's, else the first one that is different."""
    by_name = {layer.a: layer for layer in comparison.layers}
    for finding in causes_found(comparison)[:1]:
        if finding.layer_a in by_name:
            return by_name[finding.layer_a]
    return next((layer for layer in comparison.layers if layer.status == "different"), None)


def counts_line(comparison: Comparison) -> str:
    """How many layers there are of each status: `155 layers: 1 different, 120 within noise, 34 same`."""
    counted = Counter(layer.status for layer in comparison.layers)
    order: tuple[Status, ...] = ("different", "within-noise", "same", "not-compared")
    parts = [f"{counted[status]} {MARKS[status][1]}" for status in order if counted[status]]
    layers = "1 layer" if len(comparison.layers) == 1 else f"{len(comparison.layers)} layers"
    return f"{layers}: {', '.join(parts)}" if parts else layers


def unlike_weights(comparison: Comparison) -> list[tuple[LayerDifference, WeightDifference]]:
    """The weights that are not the same values in B, whatever the layout, with their layers."""
    return [(layer, weight) for layer in comparison.layers for weight in layer.weights if weight.relation in _UNLIKE]


def weights_line(comparison: Comparison) -> str:
    """How many weights stand in which relation: `90 weights: 58 exact, 30 folded, 2 different`."""
    counted = Counter(weight.relation for layer in comparison.layers for weight in layer.weights)
    parts = [f"{count} {relation}" for relation, count in counted.most_common()]
    total = sum(counted.values())
    return f"{'1 weight' if total == 1 else f'{total} weights'}: {', '.join(parts)}" if total else ""
