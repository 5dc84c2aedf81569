"""`tensor-name`: another tensor of B was fetched: it has the value of an inner layer of A."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Case, OutputPair, Suspicion, Trial

CAUSE = "tensor-name"


def suspect(case: Case) -> Iterator[Suspicion]:
    """B's output equals what an inner layer of A gives, and B computes A's output, too, under another name."""
    for pair in case.outputs:
        if pair.difference.within_noise:
            continue
        right = next((item for item in case.layers if item.a == pair.difference.a and item.b), None)
        inner = _inner(case, pair)
        if inner is None or right is None or right.b == pair.difference.b or right.b is None:
            continue
        yield Suspicion(
            cause=CAUSE,
            title=f"`{pair.difference.b}` is not B's output: it is what `{inner}` gives",
            layer_a=pair.difference.a,
            layer_b=pair.difference.b,
            layers=(pair.difference.a,),
            confidence=0.95,
            evidence=f"`{pair.difference.b}` has the value of A's `{inner}`; "
            f"A's `{pair.difference.a}` is `{right.b}` in B",
            mend=f"fetch `{right.b}` instead of `{pair.difference.b}`",
            trial=Trial(text=f"`{right.b}` fetched", pairs=((pair.difference.a, right.b),)),
        )


def _inner(case: Case, pair: OutputPair) -> str | None:
    for item in case.layers:
        if item.a == pair.difference.a or item.shape != pair.b.shape:
            continue
        found = case.sample(item.a)
        if found is None or found.a.shape != pair.b.shape or not np.ptp(pair.b.astype(np.float64)):
            continue
        if np.abs(found.a.astype(np.float64) - pair.b).max() <= max(found.noise_floor, pair.difference.noise_floor):
            return item.a
    return None
