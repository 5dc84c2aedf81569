"""From numbers to words: each layer's status, the verdict, and the answer in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from inspector.causes.output_places import Exchanged
from inspector.domain.comparison import Comparison, LayerDifference, Metrics, OutputDifference, Status, Verdict
from inspector.domain.wording import short

UNLIKE_SHAPES = "the shapes differ"


def status_of(introduced: Metrics | None, total: Metrics | None, noise_floor: float | None) -> Status:
    """What a layer does by itself. Without a replay a total beyond the noise floor says nothing of it, since
    that may be inherited; a total below it leaves nothing to introduce."""
    if introduced is None or noise_floor is None:
        if total is None:
            return "not-compared"
        within = noise_floor is not None and total.max_abs <= noise_floor
        return "same" if total.max_abs == 0 else "within-noise" if within else "not-compared"
    if introduced.max_abs == 0:
        return "same"
    # NaN or infinity on one side alone is no rounding, however high the floor
    return "within-noise" if math.isfinite(introduced.max_abs) and introduced.max_abs <= noise_floor else "different"


def verdict_of(outputs: Sequence[OutputDifference], layers: Sequence[LayerDifference]) -> Verdict:
    """`same` needs every output bit for bit; one output or layer beyond its noise floor is `different`."""
    if not outputs:
        return "not-comparable"
    if any(layer.status == "different" for layer in layers) or not all(o.within_noise for o in outputs):
        return "different"
    return "same" if all(output.identical for output in outputs) else "within-noise"


def culprits(layers: Sequence[LayerDifference]) -> list[LayerDifference]:
    """The layers that introduce a difference, in A's order."""
    return [layer for layer in layers if layer.status == "different"]


def apart(layers: Sequence[LayerDifference]) -> list[LayerDifference]:
    """The layers that introduce a difference, or give another shape in B."""
    return [layer for layer in layers if layer.status == "different" or layer.note.startswith(UNLIKE_SHAPES)]


def sentence(verdict: Verdict, outputs: Sequence[OutputDifference], layers: Sequence[LayerDifference]) -> str:
    """What was found, for the status line, the report and the command."""
    compared = [layer for layer in layers if layer.status != "not-compared"]
    count = counted(len(compared), "layer")
    if verdict == "not-comparable":
        return "A and B cannot be compared: no output of A was found in B."
    worst = max((output.metrics.max_abs for output in outputs), default=0.0)
    if verdict == "same" and all(layer.status == "same" for layer in compared):
        return f"A and B give the same numbers, bit for bit; {count} compared."
    if verdict == "same":
        return f"A and B give the same outputs, bit for bit; none of {count} introduces more than its noise floor."
    if verdict == "within-noise" and not compared:
        return f"A and B are the same within rounding: outputs differ by at most {short(worst)}; no layer was replayed."
    if verdict == "within-noise":
        return (
            f"A and B are the same within rounding: outputs differ by at most {short(worst)}, "
            f"and none of {count} introduces more than its noise floor."
        )
    return _different(layers, len(compared), worst)


def with_order(result: Comparison, order: Exchanged | None) -> Comparison:
    """The answer with what there is to say of the outputs' order: a caller who counts and gets another output has
    a difference, whatever else agrees; one who can go by names is told to."""
    if order is None:
        return result
    if not order.faulty:
        return replace(result, sentence=f"{result.sentence} B's outputs stand in another order: take them by name.")
    (a, taken), *_ = order.pairs
    name = a.partition(":")[0]
    if order.by_place:
        text = f"B has its outputs in another order: who takes A's `{name}` by its place gets `{taken}`"
    else:
        text = f"B's outputs bear each other's names: what it calls `{taken}` is not A's `{name}`"
    if result.verdict == "different":
        return replace(result, sentence=f"{result.sentence} {text}, too.")
    alike = "bit for bit" if result.verdict == "same" else "within rounding"
    return replace(
        result, verdict="different", sentence=f"{text}. Paired by what they compute, they are the same {alike}."
    )


def _different(layers: Sequence[LayerDifference], compared: int, worst: float) -> str:
    found = culprits(layers)
    if not found:
        return (
            f"The outputs differ by {short(worst)}, yet none of {counted(compared, 'layer')} introduces a "
            "difference: look at the inputs, the preprocessing and the layers without a match."
        )
    first = found[0]
    size = first.introduced.max_abs if first.introduced is not None else worst
    others = compared - len(found)
    shapes = sum(layer.note.startswith(UNLIKE_SHAPES) for layer in layers)
    unlike = f"; {shapes} cannot be compared, their shapes differ" if shapes else ""
    rest = f"{counted(others, 'other')} {'introduces' if others == 1 else 'introduce'} nothing beyond rounding{unlike}"
    if len(found) == 1:
        return f"B differs from `{first.a}` on: this layer alone introduces {short(size)}; {rest}."
    weights = sum(any(w.relation in ("different", "missing") for w in layer.weights) for layer in found)
    told = f", {weights} of them with other weights" if weights else ""
    return (
        f"B differs from `{first.a}` on: it introduces {short(size)}, the first of {len(found)} layers that "
        f"introduce a difference{told}; {rest}."
    )


def counted(number: int, word: str) -> str:
    """`1 layer`, `3 layers`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
