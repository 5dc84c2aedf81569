"""`dropout-active` and `random-op`: a side gives other numbers each time: a dropout or a noise layer is active."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.causes.case import Case, Facts, Suspicion, Trial
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

DROPOUT, RANDOM = "dropout-active", "random-op"
PASSING = ("dropout", "identity", "flatten", "reshape")
NOISE = ("GaussianNoise", "AlphaDropout", "GaussianDropout")


def suspect(case: Case) -> Iterator[Suspicion]:
    """A side whose second run differs and that holds random ops; each layer that it reaches first."""
    for name, side in (("B", case.b), ("A", case.a)):
        if not side.random_ops or not side.repeated:
            continue
        found = [item for item in case.layers if item.status == "different"]
        for item in found:
            yield _at(case, item, name, side, len(found))
        if not found:
            yield _somewhere(name, side)


def _at(case: Case, item: LayerDifference, name: str, side: Facts, count: int) -> Suspicion:
    dropping = _dropping(case, item)
    ops = _nearest(side, dropping.name if dropping is not None else item.a)
    cause = RANDOM if _is_noise(dropping, ops) else DROPOUT
    if dropping is not None and cause == RANDOM and dropping.class_name not in NOISE:
        dropping = None
    where = dropping.name if dropping is not None else item.a
    what = "noise" if cause == RANDOM else "dropout"
    sure = dropping is not None or count == 1
    layers = tuple(dict.fromkeys((where, item.a)))
    return Suspicion(
        cause=cause,
        title=f"{what} at `{where}` is active in {name}: each run gives other numbers",
        layer_a=where,
        layer_b=item.b or "",
        layers=layers,
        confidence=0.97 if sure else 0.7,
        evidence=f"{name} run twice on the same inputs differs by {short(side.repeated or 0.0)} of its output; it "
        f"holds {', '.join(ops[:2])}",
        mend="export in inference mode: model(x, training=False), or strip the training nodes from the graph"
        if cause == DROPOUT
        else "take the random op out of the exported graph, or give both sides the same seed and op",
        trial=Trial(text=f"A's {' and '.join(f'`{layer}`' for layer in layers)} in the place of {name}'s"),
    )


def _somewhere(name: str, side: Facts) -> Suspicion:
    is_dropout = any("dropout" in op.lower() for op in side.random_ops)
    return Suspicion(
        cause=DROPOUT if is_dropout else RANDOM,
        title=f"{name} holds random ops: each run gives other numbers",
        layer_a="",
        layer_b=side.random_ops[0],
        confidence=0.9,
        evidence=f"{name} run twice differs by {short(side.repeated or 0.0)} of its output; "
        f"{', '.join(side.random_ops[:2])}",
        mend="export in inference mode: model(x, training=False)",
    )


def _dropping(case: Case, item: LayerDifference) -> Layer | None:
    """A's dropout or noise layer at the layer itself or right before it."""
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    layer = case.layer_a.get(item.a)
    if layer is not None and layer.kind == "dropout":
        return layer
    for tensor in layer.inputs if layer is not None else ():
        at: Layer | None = makers.get(tensor)
        while at is not None and at.kind in PASSING:
            if at.kind == "dropout":
                return at
            at = makers.get(at.inputs[0]) if at.inputs else None
    return None


def _is_noise(layer: Layer | None, ops: list[str]) -> bool:
    """Noise that is added or multiplied, rather than values set to zero."""
    drawn = [op.rpartition("/")[2] for op in ops]
    if drawn and all("Normal" in op for op in drawn):
        return True
    if layer is not None:
        return layer.class_name in NOISE
    return not any("dropout" in op.lower() for op in ops)


def _nearest(side: Facts, where: str) -> list[str]:
    """The random ops in the layer's own scope first."""
    last = where.rpartition("/")[2]
    return sorted(side.random_ops, key=lambda op: last not in op.split("/"))
