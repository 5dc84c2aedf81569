"""`precision`: float16 or bfloat16 where the other side has float32: weights rounded, values beyond 65504."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import Pair, edits, layers_with_weights, named, pairs, stories
from inspector.causes.case import Array, Case, Sample, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "precision"
HALF = ("bfloat16", "float16")  # in this order: most of bfloat16's numbers near 1 are float16's, too
FEW, FEW_LOOKED = 5, 4096
LARGEST = 65504.0  # of float16, IEEE 754


def suspect(case: Case) -> Iterator[Suspicion]:
    """Weights that are A's rounded to half precision; layers that compute in it; infinity behind 65504. Where the
    outputs agree within what that explains, a note."""
    if case.agrees:
        yield from _explained(case)
        return
    rounded: dict[str, list[LayerDifference]] = {}
    for item, a, b in case.suspects():
        told = [(pair.weight.relation, rounded_to(pair)) for pair in pairs(case, item, ("different", "rounded"))]
        kind = next((kind for _, kind in told if kind), "")
        if kind and all(known or relation == "rounded" for relation, known in told):
            rounded.setdefault(kind, []).append(item)
            continue
        sample = case.sample(item.a) if item.status == "different" else None
        kind = "" if sample is None else computed_in(sample.a, sample.b) or _cast(case, a, b)
        if kind and sample is not None:
            yield _of_values(item, kind, sample)
    for kind, found in rounded.items():
        for story in stories(found, len(layers_with_weights(case))):
            yield _of_weights(case, story, kind)


def _of_weights(case: Case, story: list[LayerDifference], kind: str) -> Suspicion:
    layers = tuple(item.a for item in story)
    largest = max((weight.max_abs or 0.0 for item in story for weight in item.weights), default=0.0)
    return Suspicion(
        cause=CAUSE,
        title=f"the weights of {named(layers)} are rounded to {kind} in B",
        layer_a=layers[0],
        layer_b=story[0].b or "",
        layers=layers,
        confidence=0.96,
        evidence=f"B's numbers are A's rounded to {kind}, each of them; {short(largest)} apart at most",
        mend=f"keep float32 in the export: no {kind} conversion of weights (converter.target_spec.supported_types, "
        "tf.keras.mixed_precision.set_global_policy('float32'))",
        trial=Trial(text=f"A's weights put into {named(layers)}", edits=edits(case, story)),
    )


def _of_values(item: LayerDifference, kind: str, sample: Sample) -> Suspicion:
    finite = np.abs(sample.a[np.isfinite(sample.a)])
    beyond = kind == "float16" and bool(finite.max(initial=0.0) > LARGEST)
    size = f"; it introduces {short(item.introduced.max_abs)}" if item.introduced is not None else ""
    limit = f", and its values go beyond {LARGEST:.0f}: infinity" if beyond else ""
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` computes in {kind} on one side{limit}",
        layer_a=item.a,
        layer_b=item.b or "",
        layers=(item.a,),
        confidence=0.94,
        evidence=f"one side's numbers are those of {kind}, the other's are not{size}",
        mend=f"compute it in float32: dtype='float32' for `{item.a}` under a mixed policy, no cast to {kind}",
        trial=Trial(text=f"A's `{item.a}` in its own precision"),
    )


def _explained(case: Case) -> Iterator[Suspicion]:
    """Layers whose wide noise floor is that of half precision on one side."""
    halves: dict[str, list[LayerDifference]] = {}
    for item in case.layers:
        a = case.layer_a.get(item.a)
        kind = _cast(case, a, case.layer_b.get(item.b)) if a is not None and item.b else ""
        if kind and item.introduced is not None and item.introduced.max_abs:
            halves.setdefault(kind, []).append(item)
    for kind, rows in halves.items():
        largest = max(rows, key=lambda row: row.introduced.max_abs if row.introduced is not None else 0.0)
        size = largest.introduced.max_abs if largest.introduced is not None else 0.0
        yield Suspicion(
            cause=CAUSE,
            title=f"one side computes {named([row.a for row in rows])} in {kind}; the outputs show no more than that",
            layer_a=largest.a,
            layer_b=largest.b or "",
            layers=tuple(row.a for row in rows),
            confidence=0.94,
            evidence=f"from the same inputs `{largest.a}` differs by {short(size)}, within the {kind} noise floor of "
            f"{short(largest.noise_floor or 0.0)}",
            mend=f"none is needed; for float32's numbers, compute it in float32 (no cast to {kind})",
            note_only=True,
        )


def _cast(case: Case, a: Layer, b: Layer | None) -> str:
    """What one side's layer states, or the half precision of the tensor that B's layer reads."""
    own, other = (layer.dtype if layer is not None else "" for layer in (a, b))
    if own != other and (own in HALF or other in HALF):
        return own if own in HALF else other
    makers = {tensor: layer for layer in case.b.computation.layers for tensor in (*layer.outputs, *layer.aliases)}
    before = [makers[name] for name in (b.inputs if b is not None else ()) if name in makers]
    before += [
        makers[name] for layer in before for name in layer.inputs if name in makers and layer.class_name == "Cast"
    ]
    return next((layer.dtype for layer in before if layer.dtype in HALF and a.dtype not in HALF), "")


def rounded_to(pair: Pair) -> str:
    """`float16` or `bfloat16` when B is A rounded or cut to it, and A is not there itself; empty else, and where B
    has so few numbers (all ones) that A's may be near them by chance."""
    if not np.isfinite(pair.a).all() or len(np.unique(pair.b.ravel()[:FEW_LOOKED])) < min(FEW, pair.b.size):
        return ""
    own, other = pair.a.astype(np.float32), pair.b.astype(np.float32)
    for kind in HALF:
        half = to_half(own, kind)
        if np.array_equal(half, own):
            continue
        if np.array_equal(half, other) or (kind == "bfloat16" and np.array_equal(_cut(own), other)):
            return kind
    return ""


def computed_in(a: Array, b: Array) -> str:
    """The half precision whose numbers one side's all are while the other's are not."""
    if a.dtype.kind != "f" or b.dtype.kind != "f":
        return ""
    for kind in HALF:
        one, other = (np.array_equal(to_half(x, kind), np.asarray(x, np.float32), equal_nan=True) for x in (a, b))
        if one != other and np.unique(b if other else a).size > 8 and _near(a, b, kind):
            return kind
    return ""


def _near(a: Array, b: Array, kind: str) -> bool:
    """Whether rounding explains it: 2^-11 (float16) or 2^-8 of a value, a few times over."""
    inside = np.isfinite(a) & np.isfinite(b)
    one, other = np.asarray(a[inside], np.float64), np.asarray(b[inside], np.float64)
    largest = float(np.abs(one).max(initial=0.0))
    return bool(np.abs(one - other).max(initial=0.0) <= (2.0**-11 if kind == "float16" else 2.0**-8) * 32 * largest)


def to_half(array: Array, kind: str) -> Array:
    """Rounded to half precision, as float32. bfloat16 is float32's upper half, to nearest even."""
    values = np.ascontiguousarray(array, np.float32)
    if kind == "float16":
        with np.errstate(over="ignore"):
            return values.astype(np.float16).astype(np.float32)
    bits = values.view(np.uint32)
    up = ((bits >> 16) & 1) + np.uint32(0x7FFF)
    return np.where(np.isfinite(values), ((bits + up) & np.uint32(0xFFFF0000)).view(np.float32), values)


def _cut(values: Array) -> Array:
    """bfloat16 made by leaving off the lower half."""
    return (np.ascontiguousarray(values, np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
