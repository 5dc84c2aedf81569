"""`input-order`: inputs of one shape are exchanged: what reads A's first reads B's second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from inspector.causes.case import Case, InputPair, Suspicion, Trial
from inspector.causes.inputs import FRONT
from inspector.domain.computation import Computation, Layer

CAUSE = "input-order"
PASSING = (*FRONT, "input", "identity", "dropout", "flatten", "reshape", "pad", "crop", "permute", "upsample")
ORDERLESS = ("add", "multiply", "average", "maximum", "minimum")
MOST = 6
MEND = "feed B by name, and export it with the inputs in A's order: Model(inputs=[...])"
KERAS = "keras"


def suspect(case: Case) -> Iterator[Suspicion]:
    """The layers that read an input say which it is; where they do not, each exchange of two is tried."""
    if len(case.inputs) < 2:
        return
    found = _exchanged(case)
    if found:
        yield _told(case, found)
    elif case.ran and any(not pair.difference.within_noise for pair in case.outputs):
        yield from _searched(case)
    else:
        yield from _by_position(case)


def _told(case: Case, found: Mapping[str, str]) -> Suspicion:
    by_a = {pair.a.tensor: pair for pair in case.inputs}
    (first, other), *_ = found.items()
    told = ", ".join(f"what reads `{a}` in A reads `{b}` in B" for a, b in found.items())
    return Suspicion(
        cause=CAUSE,
        title=f"inputs are exchanged: A's `{first}` is B's `{other}`",
        layer_a=first,
        layer_b=other,
        layers=tuple(found),
        confidence=0.95,
        evidence=f"{told}, by the layers that read them",
        mend=MEND,
        trial=Trial(text="B's inputs exchanged", feeds_b={b: by_a[a].array_b for a, b in found.items()}),
    )


def _exchanged(case: Case) -> dict[str, str]:
    """A's input tensor and the one of B that its readers read, where that is another than it was paired with
    and of its shape. Empty where readers contradict each other, or the exchange does not close."""
    by_a = {pair.a.tensor: pair for pair in case.inputs}
    by_b = {pair.b.tensor: pair for pair in case.inputs}
    read: dict[str, set[str]] = {}
    for a, b in _readings(case, set(by_a), set(by_b)):
        read.setdefault(a, set()).add(b)
    moved = {
        a: b
        for a, names in read.items()
        if len(names) == 1 and by_a[a].b.tensor != (b := next(iter(names))) and _alike(by_a[a], by_b[b])
    }
    return moved if {by_a[a].b.tensor for a in moved} == set(moved.values()) else {}


def _readings(case: Case, inputs_a: set[str], inputs_b: set[str]) -> Iterator[tuple[str, str]]:
    """Which input a layer of A reads, and which one its match in B does at the same place."""
    makers_a, makers_b = _makers(case.a.computation), _makers(case.b.computation)
    for item in case.layers:
        a, b = case.layer_a.get(item.a), case.layer_b.get(item.b or "")
        if a is None or b is None or a.kind in PASSING or a.kind in ORDERLESS or len(a.inputs) != len(b.inputs):
            continue
        for ours, theirs in zip(a.inputs, b.inputs, strict=True):
            one, other = _origin(ours, makers_a, inputs_a), _origin(theirs, makers_b, inputs_b)
            if one is not None and other is not None:
                yield one, other


def _makers(computation: Computation) -> dict[str, Layer]:
    return {tensor: layer for layer in computation.layers for tensor in (*layer.outputs, *layer.aliases)}


def _origin(tensor: str, makers: Mapping[str, Layer], inputs: set[str]) -> str | None:
    """The model's input that a tensor is made of by layers that do not mix anything."""
    for _ in range(MOST):
        maker = makers.get(tensor)
        found = next((name for name in (tensor, *(maker.outputs if maker else ())) if name in inputs), None)
        if found is not None:
            return found
        if maker is None or maker.kind not in PASSING or len(maker.inputs) != 1:
            return None
        tensor = maker.inputs[0]
    return None


def _alike(one: InputPair, other: InputPair) -> bool:
    return one.array_b.shape == other.array_b.shape and one.array_b.dtype == other.array_b.dtype


def _searched(case: Case) -> Iterator[Suspicion]:
    """Two inputs that what reads them cannot tell apart: a Concatenate of both, a Subtract, calls of one layer."""
    for one, other in list(combinations(case.inputs[:MOST], 2)):
        if not _alike(one, other):
            continue
        yield Suspicion(
            cause=CAUSE,
            title=f"inputs are exchanged: A's `{one.a.name}` is B's `{other.b.name}`",
            layer_a=one.a.tensor,
            layer_b=other.b.tensor,
            layers=(one.a.tensor, other.a.tensor),
            confidence=0.45,
            evidence=f"with `{one.b.name}` and `{other.b.name}` exchanged B gives what A gives",
            mend=MEND,
            trial=Trial(
                text="B's inputs exchanged", feeds_b={one.b.tensor: other.array_b, other.b.tensor: one.array_b}
            ),
            needs_proof=True,
            family="input-order",
        )


def _by_position(case: Case) -> Iterator[Suspicion]:
    """Both sides are Keras models, which take a list: paired by name they agree, by place they would not."""
    if not all(side.file.format.startswith(KERAS) for side in (case.a, case.b)):
        return
    places = {port.tensor: at for at, port in enumerate(case.b.computation.inputs)}
    moved = [
        pair
        for at, port in enumerate(case.a.computation.inputs)
        for pair in case.inputs
        if pair.a.tensor == port.tensor and places.get(pair.b.tensor, at) != at
    ]
    if len(moved) > 1 and any(_alike(moved[0], other) for other in moved[1:]):
        first = moved[0]
        yield Suspicion(
            cause=CAUSE,
            title=f"B takes its inputs in another order: `{first.b.name}` is number {places[first.b.tensor] + 1} there",
            layer_a=first.a.tensor,
            layer_b=first.b.tensor,
            layers=tuple(pair.a.tensor for pair in moved),
            confidence=0.5,
            evidence="paired by their names the sides agree; a caller that feeds a list exchanges them",
            mend="feed by name: model({'name': array, ...})",
            note_only=True,
        )
