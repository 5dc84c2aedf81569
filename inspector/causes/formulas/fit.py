"""A layer computed anew: does the formula give A's numbers, and with which one thing changed does it give B's?

Only numbers that tell are looked at: the samples that differ most, and of wide layers some of the filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspector.causes.case import Array, Case, Sample
from inspector.causes.formulas.chain import Behind, chain, through
from inspector.causes.formulas.compute import LINEAR, compute
from inspector.causes.formulas.masks import mask_of
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

SAMPLES = 2
MOST_WORK = 2e8  # multiplications
RELATIVE = 2e-5  # of the largest value: float32 sums of a few thousand terms
CHANGED = ("different",)
RECURRENT = ("lstm", "gru", "simple_rnn", "bidirectional", "conv_lstm1d", "conv_lstm2d", "conv_lstm3d")
Raw = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Fit:
    """A layer's arrays of the first samples in float64, and how near a formula must come to be the one."""

    inputs: tuple[Array, ...]
    a: Array
    b: Array
    tolerance: float


def fit_of(sample: Sample | None, *, samples: int = SAMPLES) -> Fit | None:
    """None where there are no arrays, or none that are finite numbers."""
    if sample is None:
        return None
    arrays = [np.asarray(array[:samples], np.float64) for array in (*sample.inputs, sample.a, sample.b) if array.ndim]
    if len(arrays) != len(sample.inputs) + 2 or not all(np.isfinite(array).all() for array in arrays):
        return None
    *inputs, a, b = arrays
    size = float(np.abs(b).max(initial=0.0))
    return Fit(tuple(inputs), a, b, max(2.0 * sample.noise_floor, RELATIVE * size))


def fits(found: Array | None, wanted: Array, tolerance: float) -> bool:
    """Whether a formula gives these numbers everywhere."""
    if found is None or found.size != wanted.size or not np.isfinite(found).all():
        return False
    return bool(np.abs(found.reshape(wanted.shape) - wanted).max(initial=0.0) <= tolerance)


@dataclass(frozen=True, slots=True)
class Refit:
    """A layer with its arrays in float64. `gap`: how far A and B are apart there; `noise` in the same units.

    `behind`: layers that follow; then `a` and `b` are the last one's. `shape` is that of the layer's own output."""

    layer: Layer
    weights: Mapping[str, Array]
    inputs: tuple[Array, ...]
    a: Array
    b: Array
    noise: float
    shape: tuple[int, ...]
    behind: tuple[Behind, ...] = ()

    @property
    def gap(self) -> float:
        return distance(self.a, self.b)

    def own(self, layer: Layer | None = None) -> bool:
        """Whether the layer's own formula gives A's output."""
        size = float(np.abs(self.a).max(initial=0.0))
        near = min(max(2.0 * self.noise, RELATIVE * size), 0.5 * self.gap)
        return self.far_of(compute(layer or self.layer, self.inputs, self.weights), self.a) <= near

    def far(self, layer: Layer, weights: Mapping[str, Array] | None = None) -> float:
        """How far what this layer would give is from B's output; infinite where it is none of its size."""
        return self.far_of(compute(layer, self.inputs, self.weights if weights is None else weights))

    def far_of(self, value: Array | None, wanted: Array | None = None) -> float:
        """How far this output of the layer is from B's (or from what is wanted), behind what follows it."""
        with np.errstate(all="ignore"):
            return distance(self.b if wanted is None else wanted, through(self.behind, value))

    def near(self, found: float) -> bool:
        """Whether a distance from B is rounding, and no tenth of what A differs by."""
        size = float(np.abs(self.b).max(initial=0.0))
        return found <= min(max(2.0 * self.noise, min(RELATIVE * size, 0.1 * self.gap)), 0.25 * self.gap)

    def gives(self, layer: Layer, weights: Mapping[str, Array] | None = None) -> bool:
        """Whether the layer so changed gives B's output to its noise floor."""
        return self.near(self.far(layer, weights))

    def changed(self, **settings: Any) -> Layer:
        """The layer with other settings; None takes one away."""
        merged = {**self.layer.settings, **settings}
        return replace(self.layer, settings={key: value for key, value in merged.items() if value is not None})


def distance(wanted: Array, found: Array | None) -> float:
    """The largest distance; infinite for another number of elements, or numbers that are none."""
    if found is None or found.size != wanted.size or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found.reshape(wanted.shape) - wanted).max(initial=0.0))


def refit(
    case: Case, item: LayerDifference, layer: Layer, *, samples: int = SAMPLES, most: float = MOST_WORK
) -> Refit | None:
    """None where the layer's arrays are not known or not finite, or its weights are not the same on both sides."""
    if any(weight.relation in CHANGED for weight in item.weights):
        return None
    return refit_anyway(case, item, layer, samples=samples, most=most)


def refit_anyway(
    case: Case, item: LayerDifference, layer: Layer, *, samples: int = SAMPLES, most: float = MOST_WORK
) -> Refit | None:
    """Like `refit`, whatever the weights of B are."""
    sample = case.sample(item.a) if item.status != "not-compared" else None
    behind: tuple[Behind, ...] = ()
    chained = chain(case, layer) if sample is None and item.status == "not-compared" and case.ran else None
    if chained is not None:
        sample, behind = chained
    if sample is None or not sample.inputs or sample.a.shape != sample.b.shape or not sample.a.size:
        return None
    mask = mask_of(case, layer.inputs[0]) if layer.kind in RECURRENT and layer.inputs and case.ran else None
    if mask is not None:
        sample = replace(sample, inputs=(*sample.inputs, mask[: len(sample.a)]))
        layer = replace(layer, settings={**layer.settings, "masked": True})
    inputs, a, b, chosen = _telling(sample, samples)
    behind = tuple(replace(step, inputs=tuple(_rows(array, chosen) for array in step.inputs)) for step in behind)
    raw: Raw = {weight.role: np.asarray(case.values_a(weight.id)).reshape(weight.shape) for weight in layer.weights}
    if behind:
        return _made(layer, raw, (inputs, a, b), sample.noise_floor, behind)
    inputs, a, b = _channels_last(layer, inputs, a, b)
    work = _work(layer, raw, a)
    if work > most and len(a) > 1:
        inputs, a, b = tuple(x[:1] if len(x) == len(a) else x for x in inputs), a[:1], b[:1]
        work = _work(layer, raw, a)
    if work > most:
        narrowed = _narrowed(layer, raw, a.shape[-1], most / work)
        if narrowed is None:
            return None
        raw, filters = narrowed
        a, b = a[..., filters], b[..., filters]
    return _made(layer, raw, (inputs, a, b), sample.noise_floor, ())


def _made(
    layer: Layer, raw: Raw, arrays: tuple[tuple[Array, ...], Array, Array], noise: float, behind: tuple[Behind, ...]
) -> Refit | None:
    """In float64; None where something is no finite number."""
    inputs, a, b = arrays
    exact = [np.asarray(array, np.float64) for array in (*inputs, a, b)]
    if not all(np.isfinite(array).all() for array in exact):
        return None
    weights = {role: np.asarray(array, np.float64) for role, array in raw.items()}
    own = compute(layer, exact[:-2], weights) if behind else exact[-2]
    if own is None:
        return None
    return Refit(layer, weights, tuple(exact[:-2]), exact[-2], exact[-1], noise, own.shape, behind)


def _telling(sample: Sample, samples: int) -> tuple[tuple[Array, ...], Array, Array, Array | None]:
    """The samples in which A and B are furthest apart, where the first axis is the samples', and which they are."""
    a, b = sample.a, sample.b
    count = a.shape[0] if a.ndim else 0
    if count <= samples or any(array.shape[:1] != (count,) for array in sample.inputs):
        return sample.inputs, a, b, None
    apart = np.abs(np.asarray(a, np.float64) - b).reshape(count, -1).max(1)
    chosen = np.sort(np.argsort(-np.nan_to_num(apart, nan=np.inf), kind="stable")[:samples])
    return tuple(array[chosen] for array in sample.inputs), a[chosen], b[chosen], chosen


def _rows(array: Array, chosen: Array | None) -> Array:
    return array if chosen is None or not array.size or array.shape[0] <= int(chosen.max()) else array[chosen]


def _channels_last(
    layer: Layer, inputs: tuple[Array, ...], a: Array, b: Array
) -> tuple[tuple[Array, ...], Array, Array]:
    """What lies channels first is turned, so that nothing else needs to know of it."""
    rank = inputs[0].ndim
    if layer.settings.get("data_format") != "channels_first" or rank < 3:
        return inputs, a, b
    turned = tuple(np.moveaxis(x, 1, -1) for x in inputs)
    if a.ndim != rank or layer.kind in ("flatten", "reshape"):
        return turned, a, b
    return turned, np.moveaxis(a, 1, -1), np.moveaxis(b, 1, -1)


def _work(layer: Layer, raw: Raw, a: Array) -> float:
    """Multiplications: of a kernel, once for each place of the output."""
    kernels = [array for role, array in raw.items() if role.endswith("kernel")]
    if layer.kind in RECURRENT and kernels:
        axes = kernels[0].ndim  # a state has one axis less, besides the samples'
        steps = a.shape[1] if a.ndim == axes + 1 else 64
        places = float(np.prod(a.shape[1 - axes : -1])) if axes > 2 else 1.0
        return float(sum(array.size for array in kernels)) * len(a) * steps * places
    if layer.kind not in LINEAR or not kernels:
        return float(a.size)
    places = a.size / max(a.shape[-1], 1)
    return float(places * sum(array.size for array in kernels))


def _narrowed(layer: Layer, raw: Raw, filters: int, share: float) -> tuple[Raw, Array] | None:
    """Some filters of a kernel whose last axis they are, so that the work is bounded; None for other layers."""
    keep = max(1, int(filters * share))
    kernel = raw.get("pointwise_kernel", raw.get("kernel"))
    whole = layer.settings.get("activation") in ("softmax", "log_softmax")
    grouped = layer.settings.get("groups", 1) not in (None, 1)
    if whole or grouped or kernel is None or kernel.shape[-1] != filters or "transpose" in layer.kind:
        return None
    if layer.kind not in LINEAR:
        return None
    chosen = np.sort(np.random.default_rng(0).choice(filters, keep, replace=False))
    kept = ("depthwise_kernel",)
    return {role: array if role in kept else array[..., chosen] for role, array in raw.items()}, chosen


def best(fit: Refit, candidates: Sequence[tuple[str, Layer]]) -> str:
    """The name of the first candidate that gives B's output, unless a later one is clearly nearer; empty if none."""
    found: tuple[float, str] | None = None
    for name, layer in candidates:
        far = fit.far(layer)
        if fit.near(far) and (found is None or far < 0.1 * found[0]):
            found = far, name
    return found[1] if found else ""
