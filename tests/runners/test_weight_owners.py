"""Whose a TensorFlow.js weight is, by the scopes in its name: of files of 2018 and of Keras 3."""

from __future__ import annotations

import pytest

from inspector.runners.weight_owners import owners

LAYERS = ["input", "dense_1", "act", "dense_2"]
FILLED = ["dense_1", "dense_2"]


@pytest.mark.parametrize(
    ("names", "layers"),
    [
        (["dense_1/kernel", "dense_2/kernel"], FILLED),
        (["dense_1_1/kernel", "dense_2_1/kernel"], FILLED),  # made unique in a session
        (["seq/dense_1/kernel", "seq/dense_2/kernel"], FILLED),  # Keras 3's path of a Sequential's layer
        (["model_1/dense_1_1/kernel", "model_1/dense_2_1/kernel"], FILLED),
        (["hidden/kernel", "scores/kernel"], FILLED),  # other names: in order
        (["dense_2/kernel", "dense_1/kernel"], ["dense_2", "dense_1"]),  # names before order
    ],
)
def test_one_rule_for_all_weights(names: list[str], layers: list[str]) -> None:
    assert owners(names, LAYERS, FILLED) == dict(zip(names, layers, strict=True))


def test_names_that_are_shifted_by_one_go_by_order() -> None:
    found = owners(["dense_1/kernel", "dense_2/kernel"], ["dense", "dense_1"], ["dense", "dense_1"])
    assert found == {"dense_1/kernel": "dense", "dense_2/kernel": "dense_1"}


def test_a_weight_of_no_layer_is_left_out() -> None:
    found = owners(["dense_1/kernel", "dense_2/kernel", "optimizer/step"], LAYERS, FILLED)
    assert found == {"dense_1/kernel": "dense_1", "dense_2/kernel": "dense_2"}
