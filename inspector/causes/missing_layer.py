"""`missing-layer`: a layer or a skip connection that one side has and the other has not.

Dropout, identity, regularizers and what is folded or fused are none. A softmax that is missing at the end is
`activation`, a Rescaling in front `preprocessing-mismatch`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from inspector.causes.case import Array, Case, Suspicion, Trial
from inspector.causes.custom_layer import is_own
from inspector.causes.formulas import compute, fit_of, fits, roles
from inspector.causes.lost import IDLE, WITHIN, Lost, differs, lost
from inspector.causes.preprocessing_mismatch import FRONT
from inspector.causes.region import extra, region
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer

CAUSE = "missing-layer"
PAIRED, SEEN, LIKELY, SCORES = 0.985, 0.975, 0.92, 0.5
FEW = 3
MERGING = ("add", "multiply", "average", "subtract", "maximum", "minimum", "concat")
LOUD = ("softmax", "sigmoid", "log_softmax")
KNOWN = (
    "conv1d", "conv2d", "conv3d", "depthwise_conv2d", "dense", "pool", "global_pool", "batch_norm", "layer_norm",
    "activation", "add", "multiply", "subtract", "average", "maximum", "minimum", "pad", "crop", "upsample", "scale",
    "offset", "rescaling", "lstm", "gru", "permute",
)  # fmt: skip


def suspect(case: Case) -> Iterator[Suspicion]:
    """What B does not compute, group by group; and at each other layer that differs what B computes besides."""
    if not case.ran:
        return
    told: set[str] = set()
    for group in lost(case):
        first = _first(case, group)
        if all(layer.kind in FRONT for layer in group.layers) and _reads_input(case, group.layers[0]):
            continue
        found = _lost(case, group, first)
        told |= {first.name, *found.layers}
        yield found
    for item, a, _ in case.suspects():
        if item.status == "different" and item.a not in told:
            yield from _added(case, item, a)
    yield from _at_the_end(case, told)


def _first(case: Case, group: Lost) -> Layer:
    """The layer to name: where B's numbers show from which one on it is lost; the connection of a lost branch."""
    shown = [layer for layer in group.layers if _skipped(case, group, layer)]
    merges = [layer for layer in group.layers if layer.kind in MERGING]
    return next(iter((*shown[-1:], *merges[-1:], *group.layers)))


def _skipped(case: Case, group: Lost, layer: Layer) -> bool:
    """Whether the numbers of a layer behind the group are those it has when it reads what this layer reads."""
    makers = {tensor: made.name for made in case.a.computation.layers for tensor in made.outputs}
    names = {made.name for made in group.layers}
    above = [array for tensor in layer.inputs if (array := _value(case, tensor, makers.get(tensor, ""))) is not None]
    for row in group.readers:
        reader, fit = case.layer_a.get(row.a), fit_of(case.sample(row.a), samples=1)
        if reader is None or fit is None:
            continue
        places = [at for at, tensor in enumerate(reader.inputs) if makers.get(tensor) in names]
        for x in above:
            inputs = [x if at in places else given for at, given in enumerate(fit.inputs)]
            if places and fits(compute(reader, inputs, roles(case, reader)), fit.b, fit.tolerance):
                return True
    return False


def _value(case: Case, tensor: str, maker: str) -> Array | None:
    """The first sample of one of A's tensors."""
    fed = next((pair.array_a for pair in case.inputs if pair.a.tensor == tensor), None)
    sample = case.sample(maker) if fed is None else None
    array = sample.a if sample is not None else fed
    return None if array is None or array.dtype.kind not in "fiu" else np.asarray(array[:1], np.float64)


def _reads_input(case: Case, layer: Layer) -> bool:
    makers = {tensor: made for made in case.a.computation.layers for tensor in made.outputs}
    return all(maker is None or maker.kind == "input" for maker in (makers.get(tensor) for tensor in layer.inputs))


def _lost(case: Case, group: Lost, first: Layer) -> Suspicion:
    rows = {item.a: item for item in case.layers}
    shown = _skipped(case, group, first)
    passed = differs(rows[first.name]) and not group.paired
    gone = group.layers[group.layers.index(first) :] if shown and first.kind not in MERGING else group.layers
    names = listed([layer.name for layer in gone])
    behind = group.readers[0] if group.readers else None
    what = f"the connection at `{first.name}`" if first.kind in MERGING else f"`{first.name}` ({first.class_name})"
    others = f", with {len(gone) - 1} layers that lead to it" if len(gone) > 1 else ""
    layers = dict.fromkeys((first.name, *(layer.name for layer in gone), *(row.a for row in group.readers)))
    sure = PAIRED if group.paired else SEEN if shown or passed else LIKELY
    weak = _makes_scores(first) or all(is_own(layer, case.a) for layer in gone)
    return Suspicion(
        cause=CAUSE,
        title=f"{what} is missing in B{others}",
        layer_a=first.name,
        layer_b=rows[first.name].b or (behind.b if behind is not None else "") or "",
        layers=tuple(layers),
        confidence=min(sure, SCORES) if weak else sure,
        evidence=_evidence(names, behind, shown=shown, passed=passed),
        mend=f"export again with `{first.name}`: B was built from other code, or an optimiser has dropped it",
        trial=None if group.paired else Trial(text=f"A's {names} put back"),
    )


def listed(names: Sequence[str]) -> str:
    """Up to three names, then the last one."""
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown) if len(shown) <= FEW else f"{', '.join(shown[:2])} to {shown[-1]}"


def _evidence(names: str, behind: LayerDifference | None, *, shown: bool, passed: bool) -> str:
    told = f"nothing in B does the work of {names}"
    if passed:
        told += "; B passes on what it reads"
    if behind is None:
        return told if passed else f"{told}, and the output behind it differs"
    if shown:
        return f"{told}; `{behind.a}` in B computes from what comes before it"
    return told if passed else f"{told}; `{behind.a}` behind it differs"


def _makes_scores(layer: Layer) -> bool:
    """What `activation` tells: probabilities that are logits in B."""
    return layer.kind == "softmax" or (layer.kind == "activation" and layer.settings.get("activation") in LOUD)


def _added(case: Case, item: LayerDifference, a: Layer) -> Iterator[Suspicion]:
    """Layers of B around this one that stand for nothing in A."""
    found = [layer for layer in extra(case, item, a) if layer.kind in KNOWN]
    if not found or (all(layer.kind in FRONT for layer in found) and _reads_input(case, a)):
        return
    names = listed([layer.name for layer in found])
    yield Suspicion(
        cause=CAUSE,
        title=f"B has {names} ({found[0].class_name}) at `{item.a}`, A has not",
        layer_a=item.a,
        layer_b=found[0].name,
        layers=(item.a,),
        confidence=0.93,
        evidence=f"between `{item.a}` and what it reads, B computes {names}, which stands for no layer of A",
        mend=f"take {names} out of the code that exports B, or put it into A",
        trial=Trial(text=f"{names} left out at `{item.a}`"),
    )


def _at_the_end(case: Case, told: set[str]) -> Iterator[Suspicion]:
    """Behind the last layer of A, which agrees, B computes something more."""
    rows = {item.a: item for item in case.layers}
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    for pair in case.outputs:
        layer = makers.get(pair.difference.a)
        row = rows.get(layer.name) if layer is not None else None
        if pair.difference.within_noise or layer is None or row is None or layer.name in told or layer.kind in IDLE:
            continue
        if row.b is None or row.status not in WITHIN or case.layer_b.get(row.b) is case.layer_b.get(pair.difference.b):
            continue
        found = [part for part in region(case, replace(row, b=pair.difference.b)) if part.kind in KNOWN]
        if found:
            names = listed([part.name for part in found])
            yield Suspicion(
                cause=CAUSE,
                title=f"B has {names} ({found[0].class_name}) behind `{layer.name}`, A has not",
                layer_a=layer.name,
                layer_b=found[0].name,
                layers=(layer.name,),
                confidence=0.93,
                evidence=f"`{layer.name}` is the same on both sides; behind it B computes {names}",
                mend=f"take {names} out of the code that exports B, or compare B's `{row.b}`",
                trial=Trial(text=f"`{row.b}` compared instead", pairs=((pair.difference.a, row.b),)),
            )
