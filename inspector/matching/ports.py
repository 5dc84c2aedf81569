"""Pair the inputs and the outputs of two computations: by name, by shape, by order."""

from __future__ import annotations

from inspector.domain.computation import Port


def pair(ports_a: tuple[Port, ...], ports_b: tuple[Port, ...]) -> list[tuple[Port, Port]]:
    """Pairs in A's order; every port at most once, the surest pairs first."""
    options = sorted(
        ((_score(a, b, abs(i - j)), -i, -j) for i, a in enumerate(ports_a) for j, b in enumerate(ports_b)),
        reverse=True,
    )
    taken_a: dict[int, int] = {}
    taken_b: set[int] = set()
    for value, minus_i, minus_j in options:
        if value > 0 and -minus_i not in taken_a and -minus_j not in taken_b:
            taken_a[-minus_i] = -minus_j
            taken_b.add(-minus_j)
    return [(ports_a[i], ports_b[taken_a[i]]) for i in sorted(taken_a)]


def _score(a: Port, b: Port, apart: int) -> float:
    return 4.0 * _name(a.name, b.name) + 2.0 * _shape(a, b) + 1.0 / (1 + apart)


def _name(a: str, b: str) -> float:
    parts = b.split("/")
    if a == b or a in parts:
        return 1.0
    return 0.7 if any(part.startswith(a) or a.startswith(part) for part in parts if part) else 0.0


def _shape(a: Port, b: Port) -> float:
    if a.shape is None or b.shape is None:
        return 0.5
    if len(a.shape) != len(b.shape):
        return -1.0
    unlike = any(None not in (x, y) and x != y for x, y in list(zip(a.shape, b.shape, strict=True))[1:])
    return -1.0 if unlike else 1.0
