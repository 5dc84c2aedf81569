"""Folding written out in numpy, rightly and with the mistakes people make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from two_sides import Net, norm, put, trained

from inspector.causes.case import Case, Graft
from inspector.causes.folding import suspect
from inspector.domain.match import Relation, WeightDifference

EPSILON = 1e-3
KERNEL, BIAS, N = trained(0, 3, 3, 4, 8), trained(1, 8), norm(2)
WIDE = {role: array.astype(np.float64) for role, array in N.items()}
SCALE = WIDE["gamma"] / np.sqrt(WIDE["moving_variance"] + EPSILON)
OFFSET = (BIAS - WIDE["moving_mean"]) * SCALE + WIDE["beta"]


def folded(kernel: np.ndarray, bias: np.ndarray | None, other: dict[str, np.ndarray] | None = None) -> Case:
    """A: convolution and batch norm. B: one convolution, as matching records it at the norm."""
    given = {"kernel": kernel.astype(np.float32)} | ({} if bias is None else {"bias": bias.astype(np.float32)})
    right = {"kernel": KERNEL * SCALE, "bias": OFFSET}
    relations: dict[str, Relation] = {
        role: "folded" if np.allclose(array, right[role], rtol=1e-4, atol=1e-5) else "different"
        for role, array in given.items()
    }
    records = tuple(
        WeightDifference(
            a=f"a/conv/{role} bn",
            b=f"b/bn/{role}",
            role=role,
            relation=relations[role],
            shape_a=right[role].shape,
            shape_b=array.shape,
            detail=f"B's {role} against A's, folded",
        )
        for role, array in given.items()
    )
    net = Net().add("conv", {"kernel": KERNEL, "bias": BIAS}, {}, kind="conv2d", status="same", records=())
    net.add("bn", N, {}, kind="batch_norm", status="different", records=records, epsilon=EPSILON)
    if other is not None:
        net.add("later", other, other, kind="batch_norm", epsilon=EPSILON)
    for role, array in given.items():
        net.values[f"b/bn/{role}"] = array
    net.b[1] = replace(net.b[1], weights=tuple(replace(w, id=f"b/bn/{w.role}") for w in net.a[0].weights[: len(given)]))
    return net.case()


def test_folded_rightly_is_no_finding() -> None:
    assert list(suspect(folded(KERNEL * SCALE, OFFSET))) == []


@pytest.mark.parametrize(
    ("bias", "told"),
    [
        (BIAS * SCALE + WIDE["beta"], "the mean was forgotten"),
        ((BIAS - WIDE["moving_mean"]) * SCALE, "beta was forgotten"),
        (WIDE["beta"] - WIDE["moving_mean"] * SCALE, "the convolution's own bias was forgotten"),
        (WIDE["beta"] - WIDE["moving_mean"] * SCALE + BIAS, "the convolution's bias was not scaled"),
        ((BIAS + WIDE["moving_mean"]) * SCALE + WIDE["beta"], "the mean has the wrong sign"),
        (WIDE["beta"], "only beta is in it"),
        (trained(9, 8), "another bias in B"),
    ],
)
def test_a_wrong_offset(bias: np.ndarray, told: str) -> None:
    (found,) = suspect(folded(KERNEL * SCALE, bias))
    assert (found.cause, found.layer_a, found.layers) == ("folding", "bn", ("bn", "conv"))
    assert told in found.title
    assert np.allclose(put(found)["b/bn/bias"], OFFSET, rtol=1e-6)
    assert set(put(found)) == {"b/bn/bias"}


def offset(scale: np.ndarray) -> np.ndarray:
    return (BIAS - WIDE["moving_mean"]) * scale + WIDE["beta"]


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        (1 / np.sqrt(WIDE["moving_variance"] + EPSILON), "gamma was forgotten"),
        (WIDE["gamma"] / (WIDE["moving_variance"] + EPSILON), "the variance was not put under a root"),
        (WIDE["gamma"], "the variance was forgotten"),
        (SCALE**2, "it was folded twice"),
        (1 / SCALE, "the kernel was divided by the scale"),
        (WIDE["gamma"] / np.sqrt(WIDE["moving_variance"] + 0.05), "with epsilon 0.0500 instead of 0.00100"),
        (WIDE["gamma"] / np.sqrt(WIDE["moving_variance"]), "with epsilon 0 instead of 0.00100"),
        (trained(4, 8) + 1, "another kernel and bias"),
    ],
)
def test_a_wrong_scale(scale: np.ndarray, told: str) -> None:
    (found,) = suspect(folded(KERNEL * scale, offset(scale)))
    assert told in found.title
    assert np.allclose(put(found)["b/bn/kernel"], KERNEL * SCALE, rtol=1e-6)
    assert np.allclose(put(found)["b/bn/bias"], OFFSET, rtol=1e-6)


def test_the_scale_of_another_norm_is_named() -> None:
    other = norm(7)
    scale = other["gamma"] / np.sqrt(other["moving_variance"] + EPSILON)
    (found,) = suspect(folded(KERNEL * scale, offset(scale), other))
    assert "with the scale of `later`" in found.title


def test_no_bias_at_all_is_tried_with_as_layer() -> None:
    (found,) = suspect(folded(KERNEL * SCALE, None))
    assert "the offset was forgotten" in found.title
    assert found.trial is not None
    assert found.trial.edits == (Graft(layer="bn"),)


def twice(kernel: np.ndarray, a: np.ndarray = KERNEL, kind: str = "conv2d") -> list:
    net = Net().add("conv", {"kernel": a}, {"kernel": kernel.astype(np.float32)}, kind=kind)
    return list(suspect(net.add("bn", N, N, kind="batch_norm", epsilon=EPSILON).case()))


def test_folded_and_applied_once_more() -> None:
    (found,) = twice(KERNEL * SCALE)
    assert found.title == "`bn` is folded into `conv` in B, and applied once more behind it"
    assert np.array_equal(put(found)["b/conv/kernel"], KERNEL)


def test_folded_along_a_wrong_axis() -> None:
    square = trained(0, 3, 3, 8, 8)
    (found,) = twice(square * SCALE[:, None], square)
    assert "along its axis 2, which is not the output channels'" in found.title


def test_a_depthwise_kernel() -> None:
    deep = trained(0, 3, 3, 8, 1)
    (found,) = twice(deep * SCALE[:, None], deep, "depthwise_conv2d")
    assert "applied once more behind it" in found.title


def test_other_kernels_are_no_folding() -> None:
    assert twice(KERNEL * 1.1) == []
    assert twice(trained(8, 3, 3, 4, 8)) == []
    assert twice(KERNEL) == []
