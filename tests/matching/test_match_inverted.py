"""A is the coarser side: the graph in A, the Keras model in B; a net without its batch norms against the whole."""

from __future__ import annotations

import numpy as np
from made import Store, assigned, chain, layer, node, tensors

RANDOM = np.random.default_rng(0)


def test_a_graph_against_the_model_it_was_made_from() -> None:
    store_a, store_b = Store(), Store()
    kernel = RANDOM.normal(size=(4, 4)).astype(np.float32)
    a = chain(
        node("x", "input"),
        node("one/MatMul", "dense", "x", (store_a.weight("k", "kernel", kernel),)),
        node("one/Relu", "activation", "one/MatMul", activation="relu"),
    )
    b = chain(
        layer("x", "input"),
        layer("one", "dense", "x", (store_b.weight("one/k", "kernel", kernel),), activation="relu"),
        layer("drop", "dropout", "one"),
    )

    found = assigned(a, b, store_a, store_b)

    assert tensors(found) == {"x": "x", "one/MatMul": None, "one/Relu": "drop"}
    assert [record.relation for match in found.matches for record in match.weights] == ["exact"]
    assert found.outputs == (("one/Relu:0", "drop"),)
    assert "does the work of one, drop" in found.matches[2].note


def folded_and_whole() -> tuple:
    """A: a convolution with its norm folded in, as an exporter writes it; B: convolution, norm, ReLU."""
    store_a, store_b = Store(), Store()
    kernel = RANDOM.normal(size=(3, 3, 2, 4)).astype(np.float32)
    gamma, beta, mean = (RANDOM.normal(size=4).astype(np.float32) for _ in range(3))
    variance = RANDOM.uniform(0.5, 2, 4).astype(np.float32)
    scale = gamma.astype(np.float64) / np.sqrt(variance + 1e-3)
    folded = (kernel * scale).astype(np.float32)
    offset = (beta - mean * scale).astype(np.float32)
    a = chain(
        layer("image", "input"),
        layer(
            "fused",
            "conv2d",
            "image",
            (store_a.weight("w", "kernel", folded), store_a.weight("b", "bias", offset)),
            activation="relu",
        ),
    )
    norm = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance}
    b = chain(
        layer("image", "input"),
        layer("conv", "conv2d", "image", (store_b.weight("conv/k", "kernel", kernel),)),
        layer(
            "bn", "batch_norm", "conv", tuple(store_b.weight(f"bn/{r}", r, v) for r, v in norm.items()), epsilon=1e-3
        ),
        layer("relu", "activation", "bn", activation="relu"),
    )
    return a, b, store_a, store_b


def test_a_folded_convolution_finds_all_that_it_took_in() -> None:
    found = assigned(*folded_and_whole())

    assert tensors(found) == {"image": "image", "fused": "relu"}
    fused = found.matches[1]
    assert {(record.role, record.relation) for record in fused.weights} == {("kernel", "folded"), ("bias", "folded")}
    assert {record.a for record in fused.weights} == {"w", "b"}
    assert fused.note == "does the work of conv, bn, relu"


def test_the_persons_choice_wins_here_too() -> None:
    a, b, store_a, store_b = folded_and_whole()

    assert tensors(assigned(a, b, store_a, store_b, forced={"fused": "bn"}))["fused"] == "bn"
    assert tensors(assigned(a, b, store_a, store_b, forced={"fused": None}))["fused"] is None
