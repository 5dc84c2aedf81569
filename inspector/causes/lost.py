"""Layers of A for which B does nothing: not found, passed through, or paired with what is another layer's tensor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inspector.causes.case import Case
from inspector.causes.formulas import fit_of, fits
from inspector.causes.region import region
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

IDLE = ("dropout", "identity", "flatten", "reshape", "input", "masking", "repeat")
TAKEN_IN = ("fold", "fused with")
KEPT = ("exact", "transposed", "permuted", "rounded", "folded", "split")
WITHIN = ("same", "within-noise")


@dataclass(frozen=True, slots=True)
class Lost:
    """Connected layers of A in A's order, none of which B computes; `readers` are the compared layers behind them.

    `paired`: some of them are matched all the same, with a tensor that is another layer's."""

    layers: tuple[Layer, ...]
    readers: tuple[LayerDifference, ...]
    paired: bool


def lost(case: Case) -> list[Lost]:
    """Every group behind which, or in which, something differs."""
    net = _Net(case)
    absent, theirs = net.absent()
    found: list[Lost] = []
    seen: set[str] = set()
    for name in absent:
        if name in seen:
            continue
        group = net.connected(name, absent)
        seen |= group
        paired = any(absent[at] for at in group)
        readers = net.readers_of(group | theirs if paired else group)
        rows = [*readers, *(net.rows[member] for member in group)]
        layers = tuple(layer for layer in case.a.computation.layers if layer.name in group)
        if any(differs(row) for row in rows) or net.ends(group):
            found.append(Lost(layers, tuple(row for row in readers if differs(row)), paired))
    return found


def differs(row: LayerDifference) -> bool:
    """Other numbers, or numbers of another shape."""
    return row.status == "different" or row.note.startswith("the shapes differ")


class _Net:
    """A's layers with their matches, and who makes and who reads what."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.rows = {item.a: item for item in case.layers}
        self.makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
        self.readers: dict[str, list[Layer]] = {}
        for layer in case.a.computation.layers:
            for tensor in layer.inputs:
                self.readers.setdefault(tensor, []).append(layer)

    def absent(self) -> tuple[dict[str, bool], set[str]]:
        """The layers that B does not compute, in A's order; true for those that are paired with a tensor that is
        another's. And whose these tensors are."""
        found: dict[str, bool] = {}
        theirs: set[str] = set()
        for layer in self.case.a.computation.layers:
            row = self.rows.get(layer.name)
            if row is None or layer.kind in IDLE or row.note.startswith(TAKEN_IN):
                continue
            if row.b is None:
                if not any(weight.relation in KEPT for weight in row.weights) and not self._unmatched(layer):
                    found[layer.name] = False
            elif self._passes(layer, row):
                found[layer.name] = not differs(row)
            elif owner := self._owner(layer, row):
                found[layer.name] = True
                theirs.add(owner)
        kept = {name: paired for name, paired in found.items() if name not in theirs and not self._written(name)}
        return kept, theirs

    def _unmatched(self, layer: Layer) -> bool:
        """Whether a node of B that stands for nothing bears its name."""
        return any(_last(layer.name) in _parts(name) for name in self.case.unmatched_b)

    def _written(self, name: str) -> bool:
        """Whether B has it all the same, unmatched, between the next match and what comes before it."""
        layer, row = next(at for at in self.case.a.computation.layers if at.name == name), self.rows[name]
        if row.b is not None:
            return False
        wanted = layer.settings.get("activation")
        for reader in self.readers_of({name}):
            own = self.case.layer_a.get(reader.a)
            for part in region(self.case, reader) if reader.b and own is not None and own.kind != layer.kind else ():
                if part.kind == layer.kind and (wanted is None or part.settings.get("activation") == wanted):
                    return True
        return False

    def _passes(self, layer: Layer, row: LayerDifference) -> bool:
        """Whether B's tensor for it is what it reads, and A's layer does something to that."""
        before = [self.rows.get(maker.name) for tensor in layer.inputs for maker in self._through(tensor)]
        shared = any(at is not None and at.b == row.b and at.status != "different" for at in before)
        fit = fit_of(self.case.sample(layer.name))
        if fit is None:
            return shared and row.status == "different"
        given = [x for x in fit.inputs if x.shape == fit.b.shape]
        if any(fits(x, fit.a, fit.tolerance) for x in given):
            return False
        return shared or (row.status == "different" and any(fits(x, fit.b, fit.tolerance) for x in given))

    def _through(self, tensor: str) -> Iterator[Layer]:
        """Who makes a tensor; behind a layer that does nothing, who makes what that reads."""
        maker, seen = self.makers.get(tensor), set[str]()
        while maker is not None and maker.name not in seen:
            seen.add(maker.name)
            yield maker
            if maker.kind not in IDLE or not maker.inputs:
                return
            maker = self.makers.get(maker.inputs[0])

    def _owner(self, layer: Layer, row: LayerDifference) -> str:
        """The layer of A whose tensor of B this is: it agrees there, or bears its name, or has its weights."""
        if not differs(row) or any(weight.relation in KEPT for weight in row.weights):
            return ""
        parts = _parts(row.b or "")
        for other in self.case.a.computation.layers:
            at = self.rows.get(other.name)
            if at is None or other.name == layer.name or other.kind in IDLE:
                continue
            if at.b == row.b and at.status in WITHIN:
                return other.name
            if at.b is None and not at.note.startswith(TAKEN_IN):
                named = _last(other.name) in parts and _last(layer.name) not in parts
                if named or self._has_weights(other, row.b or ""):
                    return other.name
        return ""

    def _has_weights(self, layer: Layer, tensor: str) -> bool:
        """Whether B's layer there holds exactly this layer's numbers, in whatever order."""
        b = self.case.layer_b.get(tensor)
        if b is None or not b.weights or not layer.weights or len(b.weights) > len(layer.weights):
            return False
        own = [np.sort(np.asarray(self.case.values_a(weight.id)), axis=None) for weight in layer.weights]
        held = [np.sort(np.asarray(self.case.values_b(weight.id)), axis=None) for weight in b.weights]
        return all(any(np.array_equal(one, other) for other in own) for one in held if one.size > 1)

    def connected(self, name: str, absent: dict[str, bool]) -> set[str]:
        """The absent layers that hang together with this one."""
        group, waiting = set[str](), [name]
        while waiting:
            at = waiting.pop()
            if at in group:
                continue
            group.add(at)
            layer = self.case.layer_a[at]
            near = [maker.name for tensor in layer.inputs for maker in self._through(tensor)]
            near += [reader.name for reader in self._reading(layer)]
            waiting += [other for other in near if other in absent]
        return group

    def _reading(self, layer: Layer) -> Iterator[Layer]:
        """What reads a layer's outputs; behind a layer that does nothing or is not there, what reads that one's."""
        waiting, seen = [layer], set[str]()
        while waiting:
            for reader in (reader for tensor in waiting.pop(0).outputs for reader in self.readers.get(tensor, ())):
                if reader.name in seen:
                    continue
                seen.add(reader.name)
                yield reader
                row = self.rows.get(reader.name)
                if reader.kind in IDLE or (row is not None and row.b is None):
                    waiting.append(reader)

    def readers_of(self, group: set[str]) -> list[LayerDifference]:
        """The compared layers right behind a group, in A's order; those without a tensor in B are looked through."""
        names = {
            reader.name
            for name in group
            for reader in self._reading(self.case.layer_a[name])
            if reader.name not in group and (reader.kind not in IDLE or differs(self.rows[reader.name]))
        }
        return [row for row in self.case.layers if row.a in names]

    def ends(self, group: set[str]) -> bool:
        """Whether an output that differs is made by one of them."""
        return any(
            not pair.difference.within_noise and any(maker.name in group for maker in self._through(pair.difference.a))
            for pair in self.case.outputs
        )


def _last(name: str) -> str:
    return name.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _parts(tensor: str) -> list[str]:
    return re.split(r"[/:]", tensor)
