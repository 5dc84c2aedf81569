"""`pooling`: max against average, an average that counts the padding, another window or step."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

from inspector.causes.case import Case, Suspicion, Trial
from inspector.causes.formulas import Refit, best, isolated, refit
from inspector.causes.formulas.convolutions import choices, sizes
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.wording import short

CAUSE = "pooling"
GUESS = 0.4
Settings = dict[str, Any]
HOW = ("average", "max")
MOST = 7  # places of a window


def suspect(case: Case) -> Iterator[Suspicion]:
    """Pools that introduce a difference: by computing the others, or by what both sides state."""
    for item, a, b in case.suspects():
        if a.kind not in ("pool", "global_pool"):
            continue
        fit = refit(case, item, a)
        if fit is not None and fit.own():
            told = best(fit, _local(fit) if a.kind == "pool" else _global(fit))
            evidence = f"from the same inputs {told} gives B's output to the noise floor of {short(fit.noise)}"
            unknown = f"from the same inputs B is {short(fit.gap)} away from A's {_own(a)}"
            if told:
                yield _suspicion(item, a, told, f"{evidence}; A's is {short(fit.gap)} away", 0.96)
            elif isolated(case, a) and not fit.behind:
                yield _suspicion(item, a, "something else", unknown, GUESS)
        elif stated := _by_settings(a, b):
            yield _suspicion(item, a, stated, "both files state it", 0.95)


def _suspicion(item: LayerDifference, layer: Layer, told: str, evidence: str, confidence: float) -> Suspicion:
    return Suspicion(
        cause=CAUSE,
        title=f"`{item.a}` takes {_own(layer)} in A and {told} in B",
        layer_a=item.a,
        layer_b=item.b or "",
        confidence=confidence,
        evidence=evidence,
        mend=f"export again with {layer.class_name} for `{item.a}`",
        trial=Trial(text=f"A's `{item.a}` put in the place of B's"),
    )


def _own(layer: Layer) -> str:
    how, window = layer.settings.get("pool", layer.kind), layer.settings.get("pool_size")
    return f"the {how}" + (f" of {'x'.join(map(str, window))}" if isinstance(window, tuple | list) else "")


def _by_settings(a: Layer, b: Layer | None) -> str:
    """A graph states each setting for all axes, and its 1-D pools with an axis more."""
    if b is None or b.kind != a.kind:
        return ""
    one, other = a.settings.get("pool"), b.settings.get("pool")
    if one and other and one != other:
        return f"the {other}"
    for name in ("pool_size", "strides"):
        one, other = a.settings.get(name), b.settings.get(name)
        if not isinstance(one, tuple | list) or not isinstance(other, tuple | list):
            continue
        if len(other) >= len(one) and tuple(other[-len(one) :]) != tuple(one):
            return f"{name} {other}"
    return ""


def _local(fit: Refit) -> list[tuple[str, Layer]]:
    """The other kinds of pool, then other windows and steps that give an output of this size."""
    own = str(fit.layer.settings.get("pool"))
    kinds: list[tuple[str, Settings]] = [
        ("the max", {"pool": "max"}),
        ("the average", {"pool": "average", "counts_padding": False}),
    ]
    kinds += [(f"the {how}, counting the padding as zeros", {"pool": how, "counts_padding": True}) for how in HOW]
    found = [(told, fit.changed(**settings)) for told, settings in kinds if told != f"the {own}"]
    rank = fit.inputs[0].ndim - 2
    window = sizes(fit.layer.settings.get("pool_size"), rank)
    for pads, how in product(choices(fit.layer, fit.inputs[0], window, fit.shape), HOW):
        counted = fit.changed(pool=how, counts_padding=True, pads=pads)
        found += [(f"the {how}, counting zeros {str(pads).replace(' ', '')}", counted)]
    for size, step in product(range(1, MOST + 1), range(1, MOST + 1)):
        for padding in ("valid", "same"):
            for told, settings in kinds:
                other: Settings = {
                    **settings,
                    "pool_size": (size,) * rank,
                    "strides": (step,) * rank,
                    "padding": padding,
                }
                if _fits(fit, size, step, padding, rank) and not _same(fit.layer, other, rank):
                    found.append((f"{told} of {size} by steps of {step} ({padding})", fit.changed(**other)))
    return found


def _same(layer: Layer, other: Settings, rank: int) -> bool:
    """Whether only the padding differs, which is not this cause's."""
    given = layer.settings
    window, steps = (sizes(given.get(name), rank) for name in ("pool_size", "strides"))
    alike = other["pool_size"] == window and other["strides"] == steps and other["pool"] == given.get("pool")
    return alike and not other.get("counts_padding")


def _fits(fit: Refit, size: int, step: int, padding: str, rank: int) -> bool:
    before, after = fit.inputs[0].shape[1:-1], fit.shape[1:-1]
    if len(after) != rank:
        return False
    wanted = [-(-n // step) if padding == "same" else (n - size) // step + 1 for n in before]
    return tuple(wanted) == tuple(after)


def _global(fit: Refit) -> list[tuple[str, Layer]]:
    """The other reductions; and the same one over other axes, where that gives an output of this size."""
    own, rank = str(fit.layer.settings.get("pool")), fit.inputs[0].ndim
    found = [(f"the {how}", fit.changed(pool=how)) for how in ("max", "average", "sum") if how != own]
    ways = product(combinations(range(1, rank), rank - 2), HOW)
    found += [(f"the {how} over the axes {list(axes)}", fit.changed(pool=how, over=axes)) for axes, how in ways]
    return found
