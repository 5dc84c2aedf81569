"""Lookup by value: layout and sign are undone, constants and near misses are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector.runners.options import Options
from inspector.runners.scanning import Search, groups, layouts

RANDOM = np.random.default_rng(3)
LIKE = RANDOM.normal(size=(2, 3, 4, 5))


def found(offers: dict[str, np.ndarray], limit: int = 5, like: np.ndarray = LIKE) -> list:
    search = Search(like, limit)
    for name, array in offers.items():
        search.offer(name, array)
    return search.hits()


def test_layouts_and_signs_are_undone() -> None:
    offers = {
        "last": LIKE.transpose(0, 2, 3, 1),
        "flipped": -LIKE,
        "flat": LIKE.reshape(2, 60),
        "same": LIKE.copy(),
        "squeezed": LIKE.reshape(2, 3, 1, 4, 5),
    }
    hits = {hit.name: hit for hit in found(offers)}
    assert {name: hit.relation for name, hit in hits.items()} == {
        "last": "axes 0,3,1,2",
        "flipped": "sign flipped",
        "flat": "reshaped",
        "same": "same",
        "squeezed": "same",
    }
    assert all(hit.agreement == 1.0 and hit.max_abs == 0.0 for hit in hits.values())
    np.testing.assert_array_equal(offers["last"].transpose(0, 3, 1, 2), LIKE)


def test_best_first_and_the_earlier_of_equals_first() -> None:
    noise = RANDOM.normal(size=LIKE.shape)
    noise *= np.linalg.norm(LIKE) / np.linalg.norm(noise)
    offers = {"far": LIKE + 0.5 * noise, "one": LIKE.copy(), "near": LIKE + 0.01 * noise, "two": LIKE.copy()}
    hits = found(offers, limit=3)
    assert [hit.name for hit in hits] == ["one", "two", "near"]
    assert hits[2].agreement == pytest.approx(0.99)
    assert hits[2].max_abs == pytest.approx(0.01 * np.abs(noise).max())


def test_what_says_nothing_is_left_out() -> None:
    assert found({"constant": np.ones(LIKE.shape), "small": np.zeros(3), "nan": np.full(LIKE.shape, np.nan)}) == []
    assert found({"zeros": np.zeros(4)}, like=np.zeros(4)) == []


def test_only_fitting_shapes_are_fetched() -> None:
    search = Search(LIKE, 3)
    assert search.could_fit([None, 60])
    assert search.could_fit([2, 3, 4, 5])
    assert search.could_fit(None)
    assert not search.could_fit([None, 7])
    assert not search.could_fit([120, 2])


def test_every_layout_is_tried_once() -> None:
    cube = RANDOM.normal(size=(3, 3, 3))
    assert len({relation for _, relation in layouts(cube, (3, 3, 3))}) == 6


def test_groups_keep_the_bound() -> None:
    assert list(groups({"a": 4, "b": 4, "c": 9, "d": 1}, 8)) == [["a", "b"], ["c"], ["d"]]


@pytest.mark.framework
def test_a_tensor_of_a_real_graph_is_found(shared_models: Path) -> None:
    from inspector.runners.graph_adapter import GraphAdapter

    adapter = GraphAdapter(str(shared_models / "pairs/emotion-mini/model.pb"), Options())
    feeds = {"input_1:0": RANDOM.random((2, 64, 64, 1)).astype(np.float32)}
    name = "separable_conv2d_2/separable_conv2d:0"
    wanted = adapter.run(feeds, taps=[name])["taps"][name]
    (hits,) = adapter.scan(feeds, [-wanted.transpose(0, 3, 1, 2)], 3, lambda *_: None)
    assert hits[0]["tensor"] == name
    assert hits[0]["relation"] == "axes 0,3,1,2, sign flipped"
    assert hits[0]["agreement"] == 1.0
