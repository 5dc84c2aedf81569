"""Batch norm that an exporter folds into the convolution before it; numbers worked out with numpy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from made import Store, assigned, chain, layer, node

from inspector.domain.match import Assignment

RANDOM = np.random.default_rng(3)
KERNEL = RANDOM.normal(size=(3, 4))
GAMMA, BETA, MEAN, VARIANCE = RANDOM.uniform(0.5, 2.0, (4, 4))
SCALE = GAMMA / np.sqrt(VARIANCE + 1e-3)


def folded_before_a_written_out_activation(bias: np.ndarray) -> Assignment:
    """B writes the activation behind the norm as several ops, the first of which could be the norm's own."""
    one, other = Store(), Store()
    norm = [
        one.weight(role, role, array.astype("f4"))
        for role, array in (("gamma", GAMMA), ("beta", BETA), ("moving_mean", MEAN), ("moving_variance", VARIANCE))
    ]
    a = chain(
        layer("x", "input"),
        layer("d", "dense", "x", (one.weight("k", "kernel", KERNEL.astype("f4")),)),
        layer("norm", "batch_norm", "d", tuple(norm), epsilon=1e-3),
        layer("act", "activation", "norm", activation="sparsemax"),
    )
    kernel = other.weight("k", "kernel", (KERNEL * SCALE).astype("f4"))
    b = chain(
        node("x", "input"),
        node("d", "dense", "x", (kernel, other.weight("b", "bias", bias.astype("f4")))),
        node("act/Reshape", "reshape", "d"),
        node("act/sort", "sort", "act/Reshape"),
        node("act/cumsum", "cumsum", "act/sort"),
        node("act/truediv", "multiply", "act/cumsum", (other.weight("s", "scale", np.float32([1, 2, 3, 4])),)),
        node("act/sub", "subtract", "act/Reshape act/truediv"),
        node("act/Maximum", "maximum", "act/sub"),
    )
    return assigned(a, b, one, other)


def test_a_norm_that_the_kernel_and_the_bias_hold_stands_nowhere_else() -> None:
    found = {item.a: item for item in folded_before_a_written_out_activation(BETA - MEAN * SCALE).matches}
    assert (found["norm"].tensor_b, found["d"].tensor_b) == ("d:0", None)
    assert [record.relation for record in found["norm"].weights] == ["folded", "folded"]


@pytest.mark.parametrize("bias", [BETA, BETA - MEAN * SCALE + 0.5])
def test_a_bias_that_is_not_the_norms_is_no_proof(bias: np.ndarray) -> None:
    found = folded_before_a_written_out_activation(bias).matches
    assert all(r.relation != "folded" for item in found for r in item.weights if r.role == "bias")
