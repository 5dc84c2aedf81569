"""Weights that hold other numbers although the layer's output agrees, and weights that only look so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from layer_case import case_of, layer, normal

from inspector.causes.case import Case
from inspector.domain.comparison import LayerDifference
from inspector.session.latent import with_latent

X = np.abs(normal(2, 6))
ALPHA = {"alpha": np.full(6, 0.25, np.float32)}
DENSE = {"kernel": normal(6, 4, seed=1), "bias": normal(4, seed=2)}


def judged(case: Case) -> LayerDifference:
    (item,) = with_latent(case)
    return item


def dense(x: np.ndarray) -> np.ndarray:
    return (x.astype(np.float64) @ DENSE["kernel"] + DENSE["bias"]).astype(np.float32)


def dense_case(x: np.ndarray, weights_b: dict[str, np.ndarray]) -> Case:
    return case_of(layer("dense", weights=DENSE), [x], dense(x), dense(x), weights=DENSE, weights_b=weights_b)


def test_slopes_that_no_input_reaches_are_other_weights() -> None:
    other = {"alpha": np.full(6, 0.5, np.float32)}
    item = judged(case_of(layer("prelu", weights=ALPHA), [X], X, X, weights=ALPHA, weights_b=other))
    assert (item.status, item.weights[0].relation) == ("different", "different")


def test_a_row_that_meets_zeros_only() -> None:
    x, kernel = X.copy(), DENSE["kernel"].copy()
    x[:, 3] = 0.0
    kernel[3, 1] += 0.1
    assert judged(dense_case(x, {"kernel": kernel, "bias": DENSE["bias"]})).status == "different"


def test_a_scale_that_was_folded_in_is_no_other_weight() -> None:
    """B reads x itself and has 1/255 in its kernel, A reads x / 255: both give the same."""
    item = judged(dense_case(X, {"kernel": DENSE["kernel"] / 255, "bias": DENSE["bias"]}))
    assert item.status == "same"
    assert [weight.relation for weight in item.weights] == ["folded", "exact"]


def test_channels_in_another_order_with_the_rows_to_match() -> None:
    """B's Dense reads its channels the other way round, and its rows are turned likewise."""
    item = judged(dense_case(X, {"kernel": DENSE["kernel"][::-1].copy(), "bias": DENSE["bias"]}))
    assert item.status == "same"


def test_equal_weights_stay_what_they_are() -> None:
    item = judged(dense_case(X, dict(DENSE)))
    assert (item.status, {weight.relation for weight in item.weights}) == ("same", {"exact"})


def test_quantized_weights_are_rounded_and_no_others() -> None:
    case = dense_case(X, {"kernel": np.round(DENSE["kernel"] * 64) / 64, "bias": DENSE["bias"]})
    assert judged(replace(case, b=replace(case.b, precision="int8"))).status == "same"


def test_what_no_formula_knows_is_told_by_how_much_of_a_is_left() -> None:
    weights = {"table": normal(40, seed=3)}
    moved = weights["table"].copy()
    moved[7] += 0.1
    for other, status in ((moved, "different"), (normal(40, seed=4), "same")):
        case = case_of(layer("other", weights=weights), [X], X, X, weights=weights, weights_b={"table": other})
        assert judged(case).status == status
