"""From differences to findings: what the causes suspect, tried in memory and measured. One way for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from inspector.causes import Case, Suspicion, suspicions
from inspector.causes.case import SetAttribute
from inspector.compare.metrics import measure
from inspector.domain.comparison import Comparison, Finding, Proof
from inspector.domain.computation import Computation, Layer
from inspector.domain.errors import Cancelled, InspectorError
from inspector.session.layout import to_a
from inspector.session.side import SideState
from inspector.workers.child import Progress
from inspector.workers.runner_client import AttributeEdit, ConstantEdit, Edit, Runner

Array = NDArray[Any]


def explain(
    result: Comparison,
    a: SideState,
    b: SideState,
    run_b: tuple[Runner, Mapping[str, Array]],
    arrays: list[tuple[Array, Array]],
    progress: Progress,
) -> tuple[Finding, ...]:
    """Findings for a comparison that differs, the one to act on first."""
    if result.verdict != "different":
        return ()
    case = Case(
        layers=result.layers,
        layer_a=_by_name(a.computation()),
        layer_b=_by_tensor(b.computation()),
        values_a=a.reader.values,
    )
    found = []
    for number, suspicion in enumerate(suspicions(case)):
        progress(f"trying: {suspicion.edit_text}", number, 0)
        found.append(_finding(suspicion, _prove(suspicion, result, run_b, arrays)))
    return tuple(sorted(found, key=lambda item: -(item.proof.gone if item.proof else 0.0) - item.confidence / 100))


def _prove(
    suspicion: Suspicion,
    result: Comparison,
    run_b: tuple[Runner, Mapping[str, Array]],
    arrays: list[tuple[Array, Array]],
) -> Proof | None:
    """Mend a copy of B's graph in memory, run it, and see how much of the outputs' difference is gone."""
    runner, inputs = run_b
    if not suspicion.edits:
        return None
    try:
        runner.edit([_to_runner(edit) for edit in suspicion.edits])
        names = [output.b for output in result.outputs]
        mended = runner.run(inputs, outputs=names, edited=True).outputs
        runner.edit([])
    except Cancelled:
        raise
    except InspectorError:
        return None  # a side that cannot be edited has no proof; the finding stands without
    before = max(output.metrics.max_abs for output in result.outputs)
    after = max(
        _apart(one, mended[output.b], output.axes) for output, (one, _) in zip(result.outputs, arrays, strict=True)
    )
    gone = max(0.0, 1.0 - after / before) if before else 0.0
    return Proof(edit=suspicion.edit_text, before=before, after=after, gone=gone)


def _apart(a: Array, b: Array, axes: tuple[int, ...] | None) -> float:
    turned = to_a(b, a.shape, axes)
    return measure(a, turned).max_abs if turned is not None else float("inf")


def _to_runner(edit: Any) -> Edit:
    if isinstance(edit, SetAttribute):
        return AttributeEdit(node=edit.node, name=edit.name, value=edit.value)
    return ConstantEdit(node=edit.node, value=edit.value)


def _finding(suspicion: Suspicion, proof: Proof | None) -> Finding:
    confidence = suspicion.confidence if proof is None else max(suspicion.confidence * 0.5, min(0.99, proof.gone))
    return Finding(
        cause=suspicion.cause,
        title=suspicion.title,
        layer_a=suspicion.layer_a,
        layer_b=suspicion.layer_b,
        confidence=confidence,
        evidence=suspicion.evidence,
        mend=suspicion.mend,
        proof=proof,
    )


def _by_name(computation: Computation) -> dict[str, Layer]:
    return {layer.name: layer for layer in computation.layers}


def _by_tensor(computation: Computation) -> dict[str, Layer]:
    return {tensor: layer for layer in computation.layers for tensor in (*layer.outputs, *layer.aliases)}
