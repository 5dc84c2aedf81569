"""The JSON report: keys as DESIGN fixes them, strict JSON, and the published schema."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import samples

from inspector.report.json_report import json_text, schema_text, strict

TOP = [
    "schema",
    "verdict",
    "sentence",
    "a",
    "b",
    "inputs",
    "outputs",
    "layers",
    "findings",
    "unmatched_a",
    "unmatched_b",
    "warnings",
    "timings",
    "shapes",
]
METRICS = [
    "max_abs",
    "mean_abs",
    "max_rel",
    "cosine",
    "sqnr_db",
    "fraction_beyond_noise",
    "worst_index",
    "nan_a",
    "nan_b",
    "inf_a",
    "inf_b",
]
ALL = [
    samples.one_culprit(),
    samples.three_findings(),
    samples.within_noise(),
    samples.hostile(),
    samples.nothing_compared(),
]


def report(comparison):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(json_text(comparison), parse_constant=refuse)


def test_keys_and_their_order_are_the_contract():
    found = report(samples.one_culprit())
    assert list(found) == TOP
    assert found["schema"] == 1
    assert list(found["a"]) == ["path", "format", "sha256", "framework", "python", "environment"]
    assert list(found["inputs"][0]) == ["name_a", "name_b", "shape", "dtype", "spec"]
    output = found["outputs"][0]
    assert list(output) == ["a", "b", "shape", "metrics", "within_noise", "noise_floor"]
    assert list(output["metrics"]) == [*METRICS, "top1_a", "top1_b", "top5_overlap"]
    layer = found["layers"][13]
    assert list(layer) == [
        "index",
        "a",
        "b",
        "class_name",
        "evidence",
        "total",
        "introduced",
        "noise_floor",
        "weights",
        "status",
        "clipped",
    ]
    assert list(layer["introduced"]) == METRICS
    assert list(layer["weights"][0])[:3] == ["a", "b", "relation"]
    assert list(found["findings"][0]) == [
        "cause",
        "layer_a",
        "layer_b",
        "confidence",
        "evidence",
        "proof",
        "mend",
        "title",
        "layers",
        "unproved",
        "note_only",
    ]


def test_findings_say_all_their_layers_and_why_there_is_no_proof():
    first, _second, third, note = report(samples.three_findings())["findings"]
    assert first["layers"] == ["block_2_expand_BN", "block_0_relu", "block_1_relu"]
    assert first["title"] == "Batch norm's epsilon differs"
    assert (first["proof"]["gone"], first["unproved"], first["note_only"]) == (1.0, "", False)
    assert (third["proof"], third["unproved"]) == (None, "side B cannot be edited")
    assert (note["layers"], note["note_only"]) == ([], True)


def test_the_numbers_are_the_comparisons():
    found = report(samples.one_culprit())
    assert found["verdict"] == "different"
    assert found["layers"][13]["introduced"]["max_abs"] == 0.0241873
    assert found["layers"][13]["status"] == "different"
    assert found["layers"][2]["introduced"]["sqnr_db"] == "Infinity"
    metrics = found["outputs"][0]["metrics"]
    assert (metrics["top1_a"], metrics["top1_b"], metrics["top5_overlap"]) == (281, 282, 4)
    assert found["findings"][0]["proof"]["gone"] == 0.999998
    assert list(report(samples.within_noise())["outputs"][0]["metrics"]) == METRICS


def test_what_is_not_finite_is_a_string_and_names_are_kept_whole():
    found = report(samples.hostile())
    layer = found["layers"][2]
    assert layer["introduced"]["max_abs"] == "NaN"
    assert layer["weights"][0]["max_abs"] == "Infinity"
    assert found["timings"]["run"] == "Infinity"
    assert layer["a"] == samples.RTL
    assert layer["b"] == samples.LONG
    assert found["layers"][5]["b"] is None


def test_numpy_numbers_and_lone_surrogates_are_taken():
    assert strict({"a": np.float32(0.5), "b": (np.int64(3), -math.inf), "c": np.bool_(True)}) == {
        "a": 0.5,
        "b": [3, "-Infinity"],
        "c": True,
    }
    assert strict("x\ud800") == "x?"


@pytest.mark.parametrize("comparison", ALL, ids=["culprit", "three", "noise", "hostile", "nothing"])
def test_every_report_obeys_the_published_schema(root, comparison):
    schema = json.loads((root / "docs" / "report.schema.json").read_text())
    check(report(comparison), schema, schema)


def test_the_published_schema_is_the_codes(root):
    assert Path(root / "docs" / "report.schema.json").read_text() == schema_text()


def test_the_schema_refuses_what_is_no_report(root):
    schema = json.loads((root / "docs" / "report.schema.json").read_text())
    for spoil in ({"verdict": "fine"}, {"schema": 2}, {"unknown": 1}, {"layers": [{}]}):
        with pytest.raises(AssertionError):
            check({**report(samples.within_noise()), **spoil}, schema, schema)


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
KNOWN = {
    "$schema",
    "$ref",
    "$defs",
    "title",
    "description",
    "type",
    "properties",
    "required",
    "enum",
    "items",
    "anyOf",
    "additionalProperties",
    "default",
}


def check(value, schema, root):
    """JSON Schema 2020-12, the words that our schema uses; any other word fails the test."""
    assert not schema.keys() - KNOWN
    if "$ref" in schema:
        check(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if "enum" in schema:
        assert value in schema["enum"]
    if "anyOf" in schema:
        assert any(obeys(value, option, root) for option in schema["anyOf"])
    if "type" in schema:
        assert isinstance(value, TYPES[schema["type"]])
        assert not (isinstance(value, bool) and schema["type"] in ("integer", "number"))
    if schema.get("type") == "object":
        check_object(value, schema, root)
    for item in value if schema.get("type") == "array" else ():
        check(item, schema["items"], root)


def check_object(value, schema, root):
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    assert not [key for key in schema.get("required", ()) if key not in value]
    for key, item in value.items():
        assert key in properties or more is not False, key
        check(item, properties.get(key, more if isinstance(more, dict) else {}), root)


def obeys(value, schema, root):
    try:
        check(value, schema, root)
    except AssertionError:
        return False
    return True
