"""Match in the other direction where A is the coarser side, and turn the assignment round.

Patterns are told from the finer side: a batch norm finds the convolution that took it in, a Keras layer the
nodes that do its work. So where A is a folded or converted model and B the net as it was built, B's layers
are matched with A's tensors, and each of A's layers then gets what it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from inspector.domain.computation import Computation, Layer
from inspector.domain.match import Assignment, Evidence, Match, WeightDifference

NORMS = frozenset({"batch_norm", "layer_norm", "group_norm"})


def is_coarser(a: Computation, b: Computation) -> bool:
    """Whether A alone is fused, B has norms that A has no longer, or B is a Keras model and
    A the graph made of one."""
    norms_a, norms_b = (sum(layer.kind in NORMS for layer in side.layers) for side in (a, b))
    if a.fused != b.fused:
        return a.fused
    return norms_b > norms_a or (norms_a == norms_b and _indexed(a) and not _indexed(b))


def forced_for(a: Computation, b: Computation, forced: Mapping[str, str | None]) -> dict[str, str | None]:
    """The person's choices as the other direction takes them: B's layers to A's tensors."""
    tensors = {layer.name: layer.outputs[0] for layer in a.layers if layer.outputs}
    makers = {tensor: layer.name for layer in b.layers for tensor in (*layer.outputs, *layer.aliases)}
    return {
        makers[tensor]: tensors[name]
        for name, tensor in forced.items()
        if tensor is not None and tensor in makers and name in tensors
    }


def inverted(found: Assignment, a: Computation, forced: Mapping[str, str | None]) -> Assignment:
    """`found` matches B's layers with A's tensors; the result matches A's layers with B's."""
    by_tensor: dict[str, list[Match]] = {}
    by_layer: dict[str, list[Match]] = {}
    for item in found.matches:
        by_tensor.setdefault(item.tensor_b or "", []).append(item)
        by_layer.setdefault(item.layer_b or "", []).append(item)
    records = [record for item in found.matches for record in item.weights]
    matches = tuple(
        replace(_match(layer, by_tensor, by_layer.get(layer.name, ()), forced), weights=_weights(layer, records))
        for layer in a.layers
    )
    order = {port.tensor: place for place, port in enumerate((*a.inputs, *a.outputs))}
    return Assignment(
        matches=matches,
        inputs=_turned(found.inputs, order),
        outputs=_turned(found.outputs, order),
        unmatched_a=tuple(item.a for item in matches if item.tensor_b is None),
        unmatched_b=found.unmatched_a,
    )


def _match(
    layer: Layer, by_tensor: Mapping[str, list[Match]], parts: Iterable[Match], forced: Mapping[str, str | None]
) -> Match:
    held = [item for tensor in (*layer.outputs[:1], *layer.aliases) for item in by_tensor.get(tensor, ())]
    best = held[-1] if held else None
    made = Match(
        a=layer.name,
        tensor_a=layer.outputs[0] if layer.outputs else layer.name,
        class_name=layer.class_name,
        kind=layer.kind,
        tensor_b=best.tensor_a if best else None,
        layer_b=best.a if best else None,
        score=best.score if best else 0.0,
        evidence=_evidence(held),
        axes=tuple(int(axis) for axis in np.argsort(best.axes)) if best and best.axes else None,
        note=_note(held, parts) if best else "no layer of B ends here: a step inside one, or missing",
    )
    if layer.name in forced and forced[layer.name] is None:
        return replace(made, tensor_b=None, layer_b=None, score=0.0, evidence=(), note="chosen by you")
    return made


def _evidence(held: list[Match]) -> tuple[Evidence, ...]:
    """Of several layers that end in one tensor the best evidence of each kind."""
    best: dict[str, Evidence] = {}
    for item in held:
        for said in item.evidence:
            if said.kind not in best or said.score > best[said.kind].score:
                best[said.kind] = said
    return tuple(best.values())


def _note(held: list[Match], parts: Iterable[Match]) -> str:
    names = list(dict.fromkeys(item.a for item in [*parts, *held]))
    if len(names) < 2:
        return held[-1].note
    return f"does the work of {', '.join(names[:4])}" + (f" and {len(names) - 4} more" if names[4:] else "")


def _weights(layer: Layer, records: list[WeightDifference]) -> tuple[WeightDifference, ...]:
    """What was found of the arrays that the layer itself holds."""
    own = {weight.id for weight in layer.weights}
    return tuple(dict.fromkeys(_weight(record) for record in records if own & set(record.b.split(" "))))


def _weight(record: WeightDifference) -> WeightDifference:
    index = record.worst_index if record.shape_a == record.shape_b else None
    return replace(record, a=record.b, b=record.a, shape_a=record.shape_b, shape_b=record.shape_a, worst_index=index)


def _turned(pairs: Iterable[tuple[str, str]], order: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(((one, other) for other, one in pairs), key=lambda pair: order.get(pair[0], 0)))


def _indexed(side: Computation) -> bool:
    """Whether tensors carry an index, as a graph's do."""
    return any(port.tensor.rpartition(":")[2].isdigit() for port in side.outputs)
