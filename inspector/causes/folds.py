"""What a folded scale and offset are made of: the right formula, and the mistakes that people make with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inspector.causes.arrays import close
from inspector.causes.case import Array
from inspector.domain.wording import short

NEAR = 1e-4


@dataclass(frozen=True, slots=True)
class FoldedNorm:
    """A's batch norm in float64 vectors, with the kernel and bias of the convolution before it."""

    mean: Array
    variance: Array
    gamma: Array
    beta: Array
    epsilon: float
    kernel: Array | None
    bias: Array
    factors: Array  # the scale as the kernel's trailing axes have it, flat

    @property
    def scale(self) -> Array:
        return self.gamma / np.sqrt(self.variance + self.epsilon)


def of_scale(scale: Array, norm: FoldedNorm, others: Mapping[str, Array]) -> str:
    """What B's scale is made of, empty when it is right or nothing known gives it."""
    right, root = norm.scale, np.sqrt(norm.variance + norm.epsilon)
    if close(right, scale, NEAR):
        return ""
    ways = {
        "the kernel was not scaled": np.ones_like(right),
        "gamma was forgotten": 1.0 / root,
        "the variance was not put under a root": norm.gamma / (norm.variance + norm.epsilon),
        "the variance was forgotten": norm.gamma,
        "it was folded twice": right**2,
        "the kernel was divided by the scale": 1.0 / np.where(right == 0, np.inf, right),
        "the kernel was multiplied by the deviation": norm.gamma * root,
        **{f"with the scale of `{name}`": other for name, other in others.items()},
    }
    found = next((told for told, values in ways.items() if close(values, scale, NEAR)), "")
    return found or _epsilon_of(scale, norm)


def _epsilon_of(scale: Array, norm: FoldedNorm) -> str:
    """Another epsilon: (gamma / scale)^2 - variance, the same for all channels."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (norm.gamma / scale) ** 2 - norm.variance
        middle = float(np.median(found)) if np.isfinite(found).all() else float("nan")
        fits = middle > -1e-6 and close(norm.gamma / np.sqrt(norm.variance + middle), scale, NEAR)
    if not fits:
        return ""
    return f"with epsilon {short(max(middle, 0.0) if middle > 1e-6 else 0.0)} instead of {short(norm.epsilon)}"


def of_offset(offset: Array, scale: Array, norm: FoldedNorm, bias: Array) -> str:
    """What B's offset is made of; `scale` is the one that B's kernel has."""
    for s in (norm.scale, scale):
        mean, beta = norm.mean, norm.beta
        ways = {
            "": beta + (bias - mean) * s,
            "the mean was forgotten": beta + bias * s,
            "beta was forgotten": (bias - mean) * s,
            "the convolution's own bias was forgotten": beta - mean * s,
            "the convolution's bias was not scaled": beta - mean * s + bias,
            "the mean was not scaled": beta + bias * s - mean,
            "the mean has the wrong sign": beta + (bias + mean) * s,
            "only beta is in it": beta,
            "only the convolution's bias is in it": bias,
        }
        told = next((told for told, values in ways.items() if close(values, offset, NEAR)), None)
        if told is not None:
            return told
    return ""
