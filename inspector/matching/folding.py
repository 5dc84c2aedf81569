"""Batch norm folded into the convolution before it: B's kernel is A's kernel times the norm's scale."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Weight
from inspector.domain.match import WeightDifference
from inspector.matching.affine import scale_and_offset
from inspector.matching.contents import CHUNK, Contents, size_of
from inspector.matching.numbers import HALF_STEP, Gap, numbers
from inspector.matching.steps import Step
from inspector.matching.sweep import Placed, Sweep

Float64 = NDArray[np.float64]
FOLDABLE = frozenset(
    {
        "conv1d",
        "conv2d",
        "conv3d",
        "depthwise_conv2d",
        "dense",
        "conv2d_transpose",
        "conv1d_transpose",
        "conv3d_transpose",
    }
)
CLOSE = 1e-5
PROPORTIONAL = 1e-3
HALF = 2.0**-10


def folded_pairs(sweep: Sweep, contents: Contents) -> dict[int, tuple[int, tuple[WeightDifference, ...]]]:
    """Index of A's batch norm step -> (index of the convolution step that took it in, the records)."""
    found = {}
    makers = {step.output: index for index, step in enumerate(sweep.steps_a)}
    for index, step in enumerate(sweep.steps_a):
        if step.kind != "batch_norm" or len(step.inputs) != 1:
            continue
        before = makers.get(step.inputs[0])
        placed, own = (sweep.placed.get(place) for place in (-1 if before is None else before, index))
        if before is None or placed is None or sweep.steps_a[before].kind not in FOLDABLE:
            continue
        # What follows may have led the sweep back to the convolution. Where it led beyond, the weights decide: a
        # kernel and a bias that hold the whole norm leave nothing of it to stand elsewhere.
        elsewhere = own is not None and own.b != placed.b
        if elsewhere and _is_settled(sweep, step, own):
            continue
        records = _compare(contents, sweep.steps_a[before], step, sweep.steps_b[placed.b])
        if records and (not elsewhere or _holds_all(records)):
            found[index] = (before, records)
    return found


def _is_settled(sweep: Sweep, step: Step, own: Placed | None) -> bool:
    """Whether the norm's own place is a batch norm of B, or a person's choice."""
    return own is not None and (sweep.steps_b[own.b].kind == "batch_norm" or step.layer.name in sweep.forced)


def _holds_all(records: tuple[WeightDifference, ...]) -> bool:
    return len(records) == 2 and all(record.relation == "folded" for record in records)


def pattern(kernel: Weight, scale: Float64, kind: str) -> Float64:
    """What each element of a kernel's trailing axes is multiplied by, flat: the kernel repeats it.

    Kernels are HWIO, HWIM for depthwise (scale is I*M long), HWOI transposed, IO dense."""
    if kind.endswith("transpose"):
        return np.repeat(scale, kernel.shape[-1])
    return scale


def _compare(contents: Contents, conv: Step, norm: Step, b: Step) -> tuple[WeightDifference, ...]:
    kernel_a, kernel_b = _of_role(conv, "kernel"), _of_role(b, "kernel")
    if kernel_a is None or kernel_b is None or size_of(kernel_a) != size_of(kernel_b):
        return ()
    if contents.same(kernel_a, kernel_b):
        return ()
    scale, offset = scale_and_offset(norm.layer, lambda weight: contents.values("a", weight))
    factors = pattern(kernel_a, scale, conv.kind)
    if not size_of(kernel_a) or size_of(kernel_a) % factors.size:
        return ()
    gap, proportional = Gap(), True
    for one, other in _rows(contents, kernel_a, kernel_b, factors.size):
        gap.add((one * factors).ravel(), other.ravel())
        proportional = proportional and _proportional(one, other)
    allowed = CLOSE * gap.scale + coarseness(kernel_b, gap.scale)
    if gap.largest > allowed and not proportional:
        return ()
    names = f"{kernel_a.id} {norm.layer.name}"
    kernel = _record(gap, "kernel", names, kernel_a.shape, kernel_b)
    bias_b = _of_role(b, "bias")
    if bias_b is None or size_of(bias_b) != scale.size:
        return (kernel,)
    return kernel, _bias(contents, conv, scale, offset, bias_b)


def coarseness(weight: Weight, scale: float) -> float:
    """How far rounding takes a weight's values: half a quantization step, or float16's spacing."""
    return HALF_STEP * weight.step + (HALF * scale if weight.dtype == "float16" else 0.0)


def _bias(contents: Contents, conv: Step, scale: Float64, offset: Float64, bias_b: Weight) -> WeightDifference:
    """B's bias is the norm's offset, and A's bias times the scale where the convolution has one."""
    bias_a = _of_role(conv, "bias")
    expected = offset if bias_a is None else offset + contents.values("a", bias_a).astype(np.float64) * scale
    gap = Gap()
    gap.add(expected, contents.values("b", bias_b).astype(np.float64).ravel())
    name = conv.layer.name if bias_a is None else bias_a.id
    return _record(gap, "bias", f"{name} offset", expected.shape, bias_b)


def _record(gap: Gap, role: str, names: str, shape: tuple[int, ...], b: Weight) -> WeightDifference:
    coarse = coarseness(b, gap.scale)
    close = gap.largest <= CLOSE * max(gap.scale, 1.0 if role == "bias" else 0.0) + coarse
    what = "A's times the batch norm's scale" if role == "kernel" else "the batch norm's offset"
    agrees = f"to {gap.largest:.1e}" if close else f"but for up to {gap.largest:.3g}"
    detail = f"B's {role} is {what}, {'rounded, ' if coarse else ''}{agrees}"
    return numbers(
        gap, "folded" if close else "different", detail, a=names, b=b.id, role=role, shape_a=shape, shape_b=b.shape
    )


def _rows(contents: Contents, a: Weight, b: Weight, width: int) -> Iterator[tuple[Float64, Float64]]:
    """Both kernels as rows of `width`, in pieces."""
    step = max(1, CHUNK // width) * width
    for start in range(0, size_of(a), step):
        stop = min(start + step, size_of(a))
        one, other = contents.piece("a", a, start, stop), contents.piece("b", b, start, stop)
        yield one.astype(np.float64).reshape(-1, width), other.astype(np.float64).reshape(-1, width)


def _proportional(a: Float64, b: Float64) -> bool:
    """Whether each column of B is a multiple of A's: folded, though with another scale than A's norm has."""
    if len(a) < 2:
        return False
    factors = (a * b).sum(0) / np.maximum((a * a).sum(0), 1e-30)
    return float(np.abs(b - a * factors).max(initial=0.0)) <= PROPORTIONAL * float(np.abs(b).max(initial=0.0))


def _of_role(step: Step, role: str) -> Weight | None:
    return next((weight for weight in step.weights if role in weight.role), None)
