"""LSTM, GRU, the simple recurrent net and ConvLSTM as Keras writes them, with their variants; one way and both ways.

Sources: Hochreiter and Schmidhuber 1997 with Keras's gates i, f, c, o; Cho et al. 2014 with Keras's z, r, h, where
`reset_after` resets behind the product with the recurrent kernel as cuDNN does; Shi et al. 2015 without peepholes,
where convolutions stand for the products."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspector.causes.case import Array
from inspector.causes.formulas.activations import activation
from inspector.causes.formulas.convolutions import convolution, rank_of
from inspector.domain.computation import Layer

Weights = Mapping[str, Array]
Product = Callable[[Array], Array]
CONVOLVED = "conv_lstm"
GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}
STATES = {"lstm": 2, "gru": 1, "simple_rnn": 1}
MERGES: dict[str, Callable[[Array, Array], Array]] = {
    "sum": np.add,
    "mul": np.multiply,
    "ave": lambda one, other: (one + other) / 2,
}


def kind_of(layer: Layer) -> str:
    """`lstm` (a ConvLSTM, too), `gru` or `simple_rnn`, of a Bidirectional layer what it wraps; empty for anything
    else."""
    kind = str(layer.settings.get("layer_kind") if layer.kind == "bidirectional" else layer.kind)
    kind = "lstm" if layer.kind.startswith(CONVOLVED) else kind
    return kind if kind in GATES else ""


def recurrent(layer: Layer, inputs: Sequence[Array], weights: Weights) -> Array | None:
    """(samples, steps, features) to the last state, or to all of them in the order in which they are computed; of a
    ConvLSTM (samples, steps, places..., channels).

    Further settings: `gate_order` (whose place in the kernels each gate reads), `forget_bias` (added to the forget
    gate), `clip` (bounds the cell), `first_state` (the first state given in place of the last). With `masked` the last
    input says which steps count, (samples, steps); the others leave the state as it is."""
    kind, x = kind_of(layer), inputs[0]
    convolved = layer.kind.startswith(CONVOLVED)
    if not kind or x.ndim != (rank_of(layer) + 3 if convolved else 3):
        return None
    masked = bool(layer.settings.get("masked"))
    inputs, mask = (inputs[:-1], inputs[-1]) if masked else (inputs, np.ones(x.shape[:2]))
    if layer.kind == "bidirectional":
        return _both_ways(layer, kind, (x, mask), weights)
    states = inputs[1:] if len(inputs) == 1 + STATES[kind] else ()
    if convolved:
        return _convolved(layer, (x, mask), weights, states)
    return _one_way(kind, layer.settings, (x, mask), weights, states)


def _both_ways(layer: Layer, kind: str, read: tuple[Array, Array], weights: Weights) -> Array | None:
    """The second half reads backwards, and what it gives is turned round; `backward_settings` are its own."""
    given, halves = layer.settings, []
    for side in ("forward_", "backward_"):
        own = {role.removeprefix(side): array for role, array in weights.items() if role.startswith(side)}
        turned = bool(given.get("go_backwards")) != (side == "backward_")
        stated = {**given, "go_backwards": turned, **given.get(f"{side}settings", {})}
        found = _one_way(kind, stated, read, own, ())
        if found is None:
            return None
        kept = side == "forward_" or not given.get("return_sequences") or given.get("not_turned_back")
        halves.append(found if kept else found[:, ::-1])
    if given.get("swapped"):
        halves.reverse()
    merge = given.get("merge_mode", "concat")
    if merge == "concat":
        return np.concatenate(halves, axis=-1)
    return np.asarray(MERGES[merge](*halves)) if merge in MERGES else None


def _one_way(
    kind: str, given: Mapping[str, Any], read: tuple[Array, Array], weights: Weights, states: Sequence[Array]
) -> Array | None:
    kernel, inner = weights.get("kernel"), weights.get("recurrent_kernel")
    x, _ = read
    if kernel is None or inner is None or kernel.ndim != 2 or x.shape[-1] != kernel.shape[0]:
        return None
    units, gates = inner.shape[0], GATES[kind]
    bias = weights.get("bias", np.zeros(gates * units))
    if kernel.shape[1] != gates * units or inner.shape[1] != gates * units or bias.size % (gates * units):
        return None
    order = given.get("gate_order") or tuple(range(gates))
    rows = [_gates(row, gates, order) for row in bias.reshape(-1, gates * units)]
    kernels, inners = ([_times(part) for part in _gates(matrix, gates, order)] for matrix in (kernel, inner))
    return _stepped(_Cell(given, kernels, inners, rows), kind, read, states, (len(x), units))


def _convolved(layer: Layer, read: tuple[Array, Array], weights: Weights, states: Sequence[Array]) -> Array | None:
    """Kernel (window..., channels, 4 * filters), recurrent kernel (window..., filters, 4 * filters), which is moved
    with the padding `same`."""
    kernel, inner, rank = weights.get("kernel"), weights.get("recurrent_kernel"), rank_of(layer)
    if kernel is None or inner is None or kernel.ndim != rank + 2 or inner.ndim != rank + 2:
        return None
    filters, gates = inner.shape[-2], GATES["lstm"]
    bias = weights.get("bias", np.zeros(gates * filters))
    if kernel.shape[-1] != gates * filters or inner.shape[-1] != gates * filters or bias.size != gates * filters:
        return None
    order = layer.settings.get("gate_order") or tuple(range(gates))
    moved: dict[str, Any] = {
        name: layer.settings[name] for name in ("strides", "padding", "dilation") if name in layer.settings
    }
    plain = replace(layer, kind=f"conv{rank}d", settings=moved)
    kept = replace(plain, settings={"padding": "same"})
    kernels = [_slid(plain, part) for part in _gates(kernel, gates, order)]
    inners = [_slid(kept, part) for part in _gates(inner, gates, order)]
    cell = _Cell(layer.settings, kernels, inners, [_gates(bias.ravel(), gates, order)])
    return _stepped(cell, "lstm", read, states, kernels[0](read[0][:, 0]).shape)


def _times(matrix: Array) -> Product:
    return lambda x: np.asarray(x @ matrix)


def _slid(layer: Layer, kernel: Array) -> Product:
    return lambda x: np.asarray(convolution(layer, [x], {"kernel": kernel}))


def _stepped(
    cell: _Cell, kind: str, read: tuple[Array, Array], states: Sequence[Array], shape: tuple[int, ...]
) -> Array | None:
    """`shape`: that of a state, (samples, ..., units)."""
    (x, mask), given = read, cell.given
    start = [np.asarray(state, np.float64) for state in states] or [np.zeros(shape)] * STATES[kind]
    if any(state.shape != shape for state in start):
        return None
    turned = (x[:, ::-1], mask[:, ::-1]) if given.get("go_backwards") else (x, mask)
    return _unrolled(cell, kind, turned, start, given)


def _unrolled(
    cell: _Cell, kind: str, read: tuple[Array, Array], states: list[Array], given: Mapping[str, Any]
) -> Array | None:
    steps: dict[str, Callable[..., list[Array] | None]] = {
        "lstm": cell.lstm,
        "gru": cell.gru,
        "simple_rnn": cell.simple,
    }
    step = steps[kind]
    (x, mask), kept = read, []
    for at in range(x.shape[1]):
        found = step(x[:, at], *states)
        if found is None:
            return None
        counts = mask[:, at].reshape(-1, *[1] * (found[0].ndim - 1)) > 0
        states = [np.where(counts, new, old) for new, old in zip(found, states, strict=True)]
        kept.append(states[0])
    if given.get("return_sequences"):
        return np.stack(kept, axis=1)
    return kept[0 if given.get("first_state") else -1] if kept else None


def _gates(matrix: Array, gates: int, order: Sequence[int]) -> list[Array]:
    parts = np.split(matrix, gates, axis=-1)
    return [parts[at] for at in order]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One step of each kind. `kernel`, `inner`: the products of each gate with what is read and with the state.
    `bias`: one row, or two of a GRU that resets behind its product."""

    given: Mapping[str, Any]
    kernel: list[Product]
    inner: list[Product]
    bias: list[list[Array]]

    def _act(self, name: str, default: str, x: Array) -> Array | None:
        return activation({"activation": self.given.get(name, default)}, x)

    def _gate(self, gate: int, x: Array, state: Array, more: float = 0.0) -> Array | None:
        total = self.kernel[gate](x) + self.inner[gate](state) + sum(row[gate] for row in self.bias) + more
        return self._act("recurrent_activation", "sigmoid", total)

    def lstm(self, x: Array, state: Array, cell: Array) -> list[Array] | None:
        i, f = self._gate(0, x, state), self._gate(1, x, state, float(self.given.get("forget_bias", 0.0)))
        new = self.kernel[2](x) + self.inner[2](state) + sum(row[2] for row in self.bias)
        candidate, o = self._act("activation", "tanh", new), self._gate(3, x, state)
        if i is None or f is None or candidate is None or o is None:
            return None
        cell = f * cell + i * candidate
        if self.given.get("clip"):
            cell = np.clip(cell, -float(self.given["clip"]), float(self.given["clip"]))
        out = self._act("activation", "tanh", cell)
        return None if out is None else [o * out, cell]

    def gru(self, x: Array, state: Array) -> list[Array] | None:
        z, r = self._gate(0, x, state), self._gate(1, x, state)
        if z is None or r is None:
            return None
        given = self.kernel[2](x) + self.bias[0][2]
        late = self.bias[1][2] if len(self.bias) > 1 else 0.0
        if self.given.get("reset_after"):
            found = self._act("activation", "tanh", given + r * (self.inner[2](state) + late))
        else:
            found = self._act("activation", "tanh", given + self.inner[2](r * state) + late)
        mixed = (z, 1.0 - z) if not self.given.get("update_turned") else (1.0 - z, z)
        return None if found is None else [mixed[0] * state + mixed[1] * found]

    def simple(self, x: Array, state: Array) -> list[Array] | None:
        total = self.kernel[0](x) + self.inner[0](state) + sum(row[0] for row in self.bias)
        found = self._act("activation", "tanh", total)
        return None if found is None else [found]
