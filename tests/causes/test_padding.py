"""Borders: convolutions, pools and pads whose other side is made by loops or slices here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from layer_case import case_of, layer, normal, only

from inspector.causes import padding
from inspector.causes.case import Graft

X = normal(2, 8, 8, 2)
KERNEL = normal(3, 3, 2, 4, seed=1)


def convolved(x: np.ndarray, kernel: np.ndarray, pads: tuple, stride: int, mode: str = "constant") -> np.ndarray:
    framed = np.pad(x, ((0, 0), *pads, (0, 0)), mode=mode).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(framed, kernel.shape[:2], (1, 2))[:, ::stride, ::stride]
    return np.einsum("nxycij,ijcf->nxyf", windows, kernel)


def conv(**settings: object) -> object:
    return layer("conv2d", weights={"kernel": KERNEL}, **{"padding": "same", "strides": (2, 2), **settings})


SAME = convolved(X, KERNEL, ((0, 1), (0, 1)), 2)


@pytest.mark.parametrize(
    ("pads", "told"),
    [
        (((1, 1), (1, 1)), "((1,0),(1,0)) where A has ((0,1),(0,1)), shifted by 1 place"),
        (((0, 1), (1, 0)), "((0,1),(1,0))"),
    ],
)
def test_another_border_before_a_stride_of_two(pads: tuple, told: str) -> None:
    other = convolved(X, KERNEL, pads, 2)
    found = only(list(padding.suspect(case_of(conv(), [X], SAME, other, weights={"kernel": KERNEL}))))
    assert found.cause == "padding"
    assert told in found.title
    assert "padding='same'" in found.mend


def test_another_fill_at_the_border() -> None:
    one = convolved(X, KERNEL, ((1, 1), (1, 1)), 1)
    other = convolved(X, KERNEL, ((1, 1), (1, 1)), 1, "reflect")
    found = only(list(padding.suspect(case_of(conv(strides=(1, 1)), [X], one, other, weights={"kernel": KERNEL}))))
    assert "filled by `reflect`" in found.title
    assert "in the outermost places" in found.evidence


def test_channels_first_makes_no_difference() -> None:
    first = [array.transpose(0, 3, 1, 2) for array in (X, SAME, convolved(X, KERNEL, ((1, 1), (1, 1)), 2))]
    turned = conv(data_format="channels_first")
    found = only(list(padding.suspect(case_of(turned, first[:1], *first[1:], weights={"kernel": KERNEL}))))
    assert "shifted by 1 place" in found.title


def test_without_numbers_both_words_are_believed_but_not_where_a_graph_writes_it_otherwise() -> None:
    a, b = conv(), layer("conv2d", padding="valid")
    case = replace(case_of(a, [X], SAME, SAME + 1, b=b), sample=lambda _name: None)
    assert "`valid`" in only(list(padding.suspect(case))).title
    dilated = replace(case, layer_a={"layer": conv(dilation=(2, 2))})
    assert not list(padding.suspect(dilated))


def test_a_padding_layer_that_moves_the_picture() -> None:
    pad = layer("pad", padding=((0, 1), (0, 1)))
    one, other = (np.pad(X, ((0, 0), ends, ends, (0, 0))) for ends in ((0, 1), (1, 0)))
    assert "((1,0),(1,0))" in only(list(padding.suspect(case_of(pad, [X], one, other)))).title
    ones = np.pad(X, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=1.0)
    assert "filled with 1" in only(list(padding.suspect(case_of(pad, [X], one, ones)))).title


@pytest.mark.parametrize(("in_b", "blamed"), [(True, "pad"), (False, "layer")])
def test_a_pads_in_a_layer_of_its_own_and_b_by_another_amount(in_b: bool, blamed: str) -> None:
    pad = layer("pad", "pad", padding=((0, 1), (0, 1)), reads=("picture",))
    valid = layer("conv2d", weights={"kernel": KERNEL}, padding="valid", strides=(2, 2), reads=("pad",))
    framed = np.pad(X, ((0, 0), (0, 1), (0, 1), (0, 0)))
    other = convolved(X, KERNEL, ((1, 1), (1, 1)), 2)
    case = case_of(valid, [framed], SAME, other, weights={"kernel": KERNEL}, before=(pad,))
    rows = (replace(case.layers[0], status="not-compared", b="pad:0" if in_b else None), case.layers[1])
    found = only(list(padding.suspect(replace(case, layers=rows))))
    assert found.layer_a == blamed
    assert set(found.layers) == {"pad", "layer"}
    assert found.trial.edits == (Graft(layer="layer"),)


def test_a_pool_s_border() -> None:
    pool = layer("pool", pool="max", pool_size=(3, 3), strides=(2, 2), padding="same")
    one, other = (
        np.lib.stride_tricks.sliding_window_view(
            np.pad(X, ((0, 0), ends, ends, (0, 0)), constant_values=-np.inf), (3, 3), (1, 2)
        )[:, ::2, ::2].max((-1, -2))
        for ends in ((0, 1), (1, 0))
    )
    assert "shifted by 1 place" in only(list(padding.suspect(case_of(pool, [X], one, other)))).title


def test_a_right_pair_and_other_weights_are_no_suspicion() -> None:
    assert not list(padding.suspect(case_of(conv(), [X], SAME, SAME.copy(), weights={"kernel": KERNEL})))
    other = convolved(X, 1.1 * KERNEL, ((0, 1), (0, 1)), 2)
    assert not list(padding.suspect(case_of(conv(), [X], SAME, other, weights={"kernel": KERNEL})))
