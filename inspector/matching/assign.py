"""From two computations and their weights to one assignment, each match with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from inspector.domain.computation import Computation
from inspector.domain.match import Assignment, Evidence, Match
from inspector.matching.contents import Contents
from inspector.matching.folding import folded_pairs
from inspector.matching.names import Names, base, named_tensor
from inspector.matching.ports import pair
from inspector.matching.steps import Step, is_identity, steps_of
from inspector.matching.sweep import Placed, Sweep
from inspector.matching.weights import pair_weights


def match(a: Computation, b: Computation, contents: Contents, *,
          forced: Mapping[str, str | None] | None = None) -> Assignment:
    """Match A's layers with B's tensors. `forced` are the person's own choices (layer of A -> tensor of B
    or None for "none"); they win."""
    steps_a, steps_b = steps_of(a), steps_of(b)
    names = Names(steps_a, steps_b)
    sweep = Sweep(steps_a, steps_b, contents, names, forced=dict(forced or {}))
    inputs = pair(a.inputs, b.inputs)
    sweep.where.update({one.tensor: other.tensor for one, other in inputs})
    sweep.run()
    matches = _with_folding(_matches(sweep, names, contents), sweep, contents)
    outputs = _outputs(a, b, sweep)
    used = {sweep.steps_b[index].layer.name for index in sweep.used}
    return Assignment(
        matches=tuple(matches),
        inputs=tuple((one.tensor, other.tensor) for one, other in inputs),
        outputs=outputs,
        unmatched_a=tuple(item.a for item in matches if item.tensor_b is None),
        unmatched_b=tuple(s.layer.name for s in sweep.steps_b if s.layer.name not in used and s.kind != "input"),
    )


def _matches(sweep: Sweep, names: Names, contents: Contents) -> list[Match]:
    by_layer: dict[str, list[int]] = {}
    for index, step in enumerate(sweep.steps_a):
        by_layer.setdefault(step.layer.name, []).append(index)
    return [_match(sweep, names, contents, indices) for indices in by_layer.values()]


def _with_folding(matches: list[Match], sweep: Sweep, contents: Contents) -> list[Match]:
    """A convolution that took in its batch norm gives the norm's output; it has no tensor of its own."""
    changed: dict[str, Match] = {}
    by_name = {item.a: item for item in matches}
    for norm, (conv, record) in folded_pairs(sweep, contents).items():
        of_conv = by_name[sweep.steps_a[conv].layer.name]
        of_norm = by_name[sweep.steps_a[norm].layer.name]
        proof = Evidence("weights", 0.98, record.detail)
        changed[of_norm.a] = replace(of_norm, tensor_b=of_conv.tensor_b, layer_b=of_conv.layer_b, score=0.98, note="",
                                     evidence=(*of_conv.evidence, proof), weights=(record,))
        changed[of_conv.a] = replace(of_conv, tensor_b=None, note=f"folded with {of_norm.a} into {of_conv.tensor_b}",
                                     evidence=(*of_conv.evidence, proof), weights=(record,))
    return [changed.get(item.a, item) for item in matches]


def _match(sweep: Sweep, names: Names, contents: Contents, indices: list[int]) -> Match:
    step = sweep.steps_a[indices[-1]]
    layer = step.layer
    placed = sweep.placed.get(indices[-1])
    parts = [(sweep.steps_a[i], sweep.placed[i]) for i in indices if i in sweep.placed]
    tensor, note = _tensor(sweep, names, step, placed, indices[-1])
    steps_b = [sweep.steps_b[item.b] for _, item in parts]
    evidence = _evidence(sweep, names, parts, layer.name)
    if step.kind == "input" and tensor is not None:
        evidence = (Evidence("structure", 1.0, "an input of the model on both sides"),)
    weights = pair_weights(contents, layer, [s.layer for s in steps_b])
    return Match(
        a=layer.name, tensor_a=layer.outputs[0] if layer.outputs else layer.name, class_name=layer.class_name,
        kind=layer.kind, tensor_b=tensor, layer_b=steps_b[-1].layer.name if steps_b else None,
        score=_confidence(evidence), evidence=evidence, weights=weights, note=note,
    )


def _tensor(sweep: Sweep, names: Names, step: Step, placed: Placed | None, index: int) -> tuple[str | None, str]:
    forced = sweep.forced.get(step.layer.name, "")
    if forced != "":
        return forced, "chosen by you"
    if step.kind == "input":
        return sweep.where.get(step.output), ""
    if placed is not None:
        return named_tensor(step, sweep.steps_b[placed.b], names.suffix), ""
    here = sweep.where.get(step.output)
    if here is not None and (is_identity(step) or index in sweep.passed):
        maker = next((s for s in sweep.steps_b if s.output == here), None)
        tensor = named_tensor(step, maker, names.suffix) if maker is not None else here
        return tensor, "does nothing in inference: the same tensor as the layer before"
    return None, "no tensor of B does this layer's work: fused into another, or missing"


def _evidence(sweep: Sweep, names: Names, parts: list[tuple[Step, Placed]], name: str) -> tuple[Evidence, ...]:
    found = []
    if name in sweep.forced:
        found.append(Evidence("user", 1.0, "chosen by you"))
    best_name = max((placed.name for _, placed in parts), default=0.0)
    if best_name:
        wanted = base(parts[-1][0]) + names.suffix
        found.append(Evidence("name", best_name, f"{wanted} is part of the tensor's name"))
    scores = [placed.weights for _, placed in parts if placed.weights is not None]
    if scores and max(scores) > 0.2:
        held = min(max(scores), 1.0)
        found.append(Evidence("weights", held, f"{held:.0%} of the layer's numbers stand in B's"))
    structure = [placed.structure for _, placed in parts if placed.structure]
    if structure:
        kind = sweep.steps_b[parts[-1][1].b].layer.class_name
        found.append(Evidence("structure", round(sum(structure) / len(structure), 3),
                              f"{kind} reads what the layer's inputs became"))
    return tuple(found)


def _confidence(evidence: tuple[Evidence, ...]) -> float:
    doubt = 1.0
    for item in evidence:
        doubt *= 1.0 - item.score * (0.7 if item.kind == "structure" else 0.95)
    return round(1.0 - doubt, 3)


def _outputs(a: Computation, b: Computation, sweep: Sweep) -> tuple[tuple[str, str], ...]:
    by_root = {sweep.root(port.tensor): port for port in reversed(b.outputs)}
    pairs: dict[str, str] = {}
    for port in a.outputs:
        here = by_root.pop(sweep.root(sweep.where.get(port.tensor, "")), None)
        if here is not None:
            pairs[port.tensor] = here.tensor
    rest_a = tuple(port for port in a.outputs if port.tensor not in pairs)
    rest_b = tuple(port for port in b.outputs if port.tensor not in pairs.values())
    pairs.update({one.tensor: other.tensor for one, other in pair(rest_a, rest_b)})
    return tuple((port.tensor, pairs[port.tensor]) for port in a.outputs if port.tensor in pairs)
