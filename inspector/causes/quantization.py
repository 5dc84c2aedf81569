"""`quantization`: weights on a coarse grid, a bad scale, saturation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import Pair, edits, pairs
from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.domain.comparison import LayerDifference

CAUSE = "quantization"
CLIPPED = 0.01
LEVELS = 260
QUANTIZED = ("int8", "uint8", "int16", "dynamic")


def suspect(case: Case) -> Iterator[Suspicion]:
    """By the weights' grid; by the share of activations at an end of their range on a quantized side."""
    for item, _, _ in case.suspects():
        told = next((told for pair in pairs(case, item) if (told := of_weights(pair))), "")
        if told:
            yield _suspicion(
                item, told, 0.95, Trial(text=f"A's weights put into `{item.a}`", edits=edits(case, [item]))
            )
        elif item.clipped is not None and item.clipped > CLIPPED:
            told = f"{item.clipped:.1%} of its values lie at an end of the range that it can hold"
            yield _suspicion(item, told, 0.9, None)
        elif item.status == "different" and any(p.startswith(QUANTIZED) for p in (case.a.precision, case.b.precision)):
            yield _suspicion(item, "it introduces more than its own precision explains", 0.6, None)


def _suspicion(item: LayerDifference, told: str, confidence: float, trial: Trial | None) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` is quantized badly in B: {told}",
        layer_a=item.a,
        layer_b=item.b or "",
        layers=(item.a,),
        confidence=confidence,
        evidence=told,
        mend="quantize per channel with representative inputs (converter.representative_dataset); or keep it in float",
        trial=trial,
    )


def of_weights(pair: Pair) -> str:
    """What the numbers say: few levels at even distances; all times one factor; cut off at a limit."""
    if pair.weight.relation not in ("different", "rounded") or pair.a.size < 16:
        return ""
    a, b = pair.a, pair.b
    apart = np.abs(a - b).max()
    if apart <= 1e-6 * np.abs(a).max():
        return ""
    step = grid(b)
    if step and not grid(a) and apart <= 1.01 * step:
        return f"{pair.weight.role} stands on a grid of {step:.3g}: {int(np.ptp(b) / step) + 1} levels"
    limit = float(np.abs(b).max())
    inside = np.abs(a) < limit * (1 - 1e-6)
    if limit < np.abs(a).max() * 0.999 and inside.any() and np.abs((a - b)[inside]).max() <= max(step, 1e-6 * limit):
        return f"{pair.weight.role} is cut off at {limit:.3g}: {1 - inside.mean():.1%} of its numbers"
    return _scaled(a, b, pair.weight.role, step)


def _scaled(a: Array, b: Array, role: str, step: float) -> str:
    """All numbers times one factor, as with a scale of another tensor; a power of two, 127/128, ..."""
    if role in ("moving_mean", "moving_variance", "gamma", "beta"):
        return ""
    factor = float((a * b).sum() / (a * a).sum())
    if factor and abs(factor - 1) > 1e-4 and np.abs(b - factor * a).max() <= max(0.51 * step, 1e-5 * np.abs(b).max()):
        return f"{role} is A's times {factor:.6g}: a bad scale"
    columns = a.reshape(-1, a.shape[-1]), b.reshape(-1, a.shape[-1])
    offset = float((b - a).mean())
    if offset and np.abs(b - a - offset).max() <= max(0.51 * step, 1e-5 * np.abs(b).max()) and len(columns[0]) > 1:
        return f"{role} is A's plus {offset:.4g}: a zero point that is off"
    return ""


def grid(array: Array) -> float:
    """The distance of neighbouring values when there are few of them at even distances, of each channel; 0 if not."""
    values = np.unique(array)
    if 2 < len(values) <= LEVELS and array.size > 2 * len(values):
        return _even(values)
    columns = array.reshape(-1, array.shape[-1])
    if array.ndim < 2 or len(columns) < 8:
        return 0.0
    steps = [_even(np.unique(column)) for column in columns.T]
    few = all(steps) and max(np.ptp(c) / s for c, s in zip(columns.T, steps, strict=True)) <= LEVELS
    return max(steps) if few and len(columns) > 16 else 0.0


def _even(values: Array) -> float:
    gaps = np.diff(values)
    if len(gaps) < 2:
        return 0.0
    step = float(gaps.min())
    size = float(np.abs(values).max())
    if step <= 1e-6 * size:
        return 0.0
    whole = np.round(gaps / step)
    step = float(gaps.sum() / whole.sum())
    return step if np.abs(gaps - np.round(gaps / step) * step).max() <= 0.02 * step else 0.0
