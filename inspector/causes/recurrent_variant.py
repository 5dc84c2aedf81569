"""`recurrent-variant`: another GRU, other activations of the gates, another order of the gates, backwards in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import fit_of, fits, recurrent, roles
from inspector.causes.formulas.recurrent import GATES, Variant, stated
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "recurrent-variant"
NAMES = {"lstm": "input, forget, cell, output", "gru": "update, reset, new"}
GATE_ACTIVATIONS = ("sigmoid", "hard_sigmoid", "hard_sigmoid_3", "tanh", "relu")
STATE_ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear", "softsign", "elu")
STATED = ("reset_after", "recurrent_activation", "activation", "go_backwards")


def suspect(case: Case) -> Iterator[Suspicion]:
    """By settings where both sides state them, by the gates' order in the weights, and by computing the variants."""
    for item, a, b in case.suspects():
        kind = str(a.settings.get("layer_kind") or a.kind)
        if kind not in GATES:
            continue
        told = _by_settings(a, b) or _by_weights(case, item, kind) or _by_numbers(case, item, a, kind)
        if told:
            yield Suspicion(
                cause=CAUSE,
                title=f"`{item.a}` is another {a.class_name} in B: {told}",
                layer_a=item.a,
                layer_b=item.b or "",
                confidence=0.96,
                evidence=f"from the same inputs and A's weights, B's output is that of {told}",
                mend=_mend(a, told),
                trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
            )


def _by_settings(a: Layer, b: Layer | None) -> str:
    if b is None:
        return ""
    for name in STATED:
        one, other = a.settings.get(name), b.settings.get(name)
        if one is not None and other is not None and one != other:
            return f"{name} is {one} in A and {other} in B"
    return ""


def _by_weights(case: Case, item: LayerDifference, kind: str) -> str:
    """The kernels hold the same columns, gate by gate in another order."""
    found: set[tuple[int, ...]] = set()
    for weight in item.weights:
        if weight.relation not in ("different", "permuted") or " " in weight.a or not weight.b:
            continue
        if weight.role not in ("kernel", "recurrent_kernel") or weight.shape_a != weight.shape_b:
            continue
        one = np.asarray(case.values_a(weight.a), np.float64).reshape(weight.shape_a)
        other = np.asarray(case.values_b(weight.b), np.float64).reshape(weight.shape_b)
        order = _order(one, other, GATES[kind])
        if order is None:
            return ""
        found.add(order)
    if len(found) != 1:
        return ""
    return f"the gates ({NAMES.get(kind, '')}) stand in the order {list(found.pop())}"


def _order(a: Array, b: Array, gates: int) -> tuple[int, ...] | None:
    parts_a, parts_b = np.split(a, gates, axis=-1), np.split(b, gates, axis=-1)
    size = float(np.abs(a).max(initial=0.0))
    for order in permutations(range(gates)):
        if order != tuple(range(gates)) and all(
            np.abs(parts_a[at] - parts_b[place]).max(initial=0.0) <= 1e-6 * size for place, at in enumerate(order)
        ):
            return order
    return None


def _by_numbers(case: Case, item: LayerDifference, layer: Layer, kind: str) -> str:
    fit = fit_of(case.sample(item.a))
    if fit is None or not fit.inputs or any(weight.relation == "different" for weight in item.weights):
        return ""
    weights, own = roles(case, layer), stated(layer)
    if not fits(_run(layer, kind, fit.inputs[0], weights, own), fit.a, fit.tolerance):
        return ""
    for told, how in _variants(kind, own):
        if fits(_run(layer, kind, fit.inputs[0], weights, how), fit.b, fit.tolerance):
            return told
    return ""


def _run(layer: Layer, kind: str, x: Array, weights: dict[str, Array], how: Variant) -> Array | None:
    """One direction, or both joined as Bidirectional does."""
    sequences = bool(layer.settings.get("return_sequences"))
    if layer.kind != "bidirectional":
        return recurrent(kind, x, weights, how, sequences=sequences)
    halves = []
    for side, turned in (("forward_", how.go_backwards), ("backward_", not how.go_backwards)):
        own = {role.removeprefix(side): array for role, array in weights.items() if role.startswith(side)}
        found = recurrent(kind, x, own, replace(how, go_backwards=turned), sequences=sequences)
        if found is None:
            return None
        halves.append(found[:, ::-1] if sequences and turned else found)
    merge = layer.settings.get("merge_mode", "concat")
    return np.concatenate(halves, axis=-1) if merge == "concat" else halves[0] + halves[1] if merge == "sum" else None


def _variants(kind: str, own: Variant) -> Iterator[tuple[str, Variant]]:
    """What differs in practice, one thing at a time."""
    if kind != "simple_rnn":
        for name in GATE_ACTIVATIONS:
            if name != own.recurrent_activation:
                text = f"recurrent_activation={name!r} instead of {own.recurrent_activation!r}"
                yield text, replace(own, recurrent_activation=name)
    for name in STATE_ACTIVATIONS:
        if name != own.activation:
            yield f"activation={name!r} instead of {own.activation!r}", replace(own, activation=name)
    if kind == "gru":
        yield f"reset_after={not own.reset_after}", replace(own, reset_after=not own.reset_after)
    yield f"go_backwards={not own.go_backwards}", replace(own, go_backwards=not own.go_backwards)
    yield "the steps given in the opposite order", replace(own, turned=True)
    yield "run backwards, and given in the opposite order", replace(own, go_backwards=not own.go_backwards, turned=True)
    if kind == "lstm":
        for bias in (1.0, -1.0):
            yield f"{bias:+g} added to the forget gate", replace(own, forget_bias=bias)
        for clip in (1.0, 2.0, 3.0, 5.0, 10.0, 0.5):
            yield f"the cell clipped to {clip:g}", replace(own, clip=clip)
    gates = GATES[kind]
    for order in permutations(range(gates)):
        if order != tuple(range(gates)):
            yield f"the gates ({NAMES.get(kind, '')}) in the order {list(order)}", replace(own, order=order)


def _mend(layer: Layer, told: str) -> str:
    known = ("recurrent_activation", "reset_after", "activation", "go_backwards", "units")
    settings = {name: layer.settings[name] for name in known if name in layer.settings}
    given = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    return (
        f"export again with {layer.settings.get('layer') or layer.class_name}({given}) for `{layer.name}`; now: {told}"
    )
