"""`state-kept`: the second run of the same inputs differs, and nothing random is there: a state is kept."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Suspicion, Trial
from inspector.domain.wording import short

CAUSE = "state-kept"


def suspect(case: Case) -> Iterator[Suspicion]:
    """The recurrent layer that introduces a difference, or the one that says it is stateful."""
    for name, side in (("B", case.b), ("A", case.a)):
        if side.random_ops or not side.repeated:
            continue
        rows = [item for item in case.layers if item.status == "different"]
        layers = case.layer_a if name == "A" else {item.a: case.layer_b.get(item.b or "") for item in case.layers}
        stateful = [
            item for item in case.layers if (of := layers.get(item.a)) is not None and of.settings.get("stateful")
        ]
        first = next(iter(rows or stateful), None)
        where = f"`{first.a}`" if first is not None else "somewhere in it"
        yield Suspicion(
            cause=CAUSE,
            title=f"{name} keeps a state between runs, {where}",
            layer_a=first.a if first is not None else "",
            layer_b=(first.b or "") if first is not None else "",
            confidence=0.95,
            evidence=f"{name} run twice on the same inputs differs by {short(side.repeated)} of its output, and it "
            "holds no random op",
            mend="model.reset_states() before each sequence, or export with stateful=False",
            trial=Trial(text=f"A's {where} put in the place of B's") if first is not None and name == "B" else None,
        )
