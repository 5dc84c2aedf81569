"""A few faults of the bench in every run of the tests: found at the right layer, with the right cause, proved."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest
import run

pytestmark = pytest.mark.framework
ASKED = (
    ("residual", "batchnorm-training-mode,missing-layer,folding,weight-order"),
    ("recurrent", "recurrent-variant,layernorm-epsilon,weights-not-loaded"),
    ("several", "input-order,output-order,resize"),
)


@pytest.mark.parametrize(("net", "causes"), ASKED, ids=[net for net, _ in ASKED])
def test_a_seeded_fault_is_found_where_it_is(tmp_path: Path, net: str, causes: str) -> None:
    asked = Namespace(seeds=1, first=5, nets=net, causes=causes, each=1, together=1, same=False)
    outcomes = list(run.run(tmp_path, run.made(tmp_path, asked)))

    assert sorted(outcome.truth[0]["cause"] for outcome in outcomes) == sorted(causes.split(","))
    for outcome in outcomes:
        assert outcome.layer, run.told(outcome)
        assert outcome.cause, run.told(outcome)
        cause = outcome.truth[0]["cause"]
        assert cause == "output-order" or (outcome.proof or 0.0) > 0.99, run.told(outcome)
