"""Batch norm folded into the convolution before it: B's kernel is A's kernel times the norm's scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.domain.computation import Weight
from inspector.domain.match import WeightDifference
from inspector.matching.affine import scale_and_offset
from inspector.matching.contents import Contents
from inspector.matching.steps import Step
from inspector.matching.sweep import Sweep

FOLDABLE = frozenset({"conv1d", "conv2d", "conv3d", "depthwise_conv2d", "dense", "conv2d_transpose"})
CLOSE = 1e-4


def folded_pairs(sweep: Sweep, contents: Contents) -> dict[int, tuple[int, WeightDifference]]:
    """Index of A's batch norm step -> (index of the convolution step that took it in, the record)."""
    found = {}
    for index, step in enumerate(sweep.steps_a):
        if step.kind != "batch_norm" or index in sweep.placed or len(step.inputs) != 1:
            continue
        before = _maker(sweep, step.inputs[0])
        placed = sweep.placed.get(before) if before is not None else None
        if before is None or placed is None or sweep.steps_a[before].kind not in FOLDABLE:
            continue
        record = _compare(contents, sweep.steps_a[before], step, sweep.steps_b[placed.b])
        if record is not None:
            found[index] = (before, record)
    return found


def _maker(sweep: Sweep, tensor: str) -> int | None:
    return next((i for i, step in enumerate(sweep.steps_a) if step.output == tensor), None)


def _compare(contents: Contents, conv: Step, norm: Step, b: Step) -> WeightDifference | None:
    kernel_a, kernel_b = _kernel(conv), _kernel(b)
    if kernel_a is None or kernel_b is None or kernel_a.shape != kernel_b.shape or contents.same(kernel_a, kernel_b):
        return None
    scale, _ = scale_and_offset(norm.layer, lambda weight: contents.values("a", weight))
    expected = times_scale(contents.values("a", kernel_a).astype(np.float64), scale, conv.kind)
    gap = float(np.abs(expected - contents.values("b", kernel_b)).max(initial=0.0))
    size = float(np.abs(expected).max(initial=0.0))
    if gap > CLOSE * max(size, 1e-12):
        return None
    return WeightDifference(
        a=f"{kernel_a.id} {norm.layer.name}", b=kernel_b.id, role=kernel_a.role, relation="folded",
        shape_a=kernel_a.shape, shape_b=kernel_b.shape, max_abs=gap, max_rel=gap / size if size else None,
        detail=f"B's kernel is A's times the batch norm's scale, to {gap:.1e}")


def times_scale(kernel: NDArray[Any], scale: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    """The kernel (HWIO, HWIM for depthwise, HWOI transposed, IO dense) with each output channel scaled."""
    if kind == "depthwise_conv2d":
        return np.asarray(kernel * scale.reshape(kernel.shape[-2:]), np.float64)
    if kind == "conv2d_transpose":
        return np.asarray(kernel * scale[:, None], np.float64)
    return np.asarray(kernel * scale, np.float64)


def _kernel(step: Step) -> Weight | None:
    return next((weight for weight in step.weights if "kernel" in weight.role), None)
