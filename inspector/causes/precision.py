"""`precision`: float16 or bfloat16 where the other side has float32: weights rounded, values beyond 65504."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.arrays import Pair, edits, pairs
from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.domain.wording import short

CAUSE = "precision"
HALF = ("float16", "bfloat16")
LARGEST = 65504.0


def suspect(case: Case) -> Iterator[Suspicion]:
    """Weights that are A's rounded to half precision; layers that compute in it; infinity behind 65504."""
    rounded: dict[str, list[str]] = {}
    for item, a, b in case.suspects():
        kinds = {kind for pair in pairs(case, item) if (kind := rounded_to(pair))}
        if kinds:
            rounded.setdefault(kinds.pop(), []).append(item.a)
            continue
        dtypes = [layer.dtype for layer in (a, b) if layer is not None]
        half = next((dtype for dtype in dtypes if dtype in HALF), "")
        sample = case.sample(item.a) if item.status == "different" else None
        if sample is None:
            continue
        beyond = bool(np.abs(sample.a[np.isfinite(sample.a)]).max(initial=0.0) > LARGEST)
        kind = half or computed_in(sample.a, sample.b)
        if kind and (beyond or kind != half or case.b.precision in HALF or case.a.precision in HALF):
            yield _of_values(item.a, item.b or "", kind, beyond=beyond, size=item.introduced)
    for kind, layers in rounded.items():
        rows = [item for item in case.layers if item.a in layers]
        yield Suspicion(
            cause=CAUSE,
            title=f"the weights of {_several(layers)} are {kind} in B",
            layer_a=layers[0],
            layer_b=rows[0].b or "",
            layers=tuple(layers),
            confidence=0.96,
            evidence=f"B's numbers are A's rounded to {kind}, each of them",
            mend=f"keep float32 in the export (no {kind} conversion, tf.keras.mixed_precision policy float32)",
            trial=Trial(text=f"A's weights put into {_several(layers)}", edits=edits(case, rows)),
        )


def _several(layers: list[str]) -> str:
    return f"{len(layers)} layers" if len(layers) > 1 else f"`{layers[0]}`"


def _of_values(a: str, b: str, kind: str, *, beyond: bool, size: object) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"`{a}` computes in {kind}" + (", and its values go beyond 65504" if beyond else ""),
        layer_a=a,
        layer_b=b,
        layers=(a,),
        confidence=0.94,
        evidence=f"one side's numbers are those of {kind}" + (f"; it introduces {_short(size)}" if size else ""),
        mend="compute this layer in float32: dtype='float32' for it under a mixed policy",
        trial=Trial(text=f"A's `{a}` in its own precision"),
    )


def _short(size: object) -> str:
    return short(float(getattr(size, "max_abs", 0.0)))


def rounded_to(pair: Pair) -> str:
    """`float16` or `bfloat16` when B is A rounded to it, and A is not there itself; empty else."""
    if pair.weight.relation not in ("different", "rounded") or not np.isfinite(pair.b).all():
        return ""
    for kind in HALF:
        half = to_half(pair.a, kind)
        if np.array_equal(half, pair.b.astype(np.float32)) and not np.array_equal(half, pair.a.astype(np.float32)):
            return kind
    return ""


def computed_in(a: Array, b: Array) -> str:
    """The half precision whose numbers one side's all are while the other's are not."""
    for kind in HALF:
        one, other = (np.array_equal(to_half(x, kind), x.astype(np.float32)) for x in (a, b))
        if one != other and np.unique(b if other else a).size > 8:
            return kind
    return ""


def to_half(array: Array, kind: str) -> Array:
    """Rounded to half precision, as float32. bfloat16 is float32's upper half, to nearest even."""
    values = np.asarray(array, np.float32)
    if kind == "float16":
        with np.errstate(over="ignore"):
            return values.astype(np.float16).astype(np.float32)
    bits = np.ascontiguousarray(values).view(np.uint32)
    up = ((bits >> 16) & 1) + np.uint32(0x7FFF)
    return ((bits + up) & np.uint32(0xFFFF0000)).view(np.float32)
