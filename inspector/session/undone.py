"""Differences that a layer introduces and what follows undoes: the same net written otherwise, and no fault.

An optimiser moves an addition behind a merge, or a bias behind a scale; a converter turns channels and turns them
back: between two tensors where both sides agree in their ordinary runs, the layers are cut at places that mean
something else on each side. What lasts up to an output is a fault, and so is what merely does not show."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from inspector.domain.comparison import LayerDifference, OutputDifference
from inspector.domain.computation import Computation, Layer

ACCUMULATED = 4.0  # a total holds the rounding of all layers before it, too
NOTE = "written otherwise: what follows undoes it"
# Layers that only scale and add: where two in a row agree in the end, they are one scale and one offset, cut elsewhere.
SCALING = frozenset({"rescaling", "normalization", "batch_norm", "scale", "offset"})
UNLIKE = ("different", "missing")
ELSEWHERE = "other numbers; with those of the layers beside it B computes the same"


def without_undone(
    layers: Sequence[LayerDifference],
    a: Computation,
    b: Computation,
    outputs: Iterable[OutputDifference],
    stated: Collection[str] = (),
) -> tuple[LayerDifference, ...]:
    """The layers with those that agree again before any output taken for what they are: within noise.

    Other weights, settings that are `stated` otherwise (A's layers), NaN and infinity are never undone, even where
    the numbers at hand do not show them; but a scale or an offset that the one before or behind it makes up for is."""
    agrees = _Agreeing(layers, a, b, outputs).found()
    beside = _beside(layers, a)
    return tuple(
        _undone(layer) if _may_be_undone(layer, stated, made_up=layer.a in beside) and agrees[layer.a] else layer
        for layer in layers
    )


def _undone(layer: LayerDifference) -> LayerDifference:
    weights = tuple(
        replace(weight, relation="folded", detail=ELSEWHERE) if weight.relation in UNLIKE else weight
        for weight in layer.weights
    )
    return replace(layer, status="within-noise", note=layer.note or NOTE, weights=weights)


def _may_be_undone(layer: LayerDifference, stated: Collection[str], *, made_up: bool) -> bool:
    if layer.status != "different" or layer.introduced is None or layer.a in stated:
        return False
    other = [weight.role for weight in layer.weights if weight.relation == "different"]
    shown = layer.kind in SCALING or all(role.endswith("bias") for role in other)  # whatever the input is
    return (not other or (made_up and shown)) and math.isfinite(layer.introduced.max_abs)


def _beside(layers: Sequence[LayerDifference], a: Computation) -> set[str]:
    """A's layers with a difference that are read by, or read, a layer with one that only scales and adds."""
    apart = {layer.a for layer in layers if layer.status == "different"}
    makers = {tensor: layer for layer in a.layers for tensor in layer.outputs}
    pairs = [
        (makers[layer.inputs[0]], layer)
        for layer in a.layers
        if layer.name in apart and len(layer.inputs) == 1 and layer.inputs[0] in makers
    ]
    return {
        one.name
        for first, second in pairs
        if first.name in apart
        for one, other in ((first, second), (second, first))
        if other.kind in SCALING
    }


@dataclass(slots=True)
class _Agreeing:
    """Whether everything that reads a layer agrees again, by A's layers.

    A reader agrees again when it gives the same in the ordinary runs and another thing from the same inputs (it
    undoes what came in), when it is fused with the layer into one tensor of B and the same there, or when B does not
    make it of the layer's tensor at all. One that gives the same either way does not see the difference: it fades,
    and with another input it may not."""

    rows: Mapping[str, LayerDifference]
    a: Computation
    reads: Mapping[str, Collection[str]]
    outputs: Mapping[str, bool]

    def __init__(
        self, layers: Sequence[LayerDifference], a: Computation, b: Computation, outputs: Iterable[OutputDifference]
    ) -> None:
        self.rows, self.a = {layer.a: layer for layer in layers}, a
        self.reads = _borders(b, {layer.b for layer in layers if layer.b})
        self.outputs = {item.a: item.within_noise for item in outputs}

    def found(self) -> dict[str, bool]:
        readers: dict[str, list[Layer]] = {}
        for layer in self.a.layers:
            for tensor in layer.inputs:
                readers.setdefault(tensor, []).append(layer)
        known: dict[str, bool] = {}
        for layer in reversed(self.a.layers):
            after = [reader for tensor in layer.outputs for reader in readers.get(tensor, ())]
            ends = [self.outputs[tensor] for tensor in layer.outputs if tensor in self.outputs]
            again = [
                self._agrees_again(layer, reader) or (self._is_apart(reader) and known[reader.name]) for reader in after
            ]
            known[layer.name] = self._undoes(layer) or (bool(after or ends) and all(again) and all(ends))
        return known

    def _undoes(self, layer: Layer) -> bool:
        row = self.rows.get(layer.name)
        return row is not None and row.status == "different" and _within(row)

    def _is_apart(self, layer: Layer) -> bool:
        """Whether the difference goes on through a layer, as far as is known."""
        row = self.rows.get(layer.name)
        return row is None or row.total is None or not _within(row)

    def _agrees_again(self, layer: Layer, reader: Layer) -> bool:
        row, after = self.rows.get(layer.name), self.rows.get(reader.name)
        if row is None or after is None or not _within(after):
            return False
        undoes = after.status == "different"
        fused = after.b == row.b and after.status in ("same", "within-noise")
        beside = after.b != row.b and row.b not in self.reads.get(after.b or "", (row.b,))
        return undoes or fused or beside


def _borders(b: Computation, cuts: Collection[str]) -> dict[str, set[str]]:
    """For each of B's tensors at which layers end: the ones of these that it is made of."""
    makers = {tensor: layer for layer in b.layers for tensor in (*layer.outputs, *layer.aliases)}
    cut = {tensor: makers[tensor].name for tensor in cuts if tensor in makers}
    by_layer: dict[str, set[str]] = {}
    for tensor, name in cut.items():
        by_layer.setdefault(name, set()).add(tensor)
    found: dict[str, set[str]] = {}
    for end in cut:
        border: set[str] = set()
        waiting, seen = list(makers[end].inputs), set[str]()
        while waiting:
            layer = makers.get(waiting.pop())
            if layer is None or layer.name in seen:
                continue
            seen.add(layer.name)
            if layer.name in by_layer:
                border |= by_layer[layer.name]
            else:
                waiting += layer.inputs
        found[end] = border
    return found


def _within(row: LayerDifference) -> bool:
    return row.total is not None and row.noise_floor is not None and row.total.max_abs <= ACCUMULATED * row.noise_floor
