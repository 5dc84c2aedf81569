"""`not-loadable`: a side's own framework refuses the file as it stands; it was run after an upgrade, or not by itself.

A fact about the file, whatever the numbers say: it is told first, and there is nothing to try."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Suspicion
from inspector.domain.refusal import Refusal

CAUSE = "not-loadable"
CERTAIN = 0.99  # the framework was asked


def suspect(case: Case) -> Iterator[Suspicion]:
    """Each side that its framework refused."""
    for name, side in (("A", case.a), ("B", case.b)):
        if side.refusal is not None:
            yield _refused(name, side.refusal)


def _refused(name: str, refusal: Refusal) -> Suspicion:
    other = "B" if name == "A" else "A"
    how = (
        f"it runs with its config upgraded: {'; '.join(refusal.changes)}"
        if refusal.changes
        else f"it was run as {other}'s model with {name}'s weights, so {name}'s own settings were not run"
    )
    return Suspicion(
        cause=CAUSE,
        title=f"{refusal.framework} {refusal.version} refuses {name} as it stands",
        layer_a="",
        layer_b="",
        confidence=CERTAIN,
        evidence=f"it says: {refusal.said}; {how}",
        mend=refusal.todo,
    )
