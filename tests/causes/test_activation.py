"""What the causes by computing say of layers whose numbers are made here, in numpy."""

from __future__ import annotations

from dataclasses import replace
from math import erf

import numpy as np
import pytest
from layer_case import case_of, layer, normal, only, output, row

from inspector.causes import activation
from inspector.causes.case import Sample, Trial

X = normal(4, 5, 6)
SIGMOID = 1 / (1 + np.exp(-X))
RELU = np.maximum(X, 0)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x)
    return e / e.sum(axis, keepdims=True)


WRONG = [
    ({"activation": "relu"}, RELU, np.clip(X, 0, 1.5), "relu (max_value 1.5)"),
    ({"activation": "relu"}, RELU, SIGMOID, "sigmoid"),
    ({"activation": "relu"}, RELU, X, "no activation"),
    ({"activation": "leaky_relu", "slope": 0.3}, np.where(X > 0, X, 0.3 * X), RELU, "relu"),
    (
        {"activation": "leaky_relu", "slope": 0.3},
        np.where(X > 0, X, 0.3 * X),
        np.where(X > 0, X, 0.07 * X),
        "slope 0.07",
    ),
    ({"activation": "elu"}, np.where(X > 0, X, np.expm1(X)), np.where(X > 0, X, 0.4 * np.expm1(X)), "alpha 0.4"),
    ({"activation": "softmax"}, softmax(X, -1), softmax(X, 1), "softmax along axis 1"),
    ({"activation": "softmax"}, softmax(X, -1), softmax(softmax(X, -1), -1), "softmax and softmax behind it"),
    ({"activation": "softmax"}, softmax(X, -1), softmax(X / 2, -1), "softmax of the values times 0.5"),
    ({"activation": "hard_sigmoid"}, np.clip(0.2 * X + 0.5, 0, 1), np.clip(X / 6 + 0.5, 0, 1), "hard_sigmoid_3"),
]


@pytest.mark.parametrize(("settings", "one", "other", "told"), WRONG)
def test_another_activation_is_named(settings: dict, one: np.ndarray, other: np.ndarray, told: str) -> None:
    found = only(list(activation.suspect(case_of(layer("activation", **settings), [X], one, other))))
    assert found.cause == "activation"
    assert found.layer_a == "layer"
    assert told in found.title
    assert found.confidence >= 0.9
    assert isinstance(found.trial, Trial)


def test_a_softmax_along_the_samples_takes_all_of_them() -> None:
    x = normal(9, 6)
    found = only(list(activation.suspect(case_of(layer("softmax"), [x], softmax(x, -1), softmax(x, 0)))))
    assert "axis 0" in found.title


def test_the_activation_inside_a_layer_is_told_with_its_weights() -> None:
    x, kernel = normal(3, 7), normal(7, 4, seed=1)
    before = x @ kernel
    gelu = 0.5 * before * (1 + np.tanh(np.sqrt(2 / np.pi) * (before + 0.044715 * before**3)))
    exact = 0.5 * before * (1 + np.vectorize(erf)(before / np.sqrt(2)))
    dense = layer("dense", weights={"kernel": kernel}, activation="gelu")
    found = only(list(activation.suspect(case_of(dense, [x], exact, gelu, weights={"kernel": kernel}))))
    assert "computes gelu in A and gelu_tanh in B" in found.title


def test_what_no_function_gives_is_a_guess() -> None:
    found = only(
        list(
            activation.suspect(
                case_of(layer("activation", activation="relu"), [X], RELU, RELU + normal(4, 5, 6, seed=3))
            )
        )
    )
    assert found.confidence < 0.5


def test_a_softmax_that_is_missing_behind_the_output_is_put_there() -> None:
    logits, dense = X[:, 0], layer("dense", activation="softmax")
    pair = output(dense, softmax(logits, -1), logits)
    case = replace(case_of(dense, [X], logits, logits), outputs=(pair,), sample=lambda _name: None)
    found = only(list(activation.suspect(case)))
    assert "softmax of `layer` is missing" in found.title
    np.testing.assert_allclose(found.trial.outputs_b["out:0"], softmax(logits, -1), atol=1e-6)


def test_without_numbers_both_files_are_believed() -> None:
    a, b = layer("activation", activation="relu6"), layer("activation", activation="relu")
    case = replace(case_of(a, [X], RELU, X, b=b), sample=lambda _name: None)
    assert "relu6 in A and relu in B" in only(list(activation.suspect(case))).title
    same = layer("activation", activation="relu", max_value=6.0)
    assert not list(activation.suspect(replace(case, layer_b={"layer:0": same})))
    unknown = layer("activation", activation="unknown")
    assert not list(activation.suspect(replace(case, layer_b={"layer:0": unknown})))


@pytest.mark.parametrize("other", [RELU, RELU + 3e-8])
def test_a_right_pair_is_no_suspicion(other: np.ndarray) -> None:
    assert not list(activation.suspect(case_of(layer("activation", activation="relu"), [X], RELU, other)))


def test_other_weights_are_none_of_it() -> None:
    x, kernel, changed = normal(3, 7), normal(7, 4, seed=1), normal(7, 4, seed=2)
    dense = layer("dense", weights={"kernel": kernel}, activation="relu")
    one, other = np.maximum(x @ kernel, 0), np.maximum(x @ changed, 0)
    given = {"weights": {"kernel": kernel}, "weights_b": {"kernel": changed}}
    assert not list(activation.suspect(case_of(dense, [x], one, other, **given)))


def test_a_layer_without_a_tensor_in_b_is_told_by_the_one_behind_it() -> None:
    x, kernel = normal(2, 6, 3), normal(3, 4, seed=1)
    before = x.astype(np.float64) @ kernel
    pooled = [array[:, 0::2] / 2 + array[:, 1::2] / 2 for array in (np.maximum(before, 0), before)]
    given = layer("flatten", "before", reads=())
    dense = layer("dense", "lost", weights={"kernel": kernel}, activation="relu")
    pool = layer("pool", reads=("lost",), pool="average", pool_size=2, strides=2)
    case = case_of(pool, [np.maximum(before, 0)], *pooled, before=(given, dense))
    known = {"before": Sample(inputs=(), a=x, b=x, noise_floor=1e-6), "layer": case.sample("layer")}
    rows = (case.layers[0], row("lost", "not-compared"), case.layers[2])
    case = replace(case, layers=rows, sample=known.get, values_a=lambda _name: kernel.ravel())
    found = only(list(activation.suspect(case)))
    assert (found.layer_a, found.title) == ("lost", "`lost` computes relu in A and no activation in B")
