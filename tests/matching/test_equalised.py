"""Channels scaled in one kernel and scaled back in the next: by hand, with numpy."""

from __future__ import annotations

import numpy as np
import pytest
from made import Store, assigned, chain, layer, node

from inspector.domain.match import Assignment

RANDOM = np.random.default_rng(3)
FACTOR = np.array([0.5, 4.0, 2.0], np.float32)


def array(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


K1, B1, K2 = array(3, 3, 2, 3), array(3), array(1, 1, 3, 4)


def relations(found: Assignment) -> dict[str, list[str]]:
    return {item.a: [record.relation for record in item.weights] for item in found.matches if item.weights}


def match(between: str, *, back: np.ndarray = FACTOR, changed: float = 0.0) -> Assignment:
    one, other = Store(), Store()
    kernel = K1 * FACTOR
    kernel[0, 0, 0, 0] += changed
    a = chain(
        layer("x", "input"),
        layer("c1", "conv2d", "x", (one.weight("k1", "kernel", K1), one.weight("b1", "bias", B1))),
        layer("act", "activation", "c1", activation=between),
        layer("c2", "conv2d", "act", (one.weight("k2", "kernel", K2),)),
    )
    scaled = K2 / back[:, None]
    b = chain(
        node("x", "input"),
        node("c1", "conv2d", "x", (other.weight("k1", "kernel", kernel), other.weight("b1", "bias", B1 * FACTOR))),
        node("act", "activation", "c1", activation=between),
        node("c2", "conv2d", "act", (other.weight("k2", "kernel", scaled),)),
    )
    return assigned(a, b, one, other)


@pytest.mark.parametrize("between", ["relu", "leaky_relu", "linear"])
def test_what_is_scaled_back_behind_a_relu_is_folded(between: str) -> None:
    assert relations(match(between)) == {"c1": ["folded", "folded"], "c2": ["folded"]}


def test_a_sigmoid_lets_no_factor_through() -> None:
    assert relations(match("sigmoid")) == {"c1": ["different", "different"], "c2": ["different"]}


def test_a_factor_that_is_not_taken_back_is_another_weight() -> None:
    found = relations(match("relu", back=np.array([0.5, 4.0, 1.0], np.float32)))
    assert set(found["c1"] + found["c2"]) == {"different"}


def test_one_number_that_no_factor_explains_is_another_weight() -> None:
    found = relations(match("relu", changed=0.1))
    assert set(found["c1"] + found["c2"]) == {"different"}
