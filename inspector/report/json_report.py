"""A comparison as the JSON report of docs/report.md."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from inspector.domain.comparison import Comparison, LayerDifference, OutputDifference
from inspector.report.schema import Number, ReportJson


def json_text(comparison: Comparison) -> str:
    """The report as indented strict JSON, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(report_json(comparison)), indent=2).decode() + "\n"


def write_json(comparison: Comparison, path: Path) -> None:
    """Write the report. Raises OSError when the file cannot be written."""
    path.write_text(json_text(comparison), encoding="utf-8")


def schema_text() -> str:
    """The published JSON Schema (docs/report.schema.json)."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(ReportJson)}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def report_json(comparison: Comparison) -> ReportJson:
    """The report as typed values; every value is checked against the schema on the way."""
    fields = {
        "schema": 1,
        "verdict": comparison.verdict,
        "sentence": comparison.sentence,
        "a": asdict(comparison.a),
        "b": asdict(comparison.b),
        "inputs": [
            {
                "name_a": used.name_a,
                "name_b": used.name_b,
                "shape": used.shape_a,
                "dtype": used.dtype_a,
                "spec": used.spec,
            }
            for used in comparison.inputs
        ],
        "outputs": [_output(output) for output in comparison.outputs],
        "layers": [_layer(layer) for layer in comparison.layers],
        "findings": [asdict(finding) for finding in comparison.findings],
        "unmatched_a": comparison.unmatched_a,
        "unmatched_b": comparison.unmatched_b,
        "warnings": [asdict(warning) for warning in comparison.warnings],
        "timings": comparison.timings,
        "shapes": [asdict(pair) for pair in comparison.shapes],
    }
    return msgspec.convert(strict(fields), ReportJson)


def _output(output: OutputDifference) -> dict[str, Any]:
    metrics = asdict(output.metrics)
    if scores := output.scores:
        metrics |= {"top1_a": _first(scores.top5_a), "top1_b": _first(scores.top5_b)}
        metrics["top5_overlap"] = scores.top5_overlap
    return {
        "a": output.a,
        "b": output.b,
        "shape": output.shape,
        "metrics": metrics,
        "within_noise": output.within_noise,
        "noise_floor": output.noise_floor,
    }


def _layer(layer: LayerDifference) -> dict[str, Any]:
    return {
        "index": layer.index,
        "a": layer.a,
        "b": layer.b,
        "class_name": layer.class_name,
        "evidence": [asdict(evidence) for evidence in layer.evidence],
        "total": layer.total and asdict(layer.total),
        "introduced": layer.introduced and asdict(layer.introduced),
        "noise_floor": layer.noise_floor,
        "weights": [asdict(weight) for weight in layer.weights],
        "status": layer.status,
        "clipped": layer.clipped,
    }


def _first(classes: tuple[int, ...]) -> int | None:
    return classes[0] if classes else None


def strict(value: Any) -> Any:
    """The same value with numbers that JSON cannot hold as strings."""
    match value:
        case dict():
            return {str(key): strict(item) for key, item in value.items()}
        case list() | tuple():
            return [strict(item) for item in value]
        case str():
            return value.encode("utf-8", "replace").decode()  # a lone surrogate is no UTF-8
        case np.generic():
            return strict(value.item())
        case float():
            return _number(value)
    return value


def _number(value: float) -> Number:
    """The number, or its name when JSON has none for it."""
    if math.isfinite(value):
        return float(value)
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
