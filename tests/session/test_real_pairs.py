"""The real pairs of shared/models: verdicts and matches known from the frameworks and the files' authors.

What is the same and what differs stands in shared/models/README.md; it was worked out without this code.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.domain.comparison import Comparison
from inspector.session.session import Session
from inspector.session.settings import Settings

SEEDS = (0, 1, 2, 3)
SAME = {
    "racecar": ("racecar/mlp-720.h5", "racecar/frozen_model_720.pb"),
    "emotion-mini": ("emotion-mini/_mini_XCEPTION.102-0.66.hdf5", "emotion-mini/model.pb"),
    "emotion-simple": ("emotion-simple/_simple_CNN.00-0.32.hdf5", "emotion-simple/model-cnn-032.pb"),
    "dga-lstm": ("dga-lstm/model.h5", "dga-lstm/model.pb"),
    "lenet5": ("lenet5/modelLeNet5_small.h5", "lenet5/frozen_model.pb"),
    "regressor": ("regressor-0611b/model_0611b.h5", "regressor-0611b/frozen_model_0611b.pb"),
    "muscle-a": ("muscle-mlp/mlp_200517a.h5", "muscle-mlp/mlp_200517a.pb"),
    "muscle-b": ("muscle-mlp/mlp_200517b.h5", "muscle-mlp/mlp_200517b.pb"),
}
OTHER_WEIGHTS = {
    "racecar": ("racecar/mlp-latest.h5", "racecar/frozen_model_full.pb"),
    "emotion-simple": ("emotion-simple/_simple_CNN.00-0.32.hdf5", "emotion-simple/model-cnn-033.pb"),
}
# Arrays that the README counts as the same between the two files, and the biases of one number that it leaves out.
ARRAYS = {
    "racecar": 9 + 1,
    "emotion-mini": 80,
    "emotion-simple": 56,
    "dga-lstm": 9 + 1,
    "lenet5": 10,
    "regressor": 12,
    "muscle-a": 8,
    "muscle-b": 8,
}


def compared(session: Session, folder: Path, files: tuple[str, str]) -> list[Comparison]:
    """The pair's comparisons, one for each seed."""
    session.open("a", folder / files[0])
    session.open("b", folder / files[1])
    results = []
    for seed in SEEDS:
        session.settings = Settings(inputs=(f"random:{seed}",))
        results.append(session.compare())
    return results


@pytest.fixture(scope="module", params=SAME)
def same(request: pytest.FixtureRequest, shared_session: Session, pairs: Path) -> tuple[str, list[Comparison]]:
    return request.param, compared(shared_session, pairs, SAME[request.param])


def test_the_same_pair_is_the_same_for_every_seed(same: tuple[str, list[Comparison]]) -> None:
    for result in same[1]:
        assert result.verdict in ("same", "within-noise"), result.sentence
        assert [layer.a for layer in result.layers if layer.status == "different"] == []
        assert result.outputs[0].metrics.max_abs < 5e-6


def test_every_layer_with_weights_is_matched_by_their_content(same: tuple[str, list[Comparison]]) -> None:
    name, results = same
    with_weights = [layer for layer in results[0].layers if layer.weights]
    relations = [weight.relation for layer in with_weights for weight in layer.weights]
    assert set(relations) <= {"exact", "transposed"}
    assert len(relations) == ARRAYS[name]
    for layer in with_weights:
        assert layer.a.rpartition("/")[2] in str(layer.b), f"{layer.a} was matched with {layer.b}"
        assert {"name", "weights", "structure", "values"} <= {item.kind for item in layer.evidence}
        assert next(item.score for item in layer.evidence if item.kind == "values") > 0.99999


@pytest.mark.parametrize("name", OTHER_WEIGHTS)
def test_another_training_is_told_by_its_weights(shared_session: Session, pairs: Path, name: str) -> None:
    for result in compared(shared_session, pairs, OTHER_WEIGHTS[name]):
        assert result.verdict == "different"
        assert result.outputs[0].metrics.max_abs > 0.01
        assert [finding.cause for finding in result.findings] == ["weights-changed"]
        first = next(layer for layer in result.layers if layer.weights)
        assert result.findings[0].layer_a == first.a
        assert f"`{first.a}`" in result.sentence
