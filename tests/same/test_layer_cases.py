"""The tables of `make same` know every layer class and activation of both Keras, and a dozen of its pairs hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inspector.formats.keras_kinds import is_custom

pytestmark = pytest.mark.framework
HERE = Path(__file__).parent
LISTING = """
import json, sys
sys.path.insert(0, sys.argv[1])
import keras, tf_keras, layer_cases
print(json.dumps({k.__name__: [layer_cases.classes(k), layer_cases.activations(k)] for k in (keras, tf_keras)}))
"""
PAIRS = "last-gelu,inside-GRU,alone-MultiHeadAttention"


@pytest.fixture(scope="module")
def listed() -> dict[str, list[list[str]]]:
    done = subprocess.run([sys.executable, "-c", LISTING, str(HERE)], check=True, capture_output=True, timeout=120)
    return json.loads(done.stdout.decode().splitlines()[-1])


def test_every_layer_class_of_both_keras_has_a_case_or_a_reason(listed: dict[str, list[list[str]]]) -> None:
    sys.path.insert(0, str(HERE))
    from layer_cases import CASES, NO_NET

    named = {name for classes, _ in listed.values() for name in classes}
    assert len(listed["keras"][0]) >= 140
    assert len(listed["tf_keras"][0]) >= 110
    assert sorted(named - CASES.keys() - NO_NET.keys()) == []
    assert sorted((CASES.keys() | NO_NET.keys()) - named) == []  # nothing that no Keras has any more
    assert CASES.keys() & NO_NET.keys() == set()


def test_every_activation_is_listed_once(listed: dict[str, list[list[str]]]) -> None:
    assert {"relu", "gelu", "softmax", "linear", "mish"} <= set(listed["tf_keras"][1])
    assert {"hard_silu", "log_softmax", "sparsemax", "squareplus"} <= set(listed["keras"][1])
    for _, names in listed.values():
        assert len(names) == len(set(names))
        assert len(names) >= 14


def test_no_class_of_keras_is_taken_for_somebody_s_own(listed: dict[str, list[list[str]]]) -> None:
    """Also where a file says nothing but its name, as Keras 3 writes .h5."""
    assert [name for classes, _ in listed.values() for name in classes if is_custom(name, {})] == []
    assert is_custom("Mine", {})


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the bench says of each pair: a process of its own, as `make same` is."""
    out = tmp_path_factory.mktemp("same") / "same.jsonl"
    asked = ["--only", PAIRS, "--out", str(out)]
    subprocess.run([sys.executable, str(HERE / "same_bench.py"), *asked], check=False, capture_output=True, timeout=600)
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_pairs_of_layers_and_activations_are_the_same(outcomes: list[dict[str, Any]]) -> None:
    assert len(outcomes) >= 6
    assert {row["keras"] for row in outcomes} == {"keras", "tf_keras"}
    assert {row["verdict"] for row in outcomes} <= {"same", "within-noise"}
    assert [(row["id"], row["findings"], row["failed"], row["error"]) for row in outcomes if row["findings"]] == []
    assert [row["id"] for row in outcomes if row["failed"] or row["error"] or not row["compared"]] == []
