"""What a quantized side does to its numbers, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector.domain.computation import Computation, Layer
from inspector.domain.match import WeightDifference
from inspector.session.coarse import coarse, groups
from inspector.session.floors import accumulated, floor, relative_error
from inspector.workers.runner_client import Loaded, Port, Tap


def layer(name: str, kind: str, *reads: str) -> Layer:
    return Layer(name=name, kind=kind, class_name=kind, inputs=reads, outputs=(name,))


# x -> conv -> logits -> scores, and x -> other -> scores
NET = Computation(
    layers=(
        layer("x", "input"),
        layer("conv", "conv2d", "x"),
        layer("logits", "dense", "conv"),
        layer("other", "dense", "x"),
        layer("scores", "activation", "logits", "other"),
    ),
    inputs=(),
    outputs=(),
)


def kernel(max_rel: float) -> WeightDifference:
    return WeightDifference(
        a="k", b="k", role="kernel", relation="rounded", shape_a=(1,), shape_b=(1,), max_abs=1.0, max_rel=max_rel
    )


def test_what_lies_between_two_cuts() -> None:
    found = groups(NET, {"conv", "scores"})

    assert found["conv"] == ((), ("conv",))
    inside, layers = found["scores"]
    assert (set(inside), set(layers)) == ({"logits", "other"}, {"scores", "logits", "other"})


def quantized_side() -> Loaded:
    port = Port(name="x", tensor="x", shape=(1,), dtype="float32")
    taps = [
        Tap(tensor=name, shape=(1,), dtype="float32", op="", scale=scale, zero_point=zero, stored="int8")
        for name, scale, zero in (("x", 0.5, 0), ("conv", 0.25, -128), ("logits", 0.125, 0), ("scores", 1 / 256, -128))
    ]
    return Loaded(inputs=(port,), outputs=(), taps=tuple(taps), framework="", precision="int8")


def test_steps_ranges_and_rounded_weights_of_an_int8_side() -> None:
    found = coarse(quantized_side(), NET, {"conv", "scores"}, {"logits": (kernel(0.004),)})

    assert found.steps == {"conv": 0.25, "scores": pytest.approx(1 / 256 + 0.125)}
    assert found.ranges["conv"] == (0.0, 0.25 * 255)
    assert found.ranges["logits"] == (-16.0, 127 / 8)
    assert found.fed == ("x",)
    assert found.relative["conv"] == 0.0
    assert found.relative["scores"] == pytest.approx(4 * 4 * 0.004 / np.sqrt(3))
    np.testing.assert_array_equal(found.cut_off("conv", np.array([-3.0, 5.0, 99.0])), [0.0, 5.0, 63.75])
    np.testing.assert_array_equal(found.cut_off("nobody's", np.array([-3.0])), [-3.0])


def test_a_vector_that_was_rounded_tells_what_it_scales() -> None:
    vector = replace(kernel(0.004), role="scale", max_abs=0.075)
    found = coarse(quantized_side(), NET, {"conv", "scores"}, {"logits": (vector, kernel(0.004))})

    assert found.gains == {"conv": 0.0, "scores": 0.075}


def test_a_float32_side_is_not_coarse() -> None:
    side = Loaded(inputs=(), outputs=(), taps=(Tap(tensor="conv", shape=None, dtype="float32", op=""),), framework="")

    found = coarse(side, NET, {"conv"}, {"conv": (kernel(0.004),)})

    assert (found.steps, found.relative, found.ranges, found.fed) == ({}, {}, {}, ())


def test_a_dot_product_with_rounded_weights_lies_below_its_floor() -> None:
    """Ten thousand products of random vectors with a kernel that is rounded to 127 steps."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(10_000, 128)), rng.normal(size=128)
    step = np.abs(w).max() / 127
    rounded = np.round(w / step) * step
    error = kernel(np.abs(w - rounded).max() / np.abs(w).max())

    level = floor(None, None, scale=float(np.abs(x @ w).max()), relative=relative_error("int8", (error,)))

    assert np.abs(x @ w - x @ rounded).max() < level.value
    assert level.value < 0.1 * np.abs(x @ w).max()
    assert relative_error("float32", (error,)) == 0.0


def test_floors_add_up_in_squares() -> None:
    assert accumulated([(3.0, 10.0), (0.4, 1.0), (1.0, 0.0), (np.inf, 1.0)]) == pytest.approx(0.5)
