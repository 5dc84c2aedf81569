"""Why the verdict is what it is, in sentences with the numbers: for the window, the page and the terminal."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from inspector.domain.comparison import Comparison, LayerDifference
from inspector.domain.wording import elided, short
from inspector.session.answer import sizes

TITLES = {
    "same": "The same in every bit",
    "within-noise": "The same within rounding",
    "different": "They differ, and no known cause explains it",
    "not-comparable": "They cannot be compared",
}
MEASURED = "What was measured"  # where a finding above says why
NOT_RUN = "Nothing tells them apart, and nothing was run"
WATCHING = "WATCHING_CHANGES"
_SHOWN = 3
_SAME = ("exact", "transposed", "permuted", "rounded", "folded", "split")


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence; `layer` is the layer of A it speaks of, or empty."""

    text: str
    layer: str = ""


def title(comparison: Comparison) -> str:
    """The verdict in a few words, or what follows when findings say why."""
    if comparison.verdict == "different" and any(not finding.note_only for finding in comparison.findings):
        return MEASURED
    if not comparison.outputs and comparison.verdict in ("same", "within-noise"):
        return NOT_RUN
    return TITLES[comparison.verdict]


def reasons(comparison: Comparison) -> tuple[Reason, ...]:
    """What the verdict rests on, the strongest first."""
    if comparison.verdict == "not-comparable":
        return (Reason(comparison.sentence),)
    different = comparison.verdict == "different"
    found = [*_outputs(comparison), *(_differing(comparison) if different else _largest(comparison))]
    rest = (_compared(comparison), _nearer(comparison), _watching(comparison), _weights(comparison))
    return tuple(reason for reason in (*found, *rest, _undone(comparison)) if reason is not None)


def _outputs(comparison: Comparison) -> list[Reason]:
    told = []
    for output in comparison.outputs[:_SHOWN]:
        name, largest = elided(output.a), sizes(output.metrics)
        if output.identical:
            told.append(Reason(f"Output {name} is identical in every bit."))
        else:
            side = "within" if output.within_noise else "beyond"
            floor = f"its noise floor of {short(output.noise_floor)}"
            told.append(Reason(f"Output {name} differs by {largest} at most, {side} {floor}."))
    if rest := comparison.outputs[_SHOWN:]:
        within = sum(output.within_noise for output in rest)
        told.append(Reason(f"Of {len(rest)} more outputs {within} are within their noise floor."))
    return told


def _largest(comparison: Comparison) -> list[Reason]:
    """The layer that introduces most, measured by its noise floor."""
    measured = [layer for layer in comparison.layers if layer.introduced is not None and not _made_up_for(layer)]
    if not measured:
        return []
    worst = max(measured, key=_over_noise)
    introduced = worst.introduced.max_abs if worst.introduced else 0.0
    if not introduced:
        return [Reason("No layer introduces any difference.")]
    return [Reason(
        f"No layer introduces more than rounding: {elided(worst.a)} comes nearest with {short(introduced)}, "
        f"its noise floor is {short(worst.noise_floor)}.", worst.a)]  # fmt: skip


def _differing(comparison: Comparison) -> list[Reason]:
    layers = [layer for layer in comparison.layers if layer.status == "different"]
    told = [Reason(_of_layer(layer), layer.a) for layer in layers[:_SHOWN]]
    rest = len(layers) - len(told)
    return [*told, Reason(f"{rest} more introduce{'s' if rest == 1 else ''} a difference.")] if rest else told


def _of_layer(layer: LayerDifference) -> str:
    if layer.introduced is not None and _over_noise(layer) <= 1:
        return f"{elided(layer.a)} holds other weights; this input does not show it."
    return f"{elided(layer.a)} introduces {_introduced(layer)}{_floor(layer)}."


def _compared(comparison: Comparison) -> Reason:
    layers = [layer for layer in comparison.layers if layer.kind != "input"]
    total = len(layers)
    if not comparison.outputs:
        matched = sum(layer.b is not None for layer in layers)
        return Reason(f"Told from weights and settings alone; {matched} of {total} layers have a partner in B.")
    compared = sum(layer.status != "not-compared" for layer in layers)
    rest = f", {total - compared} could not be" if compared < total else ""
    return Reason(f"{compared} of {total} layers were compared{rest}.")


def _nearer(comparison: Comparison) -> Reason | None:
    """Which side is nearer to float64. Layers that differ are left out: theirs is no rounding."""
    pairs = [
        (layer.error_a, layer.error_b)
        for layer in comparison.layers
        if layer.error_a is not None and layer.error_b is not None and layer.status != "different"
    ]
    pairs = [pair for pair in pairs if all(map(math.isfinite, pair))]
    if not pairs:
        return None
    a, b = sum(a < b for a, b in pairs), sum(b < a for a, b in pairs)
    worst_a, worst_b = max(a for a, _ in pairs), max(b for _, b in pairs)
    of = "layer" if len(pairs) == 1 else f"{len(pairs)} layers"
    near = f"A is nearer in {a}, B in {b}" if a or b else "neither is nearer"
    return Reason(
        f"Against float64, over {of}: {near}; A's rounding is at most {short(worst_a)}, B's {short(worst_b)}."
    )


def _watching(comparison: Comparison) -> Reason | None:
    """A run whose watching changed something has said so in a warning."""
    if not comparison.outputs or any(warning.code == WATCHING for warning in comparison.warnings):
        return None
    return Reason("Watching changes nothing: the outputs of the runs with and without taps agree.")


def _weights(comparison: Comparison) -> Reason | None:
    counted = _relations(comparison)
    total = sum(counted.values())
    if not total:
        return None
    exact = counted["exact"] + counted["transposed"] + counted["permuted"]
    other = [
        layer for layer in comparison.layers for weight in layer.weights if weight.relation in ("different", "missing")
    ]
    differing = sum(layer.status != "not-compared" or not comparison.outputs for layer in other)
    unjudged = len(other) - differing
    left = f", {unjudged} stand in layers that could not be compared" if unjudged else ""
    if differing:
        return Reason(f"{differing} of {total} weights differ, {exact} are exactly equal{left}.")
    if unjudged:
        return Reason(f"{exact} of {total} weights are exactly equal{left}.")
    return Reason(f"{exact} of {total} weights are exactly equal, none differs.")


def _undone(comparison: Comparison) -> Reason | None:
    """What looks different and is the same: it was undone before the numbers were laid side by side."""
    counted = _relations(comparison)
    layers = [layer for layer in comparison.layers if layer.kind != "input"]
    told = [(counted[kind], "weight", kind) for kind in _SAME[1:]]
    told += [
        (sum(output.axes is not None for output in comparison.outputs), "output", "turned to A's layout"),
        (sum(map(_made_up_for, layers)), "layer", "written otherwise, which what follows undoes"),
        (sum(map(renames, layers)), "layer", "renamed"),
        (sum(layer.b is None for layer in layers), "layer", "without a tensor in B"),
    ]
    parts = [f"{number} {word if number == 1 else word + 's'} {what}" for number, word, what in told if number]
    return Reason(f"Undone, and no fault: {', '.join(parts)}.") if parts else None


def renames(layer: LayerDifference) -> bool:
    """Whether B calls a layer something else: no part of its tensor's name is the layer's own name."""
    if layer.b is None:
        return False
    own = layer.a.partition(":")[0].rsplit("/", 1)[-1]
    return own not in layer.b.partition(":")[0].split("/")


def _made_up_for(layer: LayerDifference) -> bool:
    """Whether a layer that counts as the same introduces a difference all the same: what follows takes it back."""
    return layer.status in ("same", "within-noise") and _over_noise(layer) > 1


def _relations(comparison: Comparison) -> Counter[str]:
    return Counter(weight.relation for layer in comparison.layers for weight in layer.weights)


def _introduced(layer: LayerDifference) -> str:
    return sizes(layer.introduced) if layer.introduced else "an unknown difference"


def _over_noise(layer: LayerDifference) -> float:
    introduced = layer.introduced.max_abs if layer.introduced else 0.0
    return introduced / layer.noise_floor if layer.noise_floor else math.inf if introduced else 0.0


def _floor(layer: LayerDifference) -> str:
    return "" if layer.noise_floor is None else f", its noise floor is {short(layer.noise_floor)}"
