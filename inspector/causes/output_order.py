"""`output-order`: outputs are exchanged: each output of A is another one's value in B."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from inspector.causes.case import Array, Case, OutputPair, Suspicion, Trial
from inspector.causes.output_places import Offered, exchanged
from inspector.compare.metrics import measure
from inspector.domain.comparison import Proof

CAUSE = "output-order"
MOST = 6
NEARER = 0.2
SURE = 0.97
BY_NAME = "take B's outputs by name, not by place"
MEND = "export B again with its outputs in A's order: Model(outputs=[...]), or fetch them by name"
Pairs = list[tuple[str, str]]


def suspect(case: Case) -> Iterator[Suspicion]:
    """By value where the compared pairs differ; by what B states where matching found the right ones."""
    if case.by_value:
        return
    found = _by_value(case) or _stated(case)
    if found is not None:
        yield found


def _stated(case: Case) -> Suspicion | None:
    """The outputs are paired by what they compute, and B has them elsewhere than A."""
    found = exchanged(case.outputs, *offered(case))
    if found is None:
        return _by_scope(case)
    (a, taken), *_ = found.pairs
    listed = ", ".join(
        f"who takes A's `{_plain(one)}` by place gets `{_plain(other)}` of B"
        if found.by_place
        else f"who takes `{_plain(other)}` by name gets another output of B"
        for one, other in found.pairs
    )
    return Suspicion(
        cause=CAUSE,
        title=f"outputs are exchanged: B has `{_plain(taken)}` in the place of A's `{_plain(a)}`"
        if found.by_place
        else f"outputs are exchanged: what B calls `{_plain(taken)}` is not A's `{_plain(a)}`",
        layer_a=_plain(a),
        layer_b=next(pair.difference.b for pair in case.outputs if pair.difference.a == a),
        layers=tuple(_plain(one) for one, _ in found.pairs),
        confidence=SURE,
        evidence=f"{listed}; by what they compute they are paired otherwise",
        mend=MEND if found.faulty else BY_NAME,
        note_only=not found.faulty,
        measured=Proof(edit="B's outputs taken by what they compute", before=found.apart, after=found.left, gone=1.0)
        if found.faulty
        else None,
    )


def offered(case: Case) -> tuple[Offered, Offered]:
    """Each side's outputs as it lists them."""
    a, b = (Offered(side.file.format, side.computation.outputs) for side in (case.a, case.b))
    return a, b


def _by_scope(case: Case) -> Suspicion | None:
    """A node of B's graph lies in a scope that is called as another output of A: worth a note."""
    stated = _in_scopes(case)
    if not stated:
        return None
    (a, b), *_ = stated
    called = ", ".join(f"what B calls {other} computes A's `{_plain(one)}`" for one, other in stated)
    return Suspicion(
        cause=CAUSE,
        title=f"outputs are exchanged: A's `{_plain(a)}` is B's {b}",
        layer_a=_plain(a),
        layer_b=next(pair.difference.b for pair in case.outputs if pair.difference.a == a),
        layers=tuple(_plain(one) for one, _ in stated),
        confidence=0.9,
        evidence=f"{called}; they are paired by what they compute here, a caller gets the wrong ones",
        mend=MEND,
        note_only=True,
    )


def _by_value(case: Case) -> Suspicion | None:
    """Another assignment, under which every output lies within its noise floor, or else is far nearer."""
    wrong = [pair for pair in case.outputs if not pair.difference.within_noise]
    if not 2 <= len(wrong) <= MOST:
        return None
    apart = np.array([[_distance(one, other) for other in wrong] for one in wrong])
    moved = [order for order in permutations(range(len(wrong))) if all(at != to for at, to in enumerate(order))]
    order = min(moved, key=lambda order: sum(apart[at, to] for at, to in enumerate(order)))
    distances = apart[range(len(wrong)), order]
    exact = all(_agree(wrong[at], wrong[to]) for at, to in enumerate(order))
    if not exact and not distances.max() <= NEARER * np.diag(apart).min():
        return None
    pairs = tuple((wrong[at].difference.a, wrong[to].difference.b) for at, to in enumerate(order))
    return Suspicion(
        cause=CAUSE,
        title=f"outputs are exchanged: A's `{_plain(pairs[0][0])}` is B's `{pairs[0][1]}`",
        layer_a=_plain(pairs[0][0]),
        layer_b=pairs[0][1],
        layers=tuple(_plain(a) for a, _ in pairs),
        confidence=0.97 if exact else 0.6,
        evidence="by value: "
        + ", ".join(f"A's `{_plain(a)}` {'agrees with' if exact else 'is far nearer to'} B's `{b}`" for a, b in pairs),
        mend=MEND,
        trial=Trial(text="outputs compared in the other order", pairs=pairs),
    )


def _distance(one: OutputPair, other: OutputPair) -> float:
    """Euclidean, as a share of A's; infinite where one cannot be laid over the other."""
    a, b = one.a, other.b
    if a.shape != b.shape or a.dtype.kind not in "fiu" or not np.isfinite(a).all() or not np.isfinite(b).all():
        return float("inf")
    size = float(np.linalg.norm(a.astype(np.float64)))
    return float(np.linalg.norm(a.astype(np.float64) - b)) / size if size else float("inf")


def _agree(one: OutputPair, other: OutputPair) -> bool:
    if one.a.shape != other.b.shape or not _says_something(one.a):
        return False
    return measure(one.a, other.b).max_abs <= max(one.difference.noise_floor, other.difference.noise_floor)


def _says_something(array: Array) -> bool:
    return array.dtype.kind in "fiu" and bool(np.ptp(array.astype(np.float64)))


def _in_scopes(case: Case) -> Pairs:
    """B's output bears the name of another output of A, which has another name there, too."""
    names = {_last(pair.difference.a): pair.difference.a for pair in case.outputs}
    found = []
    for pair in case.outputs:
        called = [names[part] for part in _parts(case, pair) if part in names]
        if called and pair.difference.a not in called:
            found.append((pair.difference.a, f"`{_named(case, pair)}`"))
    return found if len(found) > 1 else []


def _named(case: Case, pair: OutputPair) -> str:
    """What B calls the output: its port's name, or its node's."""
    ports = {port.tensor: port.name for port in case.b.computation.outputs}
    return ports.get(pair.difference.b) or _plain(pair.difference.b)


def _parts(case: Case, pair: OutputPair) -> list[str]:
    return [*_named(case, pair).split("/"), *_plain(pair.difference.b).split("/")]


def _last(tensor: str) -> str:
    return _plain(tensor).rpartition("/")[2]


def _plain(tensor: str) -> str:
    name, colon, index = tensor.rpartition(":")
    return name if colon and index.isdigit() else tensor
