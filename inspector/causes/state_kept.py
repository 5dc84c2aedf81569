"""`state-kept`: the second run of the same inputs differs, and nothing random is there: a state is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inspector.causes.case import Case, Facts, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "state-kept"
CHANGES = 1e-6  # of the output: more than threads alone change from run to run
MUTABLE = "MUTABLE_STATE"
RECURRENT = ("lstm", "gru", "simple_rnn", "bidirectional", "conv_lstm", "rnn")
SURE, SAID, GUESS = 0.95, 0.9, 0.5


def suspect(case: Case) -> Iterator[Suspicion]:
    """The recurrent layer that says it is stateful, or that introduces a difference, or the only ones there are.

    A note where the first runs agree."""
    for name, side in (("B", case.b), ("A", case.a)):
        if side.random_ops or (side.repeated or 0.0) <= CHANGES:
            continue
        found = _keeping(case, name)
        first = found[0] if found else None
        where = f" at `{first.a}`" if first is not None else ""
        yield Suspicion(
            cause=CAUSE,
            title=f"{name} keeps a state from one run to the next{where}",
            layer_a=first.a if first is not None else "",
            layer_b=(first.b or "") if first is not None else "",
            layers=tuple(row.a for row in found),
            confidence=_sure(case, side, found),
            evidence=f"{name} run twice on the same inputs differs by {short(side.repeated or 0.0)} of its output, and "
            "it holds no random op",
            mend="model.reset_states() before each sequence, or export with stateful=False",
            trial=Trial(text=f"A's `{first.a}` put in the place of B's") if first is not None and name == "B" else None,
            note_only=case.agrees,
        )


def _keeping(case: Case, name: str) -> list[LayerDifference]:
    """The rows that keep it, the likeliest kind only."""
    layers = [(item, _of(case, item, name)) for item in case.layers]
    stateful = [item for item, layer in layers if layer is not None and layer.settings.get("stateful")]
    if stateful:
        return stateful
    recurrent = [item for item in case.layers if item.kind in RECURRENT]
    written = {part for warn in case.warnings if warn.code == MUTABLE for part in re.findall(r"[^\s/():,]+", warn.text)}
    named = [item for item in recurrent if item.a.rpartition("/")[2] in written]  # its scope is in a variable's name
    if named:
        return named
    differing = [item for item in case.layers if item.status == "different"]
    return [item for item in recurrent if item in differing] or differing[:1] or recurrent


def _of(case: Case, item: LayerDifference, name: str) -> Layer | None:
    return case.layer_a.get(item.a) if name == "A" else case.layer_b.get(item.b or "")


def _sure(case: Case, side: Facts, found: list[LayerDifference]) -> float:
    """A batch norm that trains writes its statistics, too, and dropout beside it is as likely."""
    if any(layer.kind == "batch_norm" and layer.settings.get("training") for layer in side.computation.layers):
        return GUESS
    if any(item.kind in RECURRENT for item in found):
        return SURE
    return SAID if any(warn.code == MUTABLE for warn in case.warnings) else 0.8
