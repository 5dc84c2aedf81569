"""Scales and offsets that stand in B's kernel and bias: what converters write, worked out with numpy in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made import Store, assigned, chain, layer, node

from inspector.domain.computation import Layer
from inspector.domain.match import Assignment

RANDOM = np.random.default_rng(4)
KERNEL, BIAS = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=4)


def records(found: Assignment, name: str) -> list[str]:
    return [record.relation for record in next(item for item in found.matches if item.a == name).weights]


def folded(before: list[Layer], behind: list[Layer], kernel: Any, bias: Any) -> list[str]:
    """How B's kernel and bias stand to those of `d`, which reads the last layer of `before`."""
    one, other = Store(), Store()
    weights = (one.weight("k", "kernel", KERNEL.astype("f4")), one.weight("b", "bias", BIAS.astype("f4")))
    reads = before[-1].name if before else "x"
    a = chain(layer("x", "input"), *before, layer("d", "dense", reads, weights), *behind)
    b = chain(
        node("x", "input"),
        node(
            "d",
            "dense",
            "x",
            (other.weight("k", "kernel", kernel.astype("f4")), other.weight("b", "bias", bias.astype("f4"))),
        ),
        *(
            node("clip", item.kind, "d", activation="relu", max_value=1.0)
            for item in behind
            if item.kind == "activation"
        ),
    )
    return records(assigned(a, b, one, other), "d")


def test_a_rescaling_in_front() -> None:
    """K (s x + t) + b = (s K) x + (b + the sum of t K over the inputs)."""
    ahead = [layer("r", "rescaling", "x", scale=0.25, offset=-1.0)]
    assert folded(ahead, [], 0.25 * KERNEL, BIAS - KERNEL.sum(0)) == ["folded", "folded"]
    assert folded(ahead, [], 0.5 * KERNEL, BIAS - KERNEL.sum(0)) == ["different", "different"]
    assert folded(ahead, [], 0.25 * KERNEL, BIAS) == ["different", "exact"]


@pytest.mark.parametrize(
    ("name", "scale", "offset"), [("hard_sigmoid", 0.2, 0.5), ("hard_sigmoid_3", 1 / 6, 0.5), ("hard_sigmoid_3", 1, 3)]
)
def test_the_straight_part_of_a_hard_sigmoid_behind(name: str, scale: float, offset: float) -> None:
    behind = [layer("h", "activation", "d", activation=name)]
    expected = folded([], behind, scale * KERNEL, scale * BIAS + offset)
    assert expected[1] == "folded"
    assert expected[0] in (("exact", "folded") if scale == 1 else ("folded",))


@pytest.mark.parametrize(("scale", "offset"), [(2.0, 1.0), (-0.5, 0.25)])
def test_a_function_that_nobody_states_is_one_scale_and_one_offset(scale: float, offset: float) -> None:
    """A Lambda that TensorFlow Lite works into the Dense before it."""
    behind = [layer("f", "lambda", "d")]
    assert folded([], behind, scale * KERNEL, scale * BIAS + offset) == ["folded", "folded"]
    assert folded([], behind, scale * KERNEL + RANDOM.normal(size=KERNEL.shape), BIAS) == ["different", "exact"]
    assert folded([], behind, scale * KERNEL, scale * BIAS + RANDOM.normal(size=4)) == ["different", "different"]


def test_the_bias_of_the_layer_before() -> None:
    one, other = Store(), Store()
    first, early = RANDOM.normal(size=(2, 3)).astype("f4"), RANDOM.normal(size=3).astype("f4")
    kernel, bias = KERNEL.astype("f4"), BIAS.astype("f4")
    moved = (BIAS + early.astype(float) @ kernel.astype(float)).astype("f4")
    a = chain(
        layer("x", "input"),
        layer("d1", "dense", "x", (one.weight("k1", "kernel", first), one.weight("b1", "bias", early))),
        layer("d2", "dense", "d1", (one.weight("k2", "kernel", kernel), one.weight("b2", "bias", bias))),
    )
    b = chain(
        node("x", "input"),
        node("d1", "dense", "x", (other.weight("k1", "kernel", first),)),
        node("d2", "dense", "d1", (other.weight("k2", "kernel", kernel), other.weight("b2", "bias", moved))),
    )
    found = assigned(a, b, one, other)
    assert records(found, "d1") == ["exact", "folded"]
    assert "folded" in records(found, "d2")
    assert "different" not in records(found, "d2")
