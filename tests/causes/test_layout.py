"""Kernels and Flatten with the right numbers at the wrong places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from layer_case import case_of, layer, normal, only

from inspector.causes import depthwise_layout, layout
from inspector.causes.case import SetConstant

X = normal(2, 6, 6, 3)
KERNEL = normal(3, 3, 3, 3, seed=1)


def convolved(kernel: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(X.astype(np.float64), kernel.shape[:2], (1, 2))
    return np.einsum("nxycij,ijcf->nxyf", windows, kernel)


@pytest.mark.parametrize(
    ("turned", "told"),
    [
        (KERNEL.transpose(1, 0, 2, 3), "axes in the order [1, 0, 2, 3]"),
        (KERNEL.transpose(0, 1, 3, 2), "axes in the order [0, 1, 3, 2]"),
        (KERNEL[::-1, ::-1], "turned round along the axes [0, 1]"),
    ],
)
def test_a_kernel_that_lies_otherwise(turned: np.ndarray, told: str) -> None:
    conv = layer("conv2d", weights={"kernel": KERNEL}, padding="valid")
    b = layer("conv2d", class_name="Conv2D", nodes=("c/Conv2D",))
    given = {"weights": {"kernel": KERNEL}, "weights_b": {"kernel": turned}, "b": b}
    found = only(list(layout.suspect(case_of(conv, [X], convolved(KERNEL), convolved(turned), **given))))
    assert found.cause == "layout"
    assert told in found.title
    (edit,) = found.trial.edits
    assert isinstance(edit, SetConstant)
    assert np.array_equal(edit.value, KERNEL)


def test_a_kernel_reshaped_across_its_axes() -> None:
    kernel = normal(2, 3, 4, 5, seed=2)
    wrong = kernel.transpose(3, 2, 0, 1).reshape(kernel.shape)  # (out, in, rows, columns) read as it lies
    conv = layer("conv2d", weights={"kernel": kernel}, padding="valid")
    given = {"weights": {"kernel": kernel}, "weights_b": {"kernel": wrong}}
    found = only(list(layout.suspect(case_of(conv, [X], np.zeros(3), np.ones(3), **given))))
    assert "was reshaped, not transposed, from the axes' order [3, 2, 0, 1]" in found.title


def test_without_b_s_kernel_the_layer_is_computed_with_each_mistake() -> None:
    x, kernel = normal(4, 5), normal(5, 5, seed=3)
    dense = layer("dense", weights={"kernel": kernel})
    found = only(list(layout.suspect(case_of(dense, [x], x @ kernel, x @ kernel.T, weights={"kernel": kernel}))))
    assert "order [1, 0]" in found.title
    assert "kernel.T" in found.mend


def test_the_rows_of_a_dense_layer_behind_flatten() -> None:
    picture = layer("conv2d", "picture", shape=(None, 4, 5, 3))
    flat = layer("flatten", "flat", reads=("picture",))
    kernel = normal(60, 2, seed=4)
    moved = kernel.reshape(4, 5, 3, 2).transpose(2, 0, 1, 3).reshape(60, 2)
    x = normal(2, 60)
    dense = layer("dense", weights={"kernel": kernel}, reads=("flat",))
    given = {"weights": {"kernel": kernel}, "weights_b": {"kernel": moved}, "before": (picture, flat)}
    found = only(list(layout.suspect(case_of(dense, [x], x @ kernel, x @ moved, **given))))
    assert "as Flatten gives [4, 5, 3] in the order [2, 0, 1]" in found.title


def test_a_flatten_that_reads_channels_first() -> None:
    x = normal(2, 4, 5, 3)
    flat = layer("flatten")
    one, other = x.reshape(2, -1), x.transpose(0, 3, 1, 2).reshape(2, -1)
    found = only(list(layout.suspect(case_of(flat, [x], one, other))))
    assert "order [0, 3, 1, 2]" in found.title
    assert "Permute" in found.mend
    assert not list(layout.suspect(case_of(flat, [x], one, one.copy())))


def test_what_b_undoes_itself_is_not_told_without_a_run() -> None:
    kernel = normal(4, 4, seed=5)
    dense = layer("dense", weights={"kernel": kernel})
    given = {"weights": {"kernel": kernel}, "weights_b": {"kernel": kernel.T.copy()}}
    turned = layer("dense", class_name="MatMul", transposed_kernel=True)
    case = case_of(dense, [X], X, X + 1, b=turned, **given)
    row = replace(
        case.layers[0], status="not-compared", weights=(replace(case.layers[0].weights[0], relation="transposed"),)
    )
    static = replace(case, ran=False, layers=(row,), sample=lambda _name: None)
    assert not list(layout.suspect(static))
    plain = replace(static, layer_b={"layer:0": layer("dense", class_name="MatMul")})
    assert "order [1, 0]" in only(list(layout.suspect(plain))).title


def test_another_training_is_no_layout() -> None:
    dense = layer("dense", weights={"kernel": KERNEL[0, 0]})
    given = {"weights": {"kernel": KERNEL[0, 0]}, "weights_b": {"kernel": KERNEL[1, 1]}}
    assert not list(layout.suspect(case_of(dense, [X], X @ KERNEL[0, 0], X @ KERNEL[1, 1], **given)))


DEEP = normal(3, 3, 3, 2, seed=6)


def deep(kernel: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(X.astype(np.float64), (3, 3), (1, 2))
    found = np.einsum("nxycij,ijcm->nxycm", windows, kernel)
    return found.reshape(*found.shape[:3], -1)


@pytest.mark.parametrize("order", [(0, 1, 3, 2), (2, 3, 0, 1), (3, 2, 0, 1)])
def test_a_depthwise_kernel_reshaped_wrongly(order: tuple[int, ...]) -> None:
    wrong = DEEP.transpose(order).reshape(DEEP.shape)
    conv = layer("depthwise_conv2d", weights={"depthwise_kernel": DEEP}, padding="valid")
    given = {"weights": {"depthwise_kernel": DEEP}, "weights_b": {"depthwise_kernel": wrong}}
    found = only(list(depthwise_layout.suspect(case_of(conv, [X], deep(DEEP), deep(wrong), **given))))
    assert found.cause == "depthwise-layout"
    assert f"order {list(order)}" in found.title


def test_multipliers_counted_otherwise() -> None:
    one = deep(DEEP)
    other = one.reshape(*one.shape[:3], 3, 2).swapaxes(-1, -2).reshape(one.shape)
    conv = layer("depthwise_conv2d", weights={"depthwise_kernel": DEEP}, padding="valid")
    found = only(list(depthwise_layout.suspect(case_of(conv, [X], one, other, weights={"depthwise_kernel": DEEP}))))
    assert "3 channels times 2 multipliers" in found.title
    assert not list(depthwise_layout.suspect(case_of(conv, [X], one, one, weights={"depthwise_kernel": DEEP})))
