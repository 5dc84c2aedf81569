"""`tensor-name`: another tensor of B was fetched: it has the value of an inner layer of A."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Case, OutputPair, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "tensor-name"
IDLE = ("dropout", "identity", "flatten", "reshape")


def suspect(case: Case) -> Iterator[Suspicion]:
    """B's output is what an inner layer of A gives. Where B computes A's output, too, that one is fetched instead;
    else B ends too early."""
    rows = {item.a: item for item in case.layers}
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    for pair in case.outputs:
        last = makers.get(pair.difference.a)
        inner = None if pair.difference.within_noise or last is None else _inner(case, pair, last)
        if inner is None or last is None:
            continue
        right = rows[last.name].b if last.name in rows else None
        if right is not None and right != pair.difference.b and not _same_tensor(case, right, pair.difference.b):
            yield _elsewhere(pair, last, inner, right)
        elif right is None:
            yield _too_early(pair.difference.a, pair.difference.b, (last, inner), makers)
    yield from _unpaired(case, makers)


def _unpaired(case: Case, makers: dict[str, Layer]) -> Iterator[Suspicion]:
    """Outputs that cannot be laid over each other: B's is the tensor of an inner layer of A, of its shape."""
    told = {name for pair in case.outputs for name in (pair.difference.a, pair.difference.b)}
    ends = [port.tensor for port in case.b.computation.outputs if port.tensor not in told]
    for port in case.a.computation.outputs:
        last = makers.get(port.tensor)
        if not case.ran or port.tensor in told or last is None:
            continue
        for tensor in ends:
            inner = next((item for item in reversed(case.layers) if _ends_at(case, item, tensor)), None)
            if inner is not None and inner.a != last.name:
                yield _too_early(port.tensor, tensor, (last, inner), makers)


def _ends_at(case: Case, item: LayerDifference, tensor: str) -> bool:
    layer = case.layer_a.get(item.a)
    inner = layer is not None and layer.kind not in ("input", *IDLE)
    return inner and item.b is not None and _same_tensor(case, item.b, tensor)


def _elsewhere(pair: OutputPair, last: Layer, inner: LayerDifference, right: str) -> Suspicion:
    fetched = pair.difference.b
    return Suspicion(
        cause=CAUSE,
        title=f"`{fetched}` is not B's output: it is what `{inner.a}` gives",
        layer_a=last.name,
        layer_b=fetched,
        confidence=0.96,
        evidence=f"`{fetched}` has the value of A's `{inner.a}`; A's `{last.name}` is `{right}` in B",
        mend=f"fetch `{right}` instead of `{fetched}`",
        trial=Trial(text=f"`{right}` fetched", pairs=((pair.difference.a, right),)),
    )


def _too_early(a: str, b: str, between: tuple[Layer, LayerDifference], makers: dict[str, Layer]) -> Suspicion:
    """B's output `b` in the place of A's `a`: one layer without weights that is missing at the end may as well have
    been lost; several were left behind."""
    last, inner = between
    lost = _behind(last, inner, makers)
    names = ", ".join(f"`{layer.name}`" for layer in lost)
    several = len(lost) > 1 or any(layer.weights for layer in lost)
    return Suspicion(
        cause=CAUSE,
        title=f"B's output `{b}` is an inner tensor: what `{inner.a}` gives",
        layer_a=last.name,
        layer_b=b,
        layers=tuple(dict.fromkeys((last.name, inner.a, *(layer.name for layer in lost)))),
        confidence=0.95 if several else 0.6,
        evidence=f"`{b}` has the value of A's `{inner.a}`; nothing in B does the work of {names}, that give `{a}`",
        mend=f"freeze B with the name of the tensor that `{last.name}` gives as its output, not the one of `{inner.a}`",
    )


def _inner(case: Case, pair: OutputPair, last: Layer) -> LayerDifference | None:
    """The layer of A whose tensor in B is the fetched one, or whose values are; the last such."""
    for item in reversed(case.layers):
        layer = case.layer_a.get(item.a)
        if layer is None or layer.name == last.name or layer.kind == "input" or layer.kind in IDLE:
            continue
        if item.b is not None and _same_tensor(case, item.b, pair.difference.b) and _is_value(case, item, pair):
            return item
    return next((item for item in case.layers if item.a != last.name and _is_value(case, item, pair)), None)


def _same_tensor(case: Case, one: str, other: str) -> bool:
    if one == other:
        return True
    layer = case.layer_b.get(one)
    return layer is not None and other in layer.aliases and one in (*layer.outputs[:1], *layer.aliases)


def _is_value(case: Case, item: LayerDifference, pair: OutputPair) -> bool:
    """Whether B's output has this layer's values in A, of the first samples."""
    found = case.sample(item.a)
    if found is None or found.a.shape[1:] != pair.b.shape[1:] or not found.a.ndim or found.a.dtype.kind != "f":
        return False
    count = min(len(found.a), len(pair.b))
    a, b = (np.asarray(x[:count], np.float64) for x in (found.a, pair.b))
    if not np.ptp(b) or not np.isfinite(a).all() or not np.isfinite(b).all():
        return False
    return bool(np.abs(a - b).max() <= max(found.noise_floor, pair.difference.noise_floor, 2e-5 * np.abs(a).max()))


def _behind(last: Layer, inner: LayerDifference, makers: dict[str, Layer]) -> list[Layer]:
    """A's layers from the output back to the inner one, the nearest to the output first."""
    found: dict[str, Layer] = {}
    waiting = [last]
    while waiting:
        layer = waiting.pop()
        if layer.name == inner.a or layer.name in found or layer.kind in ("input", *IDLE):
            continue
        found[layer.name] = layer
        waiting += [makers[tensor] for tensor in layer.inputs if tensor in makers]
    return list(found.values())
