"""`backend-kernel`: the same graph on another kernel: an optimiser's fusion, oneDNN, a browser's backend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inspector.causes.case import Case, Facts, Suspicion, Trial
from inspector.domain.computation import Layer

CAUSE = "backend-kernel"
WATCHED = "WATCHING_CHANGES"
CHANGES = 1e-6  # of the output: a side that gives other numbers each time says nothing of its kernels
# name of the option, in words, what it is set to
TRIED = (("optimise", "graph optimisation", False), ("onednn", "oneDNN", False), ("xla", "XLA", False))
CHOICES = ("backend", "kernels")  # TensorFlow.js; a Keras file
FUSED = "gelu"  # what TensorFlow fuses into a MatMul as an approximation


@dataclass(frozen=True, slots=True)
class Way:
    """A run option that differs between the sides, or is worth another try."""

    option: str
    words: str
    value: Any


def suspect(case: Case) -> Iterator[Suspicion]:
    """One file that is run in two ways; a run that changes when it is watched; else a search over the options."""
    if not case.ran:
        return
    yield from _two_ways(case)
    for name, facts in (("B", case.b), ("A", case.a)):
        told = [warn.text for warn in case.warnings if warn.code == WATCHED and f" side {name} " in f"{warn.text} "]
        if told and (facts.repeated or 0.0) <= CHANGES:
            yield _watched(case, name, told[0])
    if all(pair.difference.within_noise for pair in case.outputs):
        return
    differing = any(item.status == "different" for item in case.layers)
    for name, facts in (("B", case.b), ("A", case.a)):
        if (facts.repeated or 0.0) > CHANGES:
            continue
        ways = [] if differing else [Way(*way) for way in TRIED if getattr(facts.options, way[0]) is not way[2]]
        for way in (*ways, *_other_backends(facts)):
            yield _searched(name, way)


def _two_ways(case: Case) -> Iterator[Suspicion]:
    """The same file on both sides with other options."""
    if not case.a.file.path or case.a.file.path != case.b.file.path:
        return
    ways = [Way(option, words, getattr(case.a.options, option)) for option, words, _ in TRIED]
    ways = [way for way in ways if way.value != getattr(case.b.options, way.option)]
    chosen = [(_choice(case.a, name), _choice(case.b, name), name) for name in CHOICES]
    told = [f"{way.words} {'off' if way.value is False else 'on'} in A and not in B" for way in ways]
    told += [f"{one} in A, {other} in B" for one, other, _ in chosen if one != other]
    if not told:
        return
    options: dict[str, Any] = {way.option: way.value for way in ways}
    if any(one != other for one, other, _ in chosen):
        options["choices"] = {**case.b.options.choices, **{name: one for one, _, name in chosen if one}}
    rows = [item for item in case.layers if item.status == "different"]
    yield Suspicion(
        cause=CAUSE,
        title=f"another kernel computes {f'`{rows[0].a}`' if rows else 'the outputs'} otherwise: {', '.join(told)}",
        layer_a=rows[0].a if rows else "",
        layer_b=(rows[0].b or "") if rows else "",
        layers=tuple(item.a for item in rows),
        confidence=0.95,
        evidence=f"one file, run with {', '.join(told)}",
        mend="run both sides in the same way, or report the kernel to its authors with this layer and input",
        trial=Trial(text="side B run the way side A is", options_b=options),
    )


def _watched(case: Case, name: str, text: str) -> Suspicion:
    layers = [layer for layer in case.a.computation.layers if _is_fused(layer)]
    first = layers[0].name if layers else ""
    changed = {"optimise": False}
    return Suspicion(
        cause=CAUSE,
        title=f"side {name} computes something else once TensorFlow has optimised its graph",
        layer_a=first,
        layer_b=next((item.b or "" for item in case.layers if item.a == first), ""),
        layers=tuple(layer.name for layer in layers),
        confidence=0.96,
        evidence=text + (f"; TensorFlow fuses what `{first}` computes into one kernel" if first else ""),
        mend="run it with graph optimisation off (rewrite_options.disable_meta_optimizer) or TF_ENABLE_ONEDNN_OPTS=0",
        trial=Trial(
            text=f"side {name} run without graph optimisation",
            options_a=changed if name == "A" else None,
            options_b=changed if name == "B" else None,
        ),
    )


def _is_fused(layer: Layer) -> bool:
    """A matrix product with GELU behind it, whose fused kernel is less exact."""
    return layer.kind == "dense" and layer.settings.get("activation") == FUSED


def _other_backends(facts: Facts) -> Iterator[Way]:
    """The backends that are not in force."""
    for choice in facts.file.choices:
        if choice.name == CHOICES[0]:
            now = _choice(facts, choice.name)
            for value in choice.values:
                if value != now:
                    yield Way("choices", f"`{now}`", {**facts.options.choices, choice.name: value})


def _searched(name: str, way: Way) -> Suspicion:
    changed = {way.option: way.value}
    return Suspicion(
        cause=CAUSE,
        title=f"{way.words} makes side {name} compute something else",
        layer_a="",
        layer_b="",
        confidence=0.4,
        evidence=f"no layer accounts for it, and without {way.words} the outputs agree",
        mend=f"run side {name} without {way.words}",
        trial=Trial(
            text=f"side {name} run without {way.words}",
            options_a=changed if name == "A" else None,
            options_b=changed if name == "B" else None,
        ),
        needs_proof=True,
        family="backend",
    )


def _choice(side: Facts, name: str) -> str:
    return side.options.choices.get(name) or next(
        (choice.chosen for choice in side.file.choices if choice.name == name), ""
    )
