"""`input-order`: two inputs of one shape are exchanged: what reads A's first reads B's second."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, InputPair, Suspicion, Trial

CAUSE = "input-order"


def suspect(case: Case) -> Iterator[Suspicion]:
    """The layers that read an input say which it is: A's `x` is B's input that the same layers read."""
    found = _exchanged(case)
    if not found:
        return
    names = {pair.a.tensor: pair for pair in case.inputs}
    (first, other), *_ = found
    told = ", ".join(f"what reads `{a}` in A reads `{b}` in B" for a, b in found)
    yield Suspicion(
        cause=CAUSE,
        title=f"inputs are exchanged: A's `{first}` is B's `{other}`",
        layer_a=first,
        layer_b=other,
        layers=tuple(a for a, _ in found),
        confidence=0.9,
        evidence=f"{told}, by the weights of the layers that read them",
        mend="feed B by name, and export it with the inputs in A's order: model(inputs=[...])",
        trial=Trial(
            text="B's inputs exchanged", feeds_b={b: names[a].array_a.reshape(_shape(case, b)) for a, b in found}
        ),
    )


def _exchanged(case: Case) -> list[tuple[str, str]]:
    """A's input tensor and the one of B that its readers read, where that is another than it was paired with
    and of its shape."""
    paired = {pair.a.tensor: pair for pair in case.inputs}
    of_b = {pair.b.tensor: pair for pair in case.inputs}
    read: dict[str, set[str]] = {}
    for item in case.layers:
        a, b = case.layer_a.get(item.a), case.layer_b.get(item.b or "")
        if a is None or b is None or a.kind == "input" or not a.weights:
            continue
        ours = [name for name in a.inputs if name in paired]
        theirs = [name for name in b.inputs if name in of_b]
        if len(a.inputs) == len(b.inputs) == len(ours) == len(theirs) == 1:
            read.setdefault(ours[0], set()).add(theirs[0])
    found = [(a, names.pop()) for a, names in read.items() if len(names) == 1]
    moved = [(a, b) for a, b in found if paired[a].b.tensor != b and _alike(paired[a], of_b[b])]
    return moved if {paired[a].b.tensor for a, _ in moved} == {b for _, b in moved} else []


def _alike(one: InputPair, other: InputPair) -> bool:
    return one.array_b.shape == other.array_b.shape and one.array_b.dtype == other.array_b.dtype


def _shape(case: Case, tensor: str) -> tuple[int, ...]:
    return next(pair.array_b.shape for pair in case.inputs if pair.b.tensor == tensor)
