"""Layers of A that are several steps in B: attention, Bidirectional, TimeDistributed, layers that no table knows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from inspector.matching.contents import Contents, score
from inspector.matching.names import Names
from inspector.matching.regions import Flow, Region
from inspector.matching.steps import Step

KINDS = frozenset(
    {
        "bidirectional",
        "time_distributed",
        "multi_head_attention",
        "attention",
        "group_norm",
        "conv_lstm2d",
        "lambda",
        "other",
    }
)
RECURRENT = frozenset({"lstm", "gru", "simple_rnn", "bidirectional"})
LAYING_OUT = frozenset({"reshape", "flatten", "permute"})
FAR = 120
SURE = 0.6
NAMED = 8


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a composite layer ends in B, the region before it, and how much of the layer's weights it holds."""

    b: int
    region: Region
    weights: float


def ending(
    step: Step, known: Collection[str], used: Collection[int], *, flow: Flow, contents: Contents, names: Names
) -> Ending | None:
    """The first step behind the layer's inputs whose closed region holds all of its weights that B has at all; where
    that are few of them, by the layer's name.

    None when the layer has no weights, or when neither tells."""
    if not step.weights or not known:
        return None
    best: Ending | None = None
    for b in sorted(flow.behind(known, used, FAR)):
        region = flow.region(b, known, used)
        if region.border.isdisjoint(known) or not flow.closed(region, b, known):
            continue
        held = score(contents, step, [flow.steps[index] for index in (*region.inside, b)]) or 0.0
        if held > 0.2 and (best is None or held > best.weights + 1e-9):
            best = Ending(b, region, held)
    if best is not None and best.weights > SURE:
        return _extended(best, step, known, used, flow, names)
    told = _named(step, known, used, flow, contents, names)
    if told is not None and (best is None or best.b in (*told.region.inside, told.b)):
        return told
    return _extended(best, step, known, used, flow, names) if best is not None else None


def _named(
    step: Step, known: Collection[str], used: Collection[int], flow: Flow, contents: Contents, names: Names
) -> Ending | None:
    """Where the weights say little (all of them are others): the last step behind the layer's inputs that carries its
    name and no other layer's."""
    for b in sorted((b for b in set(names.candidates(step)) if b not in used and names.alone(step, b)), reverse=True):
        region = flow.region(b, known, used)
        if not region.border.isdisjoint(known) and flow.closed(region, b, known):
            held = score(contents, step, [flow.steps[index] for index in (*region.inside, b)])
            return Ending(b, region, held or 0.0)
    return None


def named_end(
    step: Step,
    b: int,
    used: Collection[int],
    *,
    flow: Flow,
    names: Names,
    opened: Collection[str] = (),
    many: bool = False,
) -> int:
    """Go on from a step of B to what alone reads it and carries the layer's name and no other layer's, or is of
    an `opened` kind: what undoes the layer's first reshaping. Of a layer that is `many` ops the last one may have
    lost its name to the output."""
    opened = set(opened)
    for _ in range(NAMED):
        following = flow.only_reader(b)
        if following is None or following in used or flow.steps[following].weights:
            break
        other = flow.steps[following]
        unnamed = many and names.is_unnamed(following)
        if other.kind not in opened and not names.alone(step, following) and not unnamed:
            break
        opened.discard(other.kind)
        b = following
    return b


def _extended(
    found: Ending, step: Step, known: Collection[str], used: Collection[int], flow: Flow, names: Names
) -> Ending:
    openers = [flow.steps[index].kind for index in found.region.inside if set(flow.inputs[index]) <= set(known)]
    opened = LAYING_OUT & set(openers) if len(openers) == 1 else ()
    b = named_end(step, found.b, used, flow=flow, names=names, opened=opened, many=True)
    return Ending(b, flow.region(b, known, used), found.weights)
