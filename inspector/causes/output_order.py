"""`output-order`: outputs are exchanged: each output of A is another one's value in B."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations

import numpy as np

from inspector.causes.case import Case, OutputPair, Suspicion, Trial
from inspector.compare.metrics import measure

CAUSE = "output-order"
MOST = 6
LISTED = re.compile(r"^(.*?)(?:_(\d+))?$")


def suspect(case: Case) -> Iterator[Suspicion]:
    """By value where the compared pairs differ; by B's own names and order where matching found the right ones."""
    found = _by_value(case)
    if found is not None:
        yield found
        return
    named = _by_name(case) or _by_position(case)
    if named:
        (a, b), *_ = named
        yield Suspicion(
            cause=CAUSE,
            title=f"outputs are exchanged: A's `{a}` stands in B as `{b}`",
            layer_a=_plain(a),
            layer_b=b,
            layers=tuple(_plain(one) for one, _ in named),
            confidence=0.9,
            evidence=", ".join(f"A's `{one}` has the value of B's `{other}`" for one, other in named)
            + "; compared by what they compute they agree",
            mend="export B again with its outputs in A's order, or fetch them by name",
            note_only=True,
        )


def _by_value(case: Case) -> Suspicion | None:
    """Another assignment under which every output lies within its noise floor."""
    wrong = [pair for pair in case.outputs if not pair.difference.within_noise]
    if not 2 <= len(wrong) <= MOST:
        return None
    for order in permutations(range(len(wrong))):
        if any(at == to for at, to in enumerate(order)):
            continue
        if all(_agree(wrong[at], wrong[to]) for at, to in enumerate(order)):
            pairs = tuple((wrong[at].difference.a, wrong[to].difference.b) for at, to in enumerate(order))
            return Suspicion(
                cause=CAUSE,
                title=f"outputs are exchanged: A's `{pairs[0][0]}` is B's `{pairs[0][1]}`",
                layer_a=_plain(pairs[0][0]),
                layer_b=pairs[0][1],
                layers=tuple(_plain(a) for a, _ in pairs),
                confidence=0.97,
                evidence="by value: " + ", ".join(f"A's `{a}` agrees with B's `{b}`" for a, b in pairs),
                mend="export B again with its outputs in A's order, or fetch them by name",
                trial=Trial(text="outputs compared in the other order", pairs=pairs),
            )
    return None


def _agree(one: OutputPair, other: OutputPair) -> bool:
    if one.a.shape != other.b.shape or not np.ptp(one.a.astype(np.float64)):
        return False
    return measure(one.a, other.b).max_abs <= max(one.difference.noise_floor, other.difference.noise_floor)


def _by_name(case: Case) -> list[tuple[str, str]]:
    """B's tensor bears the name of another output of A."""
    names = {_plain(pair.difference.a).rpartition("/")[2]: pair.difference.a for pair in case.outputs}
    found = []
    for pair in case.outputs:
        parts = _plain(pair.difference.b).split("/")
        called = [names[part] for part in parts if part in names]
        if called and pair.difference.a not in called:
            found.append((pair.difference.a, pair.difference.b))
    return found if len(found) > 1 else []


def _by_position(case: Case) -> list[tuple[str, str]]:
    """B's outputs are `name`, `name_1`, ...: a list, and A's stand in another order."""
    split = [LISTED.match(_plain(pair.difference.b)) for pair in case.outputs]
    if len(split) < 2 or any(item is None for item in split) or len({item[1] for item in split if item}) != 1:
        return []
    order = [int(item[2] or 0) for item in split if item]
    if sorted(order) != list(range(len(order))):
        return []
    places = {port.tensor: at for at, port in enumerate(case.a.computation.outputs)}
    pairs = [(pair.difference.a, pair.difference.b, at) for pair, at in zip(case.outputs, order, strict=True)]
    return [(a, b) for a, b, at in pairs if places.get(a, at) != at]


def _plain(tensor: str) -> str:
    name, colon, index = tensor.rpartition(":")
    return name if colon and index.isdigit() else tensor
