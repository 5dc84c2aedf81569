"""A dozen pairs of the fault bench: some causes, and pairs that are the same and look different."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.framework
BENCH = Path(__file__).with_name("find_faults.py")
CAUSES = (
    "batchnorm-epsilon",
    "activation",
    "padding",
    "quantization",
    "weight-order",
    "output-order",
    "weights-changed",
)
SAME = ("renamed", "folded", "written out", "Identity")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the bench says of each pair: a process of its own, as `make faults` is."""
    out = tmp_path_factory.mktemp("faults") / "outcomes.jsonl"
    asked = ["--nets", "several", "--causes", ",".join(CAUSES), "--same", ",".join(SAME), "--out", str(out)]
    subprocess.run([sys.executable, str(BENCH), *asked], check=True, capture_output=True, timeout=240)
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_faults_are_found_where_they_were_put(outcomes: list[dict[str, Any]]) -> None:
    faulty = [row for row in outcomes if row["truth"]]
    assert {row["truth"][0]["cause"] for row in faulty} == set(CAUSES)
    wrong = [(row["truth"], row["causes"], row["layers"], row["error"]) for row in faulty if not row["cause"]]
    assert wrong == []
    assert all(row["layer"] for row in faulty)


def test_pairs_that_are_the_same_give_no_finding(outcomes: list[dict[str, Any]]) -> None:
    same = [row for row in outcomes if not row["truth"]]
    assert len(same) >= len(SAME)
    alarms = [(row["id"], row["verdict"], row["causes"], row["error"]) for row in same]
    assert [row for row in alarms if row[1] == "different" or row[2] or row[3]] == []
