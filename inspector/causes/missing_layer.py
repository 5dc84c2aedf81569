"""`missing-layer`: a layer or a skip connection that one side has and the other has not.

Dropout, identity, regularizers and what is folded or fused are none. A softmax that is missing at the end is
`activation`, a Rescaling in front `preprocessing-mismatch`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.causes.case import Case, Suspicion, Trial
from inspector.causes.formulas import activation, fit_of, fits, linear, roles
from inspector.causes.preprocessing_mismatch import FRONT
from inspector.causes.region import extra
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "missing-layer"
IDLE = ("dropout", "identity", "flatten", "reshape", "input", "masking", "repeat")
MERGING = ("add", "multiply", "average", "subtract", "maximum", "minimum", "concat")
KNOWN = (
    "conv1d", "conv2d", "conv3d", "depthwise_conv2d", "dense", "pool", "global_pool", "batch_norm", "layer_norm",
    "activation", "add", "multiply", "subtract", "average", "maximum", "minimum", "pad", "crop", "upsample", "scale",
    "offset", "rescaling", "lstm", "gru", "permute",
)  # fmt: skip


def suspect(case: Case) -> Iterator[Suspicion]:
    """From each layer that introduces a difference back to what it should have read."""
    rows = {item.a: item for item in case.layers}
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    told: set[str] = set()
    for item, a, _ in case.suspects():
        if item.status != "different":
            continue
        lost = [layer for layer in _before(a, makers, rows) if layer.name not in told]
        if lost:
            told.update(layer.name for layer in lost)
            yield _lost(case, item, a, lost)
        else:
            yield from _added(case, item, a)
    yield from _at_the_end(case, rows, makers, told)


def _before(layer: Layer, makers: dict[str, Layer], rows: dict[str, LayerDifference]) -> list[Layer]:
    """The layers that are missing in B between this one and the next matched ones above it."""
    found: dict[str, Layer] = {}
    waiting = list(layer.inputs)
    seen: set[str] = set()
    while waiting:
        tensor = waiting.pop()
        maker = makers.get(tensor)
        if maker is None or tensor in seen or maker.name not in rows:
            continue
        seen.add(tensor)
        row = rows[maker.name]
        idle = maker.kind in IDLE
        if row.b is None and not idle and not row.note.startswith(("fold", "fused with")):
            found[maker.name] = maker
        if row.b is None or idle:
            waiting += maker.inputs
    return [layer for layer in found.values() if not (layer.kind in FRONT and _reads_input(layer, makers))]


def _reads_input(layer: Layer, makers: dict[str, Layer]) -> bool:
    return all(maker is None or maker.kind == "input" for maker in (makers.get(tensor) for tensor in layer.inputs))


def _lost(case: Case, item: LayerDifference, a: Layer, lost: list[Layer]) -> Suspicion:
    first = next((layer for layer in lost if _without(case, item, a, layer)), lost[0])
    skip = first.kind in MERGING
    names = ", ".join(f"`{layer.name}`" for layer in lost)
    sure = _without(case, item, a, first)
    what = "skip connection" if skip else first.class_name
    return Suspicion(
        cause=CAUSE,
        title=f"{names} ({what}) is missing in B" if not skip else f"the connection at {names} is missing in B",
        layer_a=first.name,
        layer_b=item.b or "",
        layers=tuple(dict.fromkeys((first.name, *(layer.name for layer in lost), item.a))),
        confidence=0.96 if sure else 0.92,
        evidence=f"nothing in B does the work of {names}"
        + (f"; `{item.a}` in B computes from what comes before it" if sure else f"; `{item.a}` behind it differs"),
        mend=f"export again with `{first.name}`: B was built from other code, or an optimiser has dropped it",
        trial=Trial(text=f"A's {names} put before `{item.a}`"),
    )


def _without(case: Case, item: LayerDifference, layer: Layer, lost: Layer) -> bool:
    """Whether B's numbers are those of the layer when it reads what the lost one reads."""
    fit = fit_of(case.sample(item.a), samples=1)
    if fit is None:
        return False
    weights = roles(case, layer)
    makers = {tensor: made.name for made in case.a.computation.layers for tensor in made.outputs}
    above = [case.sample(makers.get(tensor, "")) for tensor in lost.inputs]
    for x in (np.asarray(sample.a[:1], np.float64) for sample in above if sample is not None):
        before = linear(layer, np.asarray(x), weights) if layer.weights else x
        after = None if before is None else activation(str(layer.settings.get("activation", "linear")), before)
        if fits(after, fit.b, fit.tolerance):
            return True
    return False


def _added(case: Case, item: LayerDifference, a: Layer) -> Iterator[Suspicion]:
    """Layers of B in front of this one that stand for nothing in A."""
    found = [layer for layer in extra(case, item, a) if layer.kind in KNOWN]
    if not found or all(layer.kind in FRONT for layer in found):
        return
    names = ", ".join(f"`{layer.name}`" for layer in found)
    yield Suspicion(
        cause=CAUSE,
        title=f"B has {names} ({found[0].class_name}) before `{item.a}`, A has not",
        layer_a=item.a,
        layer_b=found[0].name,
        layers=(item.a,),
        confidence=0.93,
        evidence=f"between `{item.a}` and what it reads, B computes {names}, which stands for no layer of A",
        mend=f"take {names} out of the code that exports B, or put it into A",
        trial=Trial(text=f"{names} left out before `{item.a}`"),
    )


def _at_the_end(
    case: Case, rows: dict[str, LayerDifference], makers: dict[str, Layer], told: set[str]
) -> Iterator[Suspicion]:
    """Nothing behind it introduces anything: the last layer itself is missing."""
    for pair in case.outputs:
        layer = makers.get(pair.difference.a)
        if pair.difference.within_noise or layer is None or layer.name in told or layer.kind in IDLE:
            continue
        row = rows.get(layer.name)
        if row is None or row.b is not None or row.note.startswith(("fold", "fused with")):
            continue
        yield Suspicion(
            cause=CAUSE,
            title=f"`{layer.name}` ({layer.class_name}), the last layer of A, is missing in B",
            layer_a=layer.name,
            layer_b=pair.difference.b,
            layers=(layer.name,),
            confidence=0.8,
            evidence=f"nothing in B does the work of `{layer.name}`, and the output behind it differs",
            mend=f"export again with `{layer.name}`",
        )
