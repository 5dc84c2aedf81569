"""`label-order`: the scores are right and stand in another order: the classes were listed otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from inspector.causes.case import Array, Case, Facts, OutputPair, Suspicion, Trial
from inspector.domain.computation import Layer

CAUSE = "label-order"
MOST, MANY = 1024, 8  # classes; samples that tell the order, the others confirm it
LISTS, WORDS, BYTES = (".txt", ".labels", ".names"), ("label", "class", "names", "categor"), 1 << 20
MEND = "sort the class names the same way on both sides: class_names = sorted(...) where the data are read"


def suspect(case: Case) -> Iterator[Suspicion]:
    """By the scores, and by the lists of labels that lie with the files."""
    for pair in case.outputs:
        if pair.difference.within_noise or pair.a.ndim < 2 or pair.a.shape[-1] < 2 or pair.a.shape != pair.b.shape:
            continue
        order = permutation(pair.a, pair.b, pair.difference.noise_floor)
        if order is not None:
            yield _reordered(case, pair, order)
    yield from _listed(case)


def _reordered(case: Case, pair: OutputPair, order: Array) -> Suspicion:
    layer = _last_with_weights(case, pair)
    told = ", ".join(f"A's class {at} is B's {int(to)}" for at, to in list(enumerate(order))[:5] if at != to)
    moved = int((order != np.arange(len(order))).sum())
    rows = {item.a: item for item in case.layers}
    by_weights = layer is not None and layer.name in rows and rows[layer.name].status == "different"
    name = layer.name if layer is not None else pair.difference.a
    return Suspicion(
        cause=CAUSE,
        title=f"the classes of `{pair.difference.a}` stand in another order in B",
        layer_a=name,
        layer_b=pair.difference.b,
        confidence=0.98,
        evidence=f"the scores of each of {pair.a.shape[0]} samples are the same in another order, "
        f"{moved} of {len(order)} classes have moved: {told}",
        mend=MEND,
        trial=Trial(text=f"A's order of the classes put into `{name}`")
        if by_weights
        else Trial(text="A's order of the classes", outputs_b={pair.difference.b: pair.b[..., order]}),
    )


def permutation(a: Array, b: Array, noise_floor: float) -> Array | None:
    """`order` with a[..., i] == b[..., order[i]] to the noise floor; None when there is none but the identity."""
    rows_a, rows_b = (np.asarray(x, np.float64).reshape(-1, x.shape[-1]) for x in (a, b))
    if not np.isfinite(rows_a).all() or not np.isfinite(rows_b).all():
        return None
    if rows_a.shape[-1] > MOST:
        return None
    order: Array = np.abs(rows_a[:MANY, :, None] - rows_b[:MANY, None, :]).max(axis=0).argmin(axis=1)
    fits = np.abs(rows_a - rows_b[:, order]).max() <= max(noise_floor, 1e-7 * np.abs(rows_a).max())
    if not fits or len(set(order.tolist())) != len(order) or (order == np.arange(len(order))).all():
        return None
    return order


def _last_with_weights(case: Case, pair: OutputPair) -> Layer | None:
    """The layer that makes the scores: the last one with a kernel on the way to the output."""
    makers = {tensor: layer for layer in case.a.computation.layers for tensor in layer.outputs}
    layer = makers.get(pair.difference.a)
    while layer is not None and not layer.weights and layer.inputs:
        layer = makers.get(layer.inputs[0])
    return layer


def _listed(case: Case) -> Iterator[Suspicion]:
    """Both sides bring a list of the same labels, in another order."""
    lists_a, lists_b = labels_of(case.a), labels_of(case.b)
    for name, a in lists_a.items():
        b = lists_b.get(name) or (next(iter(lists_b.values())) if len(lists_a) == len(lists_b) == 1 else ())
        if a == b or sorted(a) != sorted(b):
            continue
        at = next(at for at, (one, other) in enumerate(zip(a, b, strict=True)) if one != other)
        yield Suspicion(
            cause=CAUSE,
            title=f"the labels are listed in another order: class {at} is `{a[at][:40]}` in A, `{b[at][:40]}` in B",
            layer_a="",
            layer_b="",
            confidence=0.9,
            evidence=f"`{name}` holds the same {len(a)} labels on both sides, "
            f"{sum(one != other for one, other in zip(a, b, strict=True))} of them at another place",
            mend=MEND,
            note_only=True,
        )


def labels_of(side: Facts) -> Mapping[str, tuple[str, ...]]:
    """The lists of labels among the files that belong to a model, by name: text, one label in a line, no more than
    1 MB. What cannot be read is left out."""
    found = {}
    for part in map(Path, side.file.parts):
        if part.suffix.lower() not in LISTS or not any(word in part.name.lower() for word in WORDS):
            continue
        try:
            if part.stat().st_size > BYTES:
                continue
            lines = part.read_text("utf-8", "strict").splitlines()
        except (OSError, ValueError):
            continue
        labels = tuple(line.strip() for line in lines if line.strip())
        if len(labels) > 1:
            found[part.name] = labels
    return found
