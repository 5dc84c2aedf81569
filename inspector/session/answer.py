"""The sentence on top once the causes are known: the first finding's, so that nothing below contradicts it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inspector.causes import not_loadable
from inspector.domain.comparison import Comparison, Finding, LayerDifference, Metrics
from inspector.domain.wording import capital, short
from inspector.session.stated import Stated, in_words
from inspector.session.verdict import UNLIKE_SHAPES, counted, culprits

UNEXPLAINED = "unexplained"
NO_CAUSE = "no known cause fits"
ALIKE = ("same", "within-noise")
OTHER_NUMBERS = ("different", "missing", "permuted")


def answer(result: Comparison, stated: Stated) -> str:
    """The sentence of a comparison with its findings; the one it has where it is not different, or nothing says why.
    `stated` are settings that B states otherwise."""
    told = (item for item in result.findings if not item.note_only and item.cause != not_loadable.CAUSE)
    first = next(told, None)  # what a framework refuses is said in front of the sentence
    found = culprits(result.layers)
    if result.verdict != "different" or not result.outputs or not (first or found):
        return result.sentence
    if all(output.within_noise for output in result.outputs):
        return _internal(result, first, stated)
    if first is None:
        return result.sentence
    if found and found[0].a in (first.layer_a, *first.layers[:1]):
        why = NO_CAUSE if first.cause == UNEXPLAINED else first.title
        return f"B differs from `{found[0].a}` on: {why}; {_introduces(found)}; {_rest(result.layers)}."
    return f"{capital(first.title)}; {_outputs(result)}; {_many(len(found))}."


def sizes(metrics: Metrics) -> str:
    """How large a difference is; of NaN and infinity how many there are on each side, since no number says it."""
    if math.isfinite(metrics.max_abs):
        return short(metrics.max_abs)
    counts = [
        f"{a} {word} in A, {b} in B"
        for word, a, b in (("NaN", metrics.nan_a, metrics.nan_b), ("infinite", metrics.inf_a, metrics.inf_b))
        if a or b
    ]
    return f"numbers that are none ({'; '.join(counts)})" if counts else "another shape"


def _internal(result: Comparison, first: Finding | None, stated: Stated) -> str:
    """The outputs agree, and something inside does not: with another input they may differ, too."""
    same = "identical" if all(output.identical for output in result.outputs) else "the same within rounding"
    name = first.layer_a if first is not None else culprits(result.layers)[0].a
    about = {name, *(first.layers if first is not None else ())} - {""}
    more = sum(layer.a not in about for layer in culprits(result.layers))
    others = f" and {counted(more, 'other layer')}" if more and about else ""
    row = next((layer for layer in result.layers if layer.a == name), None)
    weights = _weights(row) if row is not None else ""
    settings = in_words(stated.get(name, ()))
    told = NO_CAUSE if first is None or first.cause == UNEXPLAINED else first.title
    reason = settings or weights or told
    place = f" at `{name}`" if name else ""
    return f"Internal difference{place} ({reason}){others}; the outputs are {same} on this input."


def _weights(layer: LayerDifference) -> str:
    """`alpha differs by 0.300`, of a layer whose output does not show it."""
    if layer.introduced is not None and layer.introduced.max_abs > (layer.noise_floor or 0.0):
        return ""
    other = [weight for weight in layer.weights if weight.relation in OTHER_NUMBERS]
    told = [
        f"{weight.role} differs by {short(weight.max_abs)}" if weight.max_abs else f"{weight.role} differs"
        for weight in other
    ]
    return ", ".join(told[:3])


def _introduces(found: Sequence[LayerDifference]) -> str:
    size = sizes(found[0].introduced) if found[0].introduced is not None else "a difference of its weights"
    if len(found) == 1:
        return f"this layer alone introduces {size}"
    weights = sum(any(weight.relation in OTHER_NUMBERS for weight in layer.weights) for layer in found)
    told = f", {weights} of them with other weights" if weights else ""
    return f"it introduces {size}, the first of {len(found)} layers that introduce a difference{told}"


def _rest(layers: Sequence[LayerDifference]) -> str:
    others = sum(layer.status in ALIKE for layer in layers)
    shapes = sum(layer.note.startswith(UNLIKE_SHAPES) and layer.status == "not-compared" for layer in layers)
    unlike = f"; {shapes} cannot be compared, their shapes differ" if shapes else ""
    return f"{counted(others, 'other')} introduce{'s' if others == 1 else ''} nothing beyond rounding{unlike}"


def _outputs(result: Comparison) -> str:
    worst = max((output for output in result.outputs if not output.within_noise), key=lambda item: item.metrics.max_abs)
    return f"output `{worst.a}` differs by {sizes(worst.metrics)}"


def _many(differing: int) -> str:
    if not differing:
        return "no layer introduces a difference"
    return f"{counted(differing, 'layer')} introduce{'s' if differing == 1 else ''} a difference"
