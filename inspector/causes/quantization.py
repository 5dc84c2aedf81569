"""`quantization`: weights on a coarse grid, a bad scale, saturation; activations on a grid or cut off."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import Pair, edits, layers_with_weights, named, pairs, stories
from inspector.causes.case import Case, Sample, Suspicion, Trial
from inspector.causes.grids import grid, levels, off_by_one_factor
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import percent, short

CAUSE = "quantization"
FEWEST = 2
CLIPPED = 0.01
QUANTIZED = ("int8", "uint8", "int16", "dynamic")
LOOKED = 2**16
MOST = 0.9
VECTORS = ("moving_mean", "moving_variance", "gamma", "beta", "bias")
WRONG = ("cut off", "a bad scale", "a zero point")
MEND = (
    "quantize with representative inputs (converter.representative_dataset = ...), weights per channel; or leave this "
    "layer in float"
)


def suspect(case: Case) -> Iterator[Suspicion]:
    """By the weights; by the activations; by the share of them at an end of the range that a side can hold."""
    of_weights_: list[tuple[LayerDifference, str]] = []
    steps = {
        weight.id
        for side in (case.a, case.b)
        for layer in side.computation.layers
        for weight in layer.weights
        if weight.step
    }
    for item, a, b in case.suspects():
        both = list(pairs(case, item, ("different", "rounded")))
        told = next(
            (told for pair in both if (told := of_weights(pair, stated=bool({pair.weight.a, pair.weight.b} & steps)))),
            "",
        )
        if told:
            of_weights_.append((item, told))
            continue
        told, sure = _of_activations(case, item, a, b)
        if told:
            trial = Trial(text=f"A's `{item.a}` in the place of B's") if item.clipped is None else None
            yield _suspicion([(item, told)], sure, trial)
    for story in stories(of_weights_, len(layers_with_weights(case))):
        layers = [item for item, _ in story]
        text = f"A's weights put into {named([item.a for item in layers])}"
        yield _suspicion(story, 0.95, Trial(text=text, edits=edits(case, layers)))


def _suspicion(story: list[tuple[LayerDifference, str]], confidence: float, trial: Trial | None) -> Suspicion:
    layers = tuple(item.a for item, _ in story)
    told = story[0][1]
    several = f"{len(layers)} layers are" if len(layers) > 1 else f"`{layers[0]}` is"
    return Suspicion(
        cause=CAUSE,
        title=f"{several} quantized badly in B: {told}",
        layer_a=layers[0],
        layer_b=story[0][0].b or "",
        layers=layers,
        confidence=confidence,
        evidence="; ".join(f"`{item.a}`: {text}" for item, text in story[:3]),
        mend=MEND,
        trial=trial,
    )


def of_weights(pair: Pair, *, stated: bool = False) -> str:
    """What the numbers say: they stand on a grid, are cut off at a limit, or are all times a factor of a scale.

    `stated`: B says that it is quantized; then a grid is no news, and only what is wrong with it is told."""
    a, b, role = pair.a, pair.b, pair.weight.role
    if a.size < 16 or not np.isfinite(b).all() or float(np.abs(a - b).max()) <= 1e-6 * pair.size:
        return ""
    step = grid(b)
    if stated:
        wrong = _beside(pair, step) if step else ""
        return f"{role} is quantized{wrong}" if any(word in wrong for word in WRONG) else ""
    if step and not grid(a):
        return f"{role} stands on a grid of {short(step)} ({levels(b, step)} levels){_beside(pair, step)}"
    cut = _cut(pair)
    if cut:
        return f"{role} is {cut}"
    factor = off_by_one_factor(a, b) if not role.endswith(VECTORS) else 0.0
    return f"{role} is A's times {factor:.6g}: a scale that belongs elsewhere" if factor else ""


def _beside(pair: Pair, step: float) -> str:
    """What is wrong besides the rounding: the scale, the zero point, the range."""
    a, b = pair.a.ravel(), pair.b.ravel()
    if np.abs(a - b).max() <= 0.76 * step:
        return f", {short(float(np.abs(a - b).max()))} away from A's at most"
    cut = _cut(pair)
    if cut:
        return f", and is {cut}"
    factor = float(a @ b / (a @ a))
    if np.abs(b - factor * a).max() <= 0.76 * step and abs(factor - 1) > 1e-3:
        return f", and is A's times {factor:.4g}: a bad scale"
    offset = float((b - a).mean())
    if np.abs(b - a - offset).max() <= 0.76 * step:
        return f", and is A's plus {short(offset)}: a zero point that is off"
    return f", up to {short(float(np.abs(a - b).max()))} away from A's"


def _cut(pair: Pair) -> str:
    """Cut off at a limit on each side: what lies inside is A's, to a step. One number beyond an end is no limit: it may
    be the one that was changed."""
    a, b = pair.a, pair.b
    low, high = float(b.min()), float(b.max())
    if low <= float(a.min()) and high >= float(a.max()):
        return ""
    step = max(grid(b), 1e-6 * pair.size)
    beyond = (a > high + step) | (a < low - step)
    inside = (a < high - step) & (a > low + step)
    at_end = (b >= high - 1.01 * step) | (b <= low + 1.01 * step)
    several = max(int((a > high + step).sum()), int((a < low - step).sum())) >= FEWEST
    if not several or not inside.any() or not at_end[beyond].all():
        return ""
    if np.abs(a - b)[inside].max() > 1.01 * step:
        return ""
    ends = f"{short(low)} and {short(high)}"
    return f"cut off at {ends}: {percent(float(beyond.mean()))} of A's numbers lie beyond"


def _of_activations(case: Case, item: LayerDifference, a: Layer, b: Layer | None) -> tuple[str, float]:
    if item.clipped is not None and item.clipped > CLIPPED:
        return f"{percent(item.clipped)} of its values lie at an end of the range that it can hold", 0.9
    if item.status != "different":
        return "", 0.0
    told = _rounded(case.sample(item.a))
    if told:
        return told, 0.95
    told = _fake_quantized(case, a, b)
    if told:
        return told, 0.93
    if any(precision.startswith(QUANTIZED) for precision in (case.a.precision, case.b.precision)):
        return "it introduces more than its own precision explains", 0.6
    return "", 0.0


def _rounded(sample: Sample | None) -> str:
    """B's activations have few levels where A's have many."""
    if sample is None or sample.b.dtype.kind != "f" or sample.b.size < 64:
        return ""
    a, b = (np.asarray(array, np.float64).ravel()[:LOOKED] for array in (sample.a, sample.b))
    if not np.isfinite(b).all() or np.ptp(b) == 0:
        return ""
    step = grid(b, per_channel=False)
    if not step or step <= 4 * sample.noise_floor or grid(a, per_channel=False):
        return ""
    beyond = (a > b.max() + step) | (a < b.min() - step)
    if (np.abs(a - b)[~beyond] <= 1.01 * step).mean() < MOST:
        return ""  # few values for another reason
    cut = float(beyond.mean())
    lost = f"; {percent(cut)} of A's values lie beyond them" if cut else ""
    return f"its values stand on {levels(b, step)} levels, {short(step)} apart{lost}"


def _fake_quantized(case: Case, a: Layer, b: Layer | None) -> str:
    """A FakeQuant node of B that ends the layer or stands right before it, where A has none."""
    if b is None or any(layer.kind == "fake_quant" for layer in case.a.computation.layers):
        return ""
    makers = {tensor: layer for layer in case.b.computation.layers for tensor in (*layer.outputs, *layer.aliases)}
    before = [makers[name] for name in b.inputs if name in makers]
    found = next((layer for layer in (b, *before) if layer.kind == "fake_quant"), None)
    if found is None:
        return ""
    given = ", ".join(f"{key} {found.settings[key]}" for key in ("min", "max", "num_bits") if key in found.settings)
    what = f"what `{a.name}` {'gives' if found is b else 'reads'} is quantized by `{found.name}`"
    return what + (f" ({given})" if given else "")
