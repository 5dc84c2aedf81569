"""Pools and resizing whose other side is made here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from layer_case import case_of, layer, normal, only

from inspector.causes import pooling, resize
from inspector.causes.case import SetAttribute

X = normal(2, 8, 8, 3)


def windows(pads: tuple[int, int], fill: float, size: int = 3, step: int = 2) -> np.ndarray:
    framed = np.pad(X, ((0, 0), pads, pads, (0, 0)), constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(framed, (size, size), (1, 2))[:, ::step, ::step]


POOL = {"pool_size": [3, 3], "strides": [2, 2], "padding": "same"}
AVERAGE = np.nanmean(windows((0, 1), np.nan), axis=(-1, -2))
LARGEST = windows((0, 1), -np.inf).max((-1, -2))


@pytest.mark.parametrize(
    ("how", "one", "other", "told"),
    [
        ("max", LARGEST, AVERAGE, "the average in B"),
        ("average", AVERAGE, LARGEST, "the max in B"),
        ("average", AVERAGE, windows((0, 1), 0.0).mean((-1, -2)), "the average, counting the padding as zeros"),
        ("average", AVERAGE, windows((1, 1), 0.0).mean((-1, -2)), "the average, counting zeros ((1,0),(1,0))"),
        ("max", LARGEST, windows((0, 0), 0.0, 2).max((-1, -2)), "the max of 2 by steps of 2"),
    ],
)
def test_another_pool_is_named(how: str, one: np.ndarray, other: np.ndarray, told: str) -> None:
    found = only(list(pooling.suspect(case_of(layer("pool", pool=how, **POOL), [X], one, other))))
    assert found.cause == "pooling"
    assert told in found.title
    assert found.confidence > 0.9


@pytest.mark.parametrize(
    ("other", "told"),
    [(X.max((1, 2)), "the max"), (X.sum((1, 2)), "the sum"), (X.mean((1, 2)) + normal(2, 3), "something else")],
)
def test_a_global_pool(other: np.ndarray, told: str) -> None:
    found = only(list(pooling.suspect(case_of(layer("global_pool", pool="average"), [X], X.mean((1, 2)), other))))
    assert told in found.title
    assert (found.confidence > 0.9) == (told != "something else")


def test_a_pool_without_numbers_by_what_both_state() -> None:
    a = layer("pool", pool="max", pool_size=(2,), strides=(2,))
    b = layer("pool", pool="max", pool_size=[1, 3], strides=[1, 2])
    case = replace(case_of(a, [X], X, X + 1, b=b), sample=lambda _name: None)
    assert "pool_size" in only(list(pooling.suspect(case))).title
    same = layer("pool", pool="max", pool_size=[1, 2], strides=[1, 2])
    assert not list(pooling.suspect(replace(case, layer_b={"layer:0": same})))


def test_the_border_alone_is_no_other_pool() -> None:
    shifted = np.nanmean(windows((1, 0), np.nan), axis=(-1, -2))
    found = list(pooling.suspect(case_of(layer("pool", pool="average", **POOL), [X], AVERAGE, shifted)))
    assert all(item.confidence < 0.5 for item in found)
    assert not list(pooling.suspect(case_of(layer("pool", pool="average", **POOL), [X], AVERAGE, AVERAGE.copy())))


def doubled(x: np.ndarray, where: str) -> np.ndarray:
    """Bilinear to twice the size, row by row with np.interp."""
    at = np.arange(2 * x.shape[1], dtype=np.float64)
    places = {"half": (at + 0.5) / 2 - 0.5, "legacy": at / 2, "corners": at * (x.shape[1] - 1) / (len(at) - 1)}[where]
    for axis in (1, 2):
        known = np.arange(x.shape[axis])
        x = np.apply_along_axis(lambda line, known=known: np.interp(places, known, line), axis, x)
    return x


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (doubled(X, "legacy"), "half_pixel_centers=False"),
        (doubled(X, "corners"), "align_corners"),
        (X.repeat(2, 1).repeat(2, 2), "nearest"),
    ],
)
def test_another_way_of_resizing_is_named(other: np.ndarray, told: str) -> None:
    up = layer("upsample", size=[2, 2], interpolation="bilinear")
    b = layer("upsample", class_name="ResizeBilinear", nodes=("up/Resize",))
    found = only(list(resize.suspect(case_of(up, [X], doubled(X, "half"), other, b=b))))
    assert found.cause == "resize"
    assert told in found.title
    edits = [edit for edit in found.trial.edits if isinstance(edit, SetAttribute)]
    expected = {"align_corners": False, "half_pixel_centers": True} if told != "nearest" else {}
    assert {edit.name: edit.value for edit in edits} == expected


def test_a_way_that_is_not_known_is_a_guess_and_a_right_one_nothing() -> None:
    up, one = layer("upsample", size=2, interpolation="bilinear"), doubled(X, "half")
    assert only(list(resize.suspect(case_of(up, [X], one, one + normal(2, 16, 16, 3))))).confidence < 0.5
    assert not list(resize.suspect(case_of(up, [X], one, one.copy())))
