"""LSTM, GRU and the simple recurrent net as Keras writes them, with each of their variants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inspector.causes.case import Array
from inspector.causes.formulas.activations import activation, sigmoid
from inspector.domain.computation import Layer

GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How a recurrent layer computes. `order`: the gates' places in the kernels, in Keras's order (i f c o; z r h).
    `forget_bias` is added to the forget gate; `clip` bounds the cell."""

    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    reset_after: bool = False
    go_backwards: bool = False
    order: tuple[int, ...] = ()
    forget_bias: float = 0.0
    clip: float | None = None
    turned: bool = False


def stated(layer: Layer) -> Variant:
    """The variant that the layer's settings say."""
    given = layer.settings
    return Variant(
        activation=str(given.get("activation", "tanh")),
        recurrent_activation=str(given.get("recurrent_activation", "sigmoid")),
        reset_after=bool(given.get("reset_after", False)),
        go_backwards=bool(given.get("go_backwards", False)),
    )


def recurrent(kind: str, x: Array, weights: dict[str, Array], how: Variant, *, sequences: bool) -> Array | None:
    """(samples, steps, features) to the last state, or to all in the order of computation.

    Sources: Hochreiter and Schmidhuber 1997 with Keras's gates i, f, c, o; Cho et al. 2014, where `reset_after`
    resets behind the product with the recurrent kernel as cuDNN does."""
    kernel, inner = weights.get("kernel"), weights.get("recurrent_kernel")
    if kernel is None or inner is None or x.ndim != 3 or x.shape[-1] != kernel.shape[0] or kind not in GATES:
        return None
    gates, units = GATES[kind], inner.shape[0]
    bias = weights.get("bias", np.zeros(gates * units))
    if bias.size not in (gates * units, 2 * gates * units):
        return None
    cell = _Cell(units, _split(kernel, gates, how), _split(inner, gates, how), how)
    step = {"lstm": cell.lstm, "gru": cell.gru, "simple_rnn": cell.simple}[kind]
    cell.bias = [_split(row, gates, how) for row in bias.reshape(-1, gates * units)]
    return _unrolled(step, x[:, ::-1] if how.go_backwards else x, units, sequences=sequences, turned=how.turned)


def _unrolled(
    step: Callable[[Array, Array, Array], tuple[Array, Array] | None],
    x: Array,
    units: int,
    *,
    sequences: bool,
    turned: bool,
) -> Array | None:
    state, cell = np.zeros((x.shape[0], units)), np.zeros((x.shape[0], units))
    states = []
    for at in range(x.shape[1]):
        found = step(x[:, at], state, cell)
        if found is None:
            return None
        state, cell = found
        states.append(state)
    if not sequences:
        return states[0] if turned else state
    return np.stack(states[::-1] if turned else states, axis=1)


def _split(matrix: Array, gates: int, how: Variant) -> list[Array]:
    units = matrix.shape[-1] // gates
    parts = [matrix[..., low:high] for low, high in pairwise(range(0, matrix.shape[-1] + 1, units))]
    return [parts[at] for at in how.order] if how.order else parts


class _Cell:
    """One step of each kind."""

    def __init__(self, units: int, kernels: list[Array], inner: list[Array], how: Variant) -> None:
        self.units, self.kernels, self.inner, self.how = units, kernels, inner, how
        self.bias: list[list[Array]] = []

    def _act(self, x: Array) -> Array:
        found = activation(self.how.activation, x)
        return np.tanh(x) if found is None else found

    def _gate(self, x: Array) -> Array:
        found = activation(self.how.recurrent_activation, x)
        return sigmoid(x) if found is None else found

    def _sum(self, gate: int, x: Array, state: Array) -> Array:
        total = x @ self.kernels[gate] + state @ self.inner[gate]
        return np.asarray(total + sum(row[gate] for row in self.bias))

    def lstm(self, x: Array, state: Array, cell: Array) -> tuple[Array, Array]:
        i, f, c, o = (self._sum(gate, x, state) for gate in range(4))
        cell = self._gate(f + self.how.forget_bias) * cell + self._gate(i) * self._act(c)
        if self.how.clip is not None:
            cell = np.clip(cell, -self.how.clip, self.how.clip)
        return self._gate(o) * self._act(cell), cell

    def gru(self, x: Array, state: Array, cell: Array) -> tuple[Array, Array]:
        z, r = self._gate(self._sum(0, x, state)), self._gate(self._sum(1, x, state))
        given = self.bias[0][2]
        late = self.bias[1][2] if len(self.bias) > 1 else np.zeros_like(given)
        if self.how.reset_after:
            new = self._act(x @ self.kernels[2] + given + r * (state @ self.inner[2] + late))
        else:
            new = self._act(x @ self.kernels[2] + given + late + (r * state) @ self.inner[2])
        return z * state + (1.0 - z) * new, cell

    def simple(self, x: Array, state: Array, cell: Array) -> tuple[Array, Array]:
        return self._act(self._sum(0, x, state)), cell
