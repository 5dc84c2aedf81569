"""`recurrent-variant`: another GRU, other activations of the gates, another order of the gates, backwards in time.

Told by computing the layer step by step with every variant that converters and versions mix up, one at a time and
then two of them together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.formulas import Refit, isolated, refit
from inspector.causes.formulas.recurrent import GATES, kind_of
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "recurrent-variant"
NAMES = {"lstm": ("input", "forget", "cell", "output"), "gru": ("update", "reset", "new")}
GATE_ACTIVATIONS = ("sigmoid", "hard_sigmoid", "hard_sigmoid_3", "tanh", "relu", "linear")
STATE_ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear", "softsign", "elu", "hard_sigmoid", "relu6", "gelu", "swish")
STATED = ("reset_after", "recurrent_activation", "activation", "go_backwards", "merge_mode")
CLIPS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 50.0)
RECURRENT = ("lstm", "gru", "simple_rnn", "bidirectional")
GUESS = 0.4
Way = tuple[str, dict[str, Any]]


def suspect(case: Case) -> Iterator[Suspicion]:
    """By settings where both sides state them, by the gates' order in the weights, and by computing the variants."""
    for item, a, b in case.suspects():
        kind = kind_of(a)
        if not kind:
            continue
        stated = _by_settings(a, b)
        if stated:
            yield _suspicion(item, a, stated, "both files state it", 0.95)
            continue
        order = _by_weights(case, item, kind)
        if order:
            yield _suspicion(item, a, order, "B's kernels hold A's columns, gate by gate in another order", 0.97)
            continue
        yield from _by_numbers(case, item, a, kind)


def _by_numbers(case: Case, item: LayerDifference, layer: Layer, kind: str) -> Iterator[Suspicion]:
    fit = _fitted(refit(case, item, layer))
    if fit is None:
        return
    told = _told(fit, _ways(fit.layer, kind))
    if told:
        evidence = (
            f"computed step by step from the same inputs and A's weights, it gives B's output to the noise floor of "
            f"{short(fit.noise)}; A's is {short(fit.gap)} away"
        )
        yield _suspicion(item, layer, told, evidence, 0.96)
    elif not fit.behind and isolated(case, layer):
        unknown = f"the weights are the same, and from the same inputs it is {short(fit.gap)} away"
        yield _suspicion(item, layer, "a way of computing that is not known", unknown, GUESS)


def _fitted(fit: Refit | None) -> Refit | None:
    """With the settings that give A's numbers: a graph states none, and a GRU without a bias not which it is."""
    if fit is None or fit.own():
        return fit
    known = (fit.changed(**settings) for _, settings in _ways(fit.layer, kind_of(fit.layer)))
    other = next((layer for layer in known if fit.own(layer)), None)
    return None if other is None else replace(fit, layer=other)


def _suspicion(item: LayerDifference, layer: Layer, told: str, evidence: str, confidence: float) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` is another {_class(layer)} in B: {told}",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=confidence,
        evidence=evidence,
        mend=_mend(layer),
        trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
    )


def _class(layer: Layer) -> str:
    inner = str(layer.settings.get("layer") or "")
    return f"{layer.class_name}({inner})" if inner and layer.kind == "bidirectional" else inner or layer.class_name


def _mend(layer: Layer) -> str:
    known = ("units", "activation", "recurrent_activation", "reset_after", "go_backwards", "merge_mode")
    given = ", ".join(f"{name}={layer.settings[name]!r}" for name in known if name in layer.settings)
    return f"export again with {_class(layer)}({given}) for `{layer.name}`"


def _by_settings(a: Layer, b: Layer | None) -> str:
    """A graph's loop states nothing of this; another Keras file does."""
    if b is None or b.kind != a.kind:
        return ""
    for name in STATED:
        one, other = a.settings.get(name), b.settings.get(name)
        if one is not None and other is not None and one != other:
            return f"{name} is {one} in A and {other} in B"
    return ""


def _by_weights(case: Case, item: LayerDifference, kind: str) -> str:
    """Every matrix of B holds A's columns, gate by gate in one other order."""
    found: set[tuple[int, ...]] = set()
    for weight in item.weights:
        if weight.relation not in ("different", "permuted") or not kind:
            continue
        if " " in weight.a or not weight.b or weight.shape_a != weight.shape_b:
            return ""
        one, other = case.values_a(weight.a), case.values_b(weight.b)
        arrays = [np.asarray(array, np.float64).reshape(weight.shape_a) for array in (one, other)]
        found.add(_order(arrays[0], arrays[1], GATES[kind]) or ())
    if len(found) != 1 or () in found:
        return ""
    return _order_words(kind, found.pop())


def _order(a: Array, b: Array, gates: int) -> tuple[int, ...] | None:
    if a.shape[-1] % gates:
        return None
    parts_a, parts_b = np.split(a, gates, axis=-1), np.split(b, gates, axis=-1)
    near = 1e-6 * float(np.abs(a).max(initial=0.0))
    for order in permutations(range(gates)):
        if order == tuple(range(gates)):
            continue
        if all(np.abs(parts_a[at] - parts_b[to]).max(initial=0.0) <= near for to, at in enumerate(order)):
            return order
    return None


def _order_words(kind: str, order: tuple[int, ...]) -> str:
    names = NAMES.get(kind, ())
    return f"its gates stand as {', '.join(names[at] for at in order)} where A has {', '.join(names)}"


def _told(fit: Refit, ways: list[Way]) -> str:
    """The first variant that gives B's output, then the first two together."""
    for told, settings in ways:
        if fit.gives(fit.changed(**settings)):
            return told
    plain = [way for way in ways if not {"gate_order", "clip"} & set(way[1])]
    if np.prod(fit.inputs[0].shape[1:-1]) * sum(array.size for array in fit.weights.values()) > 1e6:
        return ""
    for (told, one), (also, other) in combinations(plain, 2):
        if not set(one) & set(other) and fit.gives(fit.changed(**one, **other)):
            return f"{told}, and {also}"
    return ""


def _ways(layer: Layer, kind: str) -> list[Way]:
    """What differs in practice, one thing at a time."""
    given = layer.settings
    found: list[Way] = []
    names: list[tuple[str, tuple[str, ...], str]] = [("activation", STATE_ACTIVATIONS, "tanh")]
    if kind != "simple_rnn":
        names.insert(0, ("recurrent_activation", GATE_ACTIVATIONS, "sigmoid"))
    for key, choices, usual in names:
        own = str(given.get(key, usual))
        found += [(f"{key}={name!r} instead of {own!r}", {key: name}) for name in choices if name != own]
    if kind == "gru":
        after = bool(given.get("reset_after"))
        found.append((f"reset_after={not after} instead of {after}", {"reset_after": not after}))
        found.append(("the update gate keeps what it should replace", {"update_turned": True}))
    found += _in_time(layer)
    if kind == "lstm":
        found += [(f"{bias:+g} added to the forget gate once more", {"forget_bias": bias}) for bias in (1.0, -1.0)]
        found += [(f"the cell clipped to {clip:g}", {"clip": clip}) for clip in CLIPS]
    gates = GATES[kind]
    for order in permutations(range(gates)):
        if order != tuple(range(gates)):
            found.append((_order_words(kind, order), {"gate_order": order}))
    return found


def _in_time(layer: Layer) -> list[Way]:
    """Which way it reads, and which state it gives."""
    given = layer.settings
    backwards = bool(given.get("go_backwards"))
    if layer.kind != "bidirectional":
        return [
            (f"go_backwards={not backwards} instead of {backwards}", {"go_backwards": not backwards}),
            ("the first state given in place of the last", {"first_state": True}),
        ]
    merge = given.get("merge_mode", "concat")
    return [
        ("its second half reads forwards, too", {"backward_settings": {"go_backwards": backwards}}),
        ("its first half reads backwards, too", {"forward_settings": {"go_backwards": not backwards}}),
        ("its second half is not turned back in time", {"not_turned_back": True}),
        ("its two halves stand in the other order", {"swapped": True}),
        ("its second half gives its first state", {"backward_settings": {"first_state": True}}),
        *(
            (f"merge_mode={other!r} instead of {merge!r}", {"merge_mode": other})
            for other in ("sum", "ave", "mul", "concat")
            if other != merge
        ),
    ]
