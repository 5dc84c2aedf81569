"""Epsilon as both files state it, and solved for from numbers."""

from __future__ import annotations

import numpy as np
import pytest
from layer_case import case_of, layer, normal, only

from inspector.causes import epsilon
from inspector.causes.case import SetAttribute, SetConstant

X = normal(4, 5, 5, 3) * 2
NORM = {
    "gamma": np.array([0.5, 1.2, 2.0]),
    "beta": np.array([0.1, -0.3, 0.0]),
    "moving_mean": np.array([0.2, -1.0, 0.4]),
    "moving_variance": np.array([0.02, 1.5, 0.4]),
}
AFFINE = {"gamma": np.array([0.5, 1.2, 2.0]), "beta": np.array([0.1, -0.3, 0.0])}


def batch(value: float) -> np.ndarray:
    return (X - NORM["moving_mean"]) / np.sqrt(NORM["moving_variance"] + value) * NORM["gamma"] + NORM["beta"]


def rows(value: float) -> np.ndarray:
    middle = X - X.mean(-1, keepdims=True)
    spread = np.sqrt((middle**2).mean(-1, keepdims=True) + value)
    return middle / spread * AFFINE["gamma"] + AFFINE["beta"]


@pytest.mark.parametrize("other", [0.05, 1e-5, 0.01, 0.0123])
def test_a_batch_norm_s_epsilon_is_solved_for(other: float) -> None:
    norm = layer("batch_norm", weights=NORM, epsilon=1e-3, axis=(3,))
    case = case_of(norm, [X], batch(1e-3), batch(other).astype(np.float32), weights=NORM, b=layer("other"))
    found = only(list(epsilon.suspect(case)))
    assert found.cause == "batchnorm-epsilon"
    assert f"epsilon 0.001 in A and {other:.4g} in B" in found.title
    assert "BatchNormalization(epsilon=0.001)" in found.mend


def test_a_layer_norm_s_epsilon_is_solved_for() -> None:
    norm = layer("layer_norm", weights=AFFINE, epsilon=1e-6, axis=(3,))
    found = only(list(epsilon.suspect(case_of(norm, [X], rows(1e-6), rows(1e-3), weights=AFFINE))))
    assert found.cause == "layernorm-epsilon"
    assert "epsilon 1e-06 in A and 0.001 in B" in found.title


def test_an_epsilon_outside_of_the_root() -> None:
    norm = layer("batch_norm", weights=NORM, epsilon=0.01, axis=-1)
    root = np.sqrt(NORM["moving_variance"]) + 0.01
    other = (X - NORM["moving_mean"]) / root * NORM["gamma"] + NORM["beta"]
    found = only(list(epsilon.suspect(case_of(norm, [X], batch(0.01), other, weights=NORM))))
    assert "outside of the root" in found.title


def test_what_both_state_is_put_back_where_it_stands() -> None:
    a = layer("batch_norm", weights=NORM, epsilon=1e-3)
    fused = layer("batch_norm", class_name="FusedBatchNormV3", nodes=("bn/Fused",), epsilon=0.05)
    given = {"weights": NORM}
    found = only(list(epsilon.suspect(case_of(a, [X], batch(1e-3), batch(0.05), b=fused, **given))))
    assert found.trial.edits == (SetAttribute(node="bn/Fused", name="epsilon", value=1e-3),)
    apart = layer("batch_norm", class_name="Rsqrt", epsilon=0.05, epsilon_node="bn/add/y", epsilon_shape=(1,))
    (edit,) = only(list(epsilon.suspect(case_of(a, [X], batch(1e-3), batch(0.05), b=apart, **given)))).trial.edits
    assert isinstance(edit, SetConstant)
    assert (edit.node, edit.value.shape, float(edit.value[0])) == ("bn/add/y", (1,), pytest.approx(1e-3))


def test_the_fused_op_s_least_epsilon_is_no_fault() -> None:
    a = layer("batch_norm", weights=NORM, epsilon=1e-6)
    fused = layer("batch_norm", class_name="FusedBatchNormV3", epsilon=1.001e-5)
    assert not list(epsilon.suspect(case_of(a, [X], batch(1e-6), batch(1e-6) + 1e-4, b=fused, weights=NORM)))


def test_another_variance_is_no_other_epsilon() -> None:
    norm = layer("batch_norm", weights=NORM, epsilon=1e-3)
    variance = NORM["moving_variance"] * np.array([1.1, 0.9, 1.3])
    other = (X - NORM["moving_mean"]) / np.sqrt(variance + 1e-3) * NORM["gamma"] + NORM["beta"]
    assert not list(epsilon.suspect(case_of(norm, [X], batch(1e-3), other, weights=NORM)))
    assert not list(epsilon.suspect(case_of(norm, [X], batch(1e-3), batch(1e-3), weights=NORM)))
