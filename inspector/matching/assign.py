"""From two computations and their weights to one assignment, each match with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from inspector.domain.computation import Computation, Port
from inspector.domain.match import Assignment, Evidence, Match
from inspector.matching.affine_chain import with_affine
from inspector.matching.contents import Contents
from inspector.matching.equalised import with_equalised
from inspector.matching.folding import folded_pairs
from inspector.matching.inverted import forced_for, inverted, is_coarser
from inspector.matching.names import Names, named_tensor
from inspector.matching.ports import pair
from inspector.matching.reasons import confidence, evidence, of_weights
from inspector.matching.regions import Flow
from inspector.matching.scaled_inputs import with_scaled_inputs
from inspector.matching.steps import Step, is_identity, steps_of
from inspector.matching.sweep import Sweep
from inspector.matching.weights import pair_weights


def match(
    a: Computation,
    b: Computation,
    contents: Contents,
    *,
    forced: Mapping[str, str | None] | None = None,
    valued: Mapping[str, str] | None = None,
) -> Assignment:
    """Match A's layers with B's tensors. `forced` are the person's own choices (layer of A -> tensor of B
    or None for "none"); they win. `valued` are tensors of B that a run has shown to hold a layer's value."""
    chosen, shown = dict(forced or {}), dict(valued or {})
    if is_coarser(a, b):
        turned = {name: tensor for name, tensor in forced_for(a, b, shown).items() if tensor is not None}
        return inverted(_match_finer(b, a, contents.swapped(), forced_for(a, b, chosen), turned), a, chosen)
    return _match_finer(a, b, contents, chosen, shown)


def _match_finer(
    a: Computation,
    b: Computation,
    contents: Contents,
    forced: Mapping[str, str | None],
    valued: Mapping[str, str],
) -> Assignment:
    steps_a, steps_b = steps_of(a), steps_of(b)
    names = Names(steps_a, steps_b)
    sweep = Sweep(steps_a, steps_b, contents, names, Flow(steps_b), forced=dict(forced), valued=dict(valued))
    inputs = pair(a.inputs, b.inputs) or _only(a.inputs, b.inputs)
    sweep.where.update({one.tensor: other.tensor for one, other in inputs})
    sweep.run()
    matches = _with_folding(_matches(sweep, names, contents), sweep, contents)
    matches = with_scaled_inputs(with_affine(matches, sweep, contents), sweep, contents)
    matches = with_equalised(matches, sweep, contents)
    outputs = _outputs(a, b, sweep)
    used = {sweep.steps_b[i].layer.name for placed in sweep.placed.values() for i in (placed.b, *placed.inside)}
    return Assignment(
        matches=tuple(matches),
        inputs=tuple((one.tensor, other.tensor) for one, other in inputs),
        outputs=outputs,
        unmatched_a=tuple(item.a for item in matches if item.tensor_b is None),
        unmatched_b=tuple(s.layer.name for s in sweep.steps_b if s.layer.name not in used and s.kind != "input"),
    )


def _only(ports_a: tuple[Port, ...], ports_b: tuple[Port, ...]) -> list[tuple[Port, Port]]:
    """The one input of each side, however its shape is stated: pictures on one side, rows of pixels on the other."""
    return [(ports_a[0], ports_b[0])] if len(ports_a) == len(ports_b) == 1 else []


def _matches(sweep: Sweep, names: Names, contents: Contents) -> list[Match]:
    by_layer: dict[str, list[int]] = {}
    for index, step in enumerate(sweep.steps_a):
        by_layer.setdefault(step.layer.name, []).append(index)
    return [_match(sweep, names, contents, indices) for indices in by_layer.values()]


def _with_folding(matches: list[Match], sweep: Sweep, contents: Contents) -> list[Match]:
    """A convolution that took in its batch norm gives the norm's output; it has no tensor of its own."""
    changed: dict[str, Match] = {}
    by_name = {item.a: item for item in matches}
    for norm, (conv, records) in folded_pairs(sweep, contents).items():
        of_conv = by_name[sweep.steps_a[conv].layer.name]
        of_norm = by_name[sweep.steps_a[norm].layer.name]
        proof = tuple(of_weights(contents, sweep.steps_a[norm].layer, records))
        found = (*(item for item in of_conv.evidence if item.kind != "weights"), *proof)
        changed[of_norm.a] = replace(
            of_norm,
            tensor_b=of_conv.tensor_b,
            layer_b=of_conv.layer_b,
            note="",
            score=confidence(found),
            evidence=found,
            weights=records,
        )
        changed[of_conv.a] = replace(
            of_conv,
            tensor_b=None,
            score=confidence(found),
            evidence=found,
            weights=records,
            note=f"folded with {of_norm.a} into {of_conv.tensor_b}",
        )
    return [changed.get(item.a, item) for item in matches]


def _match(sweep: Sweep, names: Names, contents: Contents, indices: list[int]) -> Match:
    step = sweep.steps_a[indices[-1]]
    layer = step.layer
    parts = [
        (sweep.steps_a[i], sweep.placed[i], sweep.steps_b[sweep.placed[i].b]) for i in indices if i in sweep.placed
    ]
    tensor, note = _tensor(sweep, names, step, indices[-1])
    layers_b = [sweep.steps_b[i].layer for _, placed, _ in parts for i in (*placed.inside, placed.b)]
    weights = pair_weights(contents, layer, layers_b)
    found = evidence(names, contents, layer, parts, weights)
    if layer.name in sweep.forced:
        found = (Evidence("user", 1.0, "chosen by you"), *found)
    if step.kind == "input" and tensor is not None:
        found = (Evidence("structure", 1.0, "an input of the model on both sides"),)
    return Match(
        a=layer.name,
        tensor_a=layer.outputs[0] if layer.outputs else layer.name,
        class_name=layer.class_name,
        kind=layer.kind,
        tensor_b=tensor,
        layer_b=layers_b[-1].name if layers_b else None,
        score=confidence(found),
        evidence=found,
        weights=weights,
        note=note,
    )


def _tensor(sweep: Sweep, names: Names, step: Step, index: int) -> tuple[str | None, str]:
    forced = sweep.forced.get(step.layer.name, "")
    if forced != "":
        return forced, "chosen by you"
    placed, here = sweep.placed.get(index), sweep.where.get(step.output)
    if step.kind == "input":
        return here, ""
    if placed is not None and not sweep.steps_b[placed.b].final:
        return None, f"fused with what follows it into {sweep.steps_b[placed.b].layer.name}"
    if placed is not None:
        return named_tensor(step, sweep.steps_b[placed.b], names.suffix), ""
    if here is not None and (is_identity(step) or index in sweep.passed):
        maker = sweep.flow.maker.get(here)
        tensor = here if maker is None else named_tensor(step, sweep.steps_b[maker], names.suffix)
        return tensor, "does nothing in inference: the same tensor as the layer before"
    return None, "no tensor of B does this layer's work: fused into another, or missing"


def _outputs(a: Computation, b: Computation, sweep: Sweep) -> tuple[tuple[str, str], ...]:
    by_root = {sweep.flow.root(port.tensor): port for port in reversed(b.outputs)}
    pairs: dict[str, str] = {}
    for port in a.outputs:
        here = by_root.pop(sweep.flow.root(sweep.where.get(port.tensor, "")), None)
        if here is not None:
            pairs[port.tensor] = here.tensor
    rest_a = tuple(port for port in a.outputs if port.tensor not in pairs)
    rest_b = tuple(port for port in b.outputs if port.tensor not in pairs.values())
    pairs.update({one.tensor: other.tensor for one, other in pair(rest_a, rest_b)})
    return tuple((port.tensor, pairs[port.tensor]) for port in a.outputs if port.tensor in pairs)
