"""Why the verdict is what it is, in sentences with the numbers. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.domain.comparison import Comparison, LayerDifference
from inspector.domain.wording import elided, short

TITLES = {
    "same": "The same in every bit",
    "within-noise": "The same within rounding",
    "different": "They differ, and no known cause explains it",
    "not-comparable": "They cannot be compared",
}
MEASURED = "What was measured"  # the title where a finding above says why
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence; `layer` is the layer of A it speaks of, or empty."""

    text: str
    layer: str = ""


def reasons(comparison: Comparison) -> tuple[Reason, ...]:
    """What the verdict rests on, the strongest first."""
    if comparison.verdict == "not-comparable":
        return (Reason(comparison.sentence),)
    found = [*_outputs(comparison)]
    found += _differing(comparison) if comparison.verdict == "different" else _largest(comparison)
    return tuple(reason for reason in (*found, _weights(comparison), _compared(comparison)) if reason is not None)


def _outputs(comparison: Comparison) -> list[Reason]:
    told = []
    for output in comparison.outputs:
        name, largest = elided(output.a), short(output.metrics.max_abs)
        if output.identical:
            told.append(Reason(f"Output {name} is identical in every bit."))
        else:
            side = "within" if output.within_noise else "beyond"
            floor = f"its noise floor of {short(output.noise_floor)}"
            told.append(Reason(f"Output {name} differs by {largest} at most, {side} {floor}."))
    return told


def _largest(comparison: Comparison) -> list[Reason]:
    """The layer that introduces most, measured by its noise floor."""
    measured = [layer for layer in comparison.layers if layer.introduced is not None]
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
    told = [
        Reason(f"{elided(layer.a)} introduces {_introduced(layer)}{_floor(layer)}.", layer.a)
        for layer in layers[:_SHOWN]
    ]
    rest = len(layers) - len(told)
    return [*told, Reason(f"{rest} more introduce a difference.")] if rest else told


def _weights(comparison: Comparison) -> Reason | None:
    weights = [weight for layer in comparison.layers for weight in layer.weights]
    if not weights:
        return None
    exact = sum(weight.relation in ("exact", "transposed", "permuted") for weight in weights)
    differing = sum(weight.relation == "different" for weight in weights)
    if differing:
        return Reason(f"{differing} of {len(weights)} weights differ, {exact} are exactly equal.")
    return Reason(f"{exact} of {len(weights)} weights are exactly equal, none differs.")


def _compared(comparison: Comparison) -> Reason:
    layers = [layer for layer in comparison.layers if layer.kind != "input"]
    total = len(layers)
    compared = sum(layer.status != "not-compared" for layer in layers)
    rest = f", {total - compared} could not be" if compared < total else ""
    return Reason(f"{compared} of {total} layers were compared{rest}.")


def _introduced(layer: LayerDifference) -> str:
    return short(layer.introduced.max_abs) if layer.introduced else "an unknown difference"


def _over_noise(layer: LayerDifference) -> float:
    introduced = layer.introduced.max_abs if layer.introduced else 0.0
    return introduced / layer.noise_floor if layer.noise_floor else introduced


def _floor(layer: LayerDifference) -> str:
    return "" if layer.noise_floor is None else f", its noise floor is {short(layer.noise_floor)}"
