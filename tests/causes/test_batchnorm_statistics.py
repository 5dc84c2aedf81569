"""What B's statistics are of A's, worked out in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from two_sides import Net, norm, put, trained

from inspector.causes.batchnorm_statistics import suspect

A = norm(0)
MEAN, VARIANCE = A["moving_mean"].astype(np.float64), A["moving_variance"].astype(np.float64)


def suspected(**b: np.ndarray) -> list:
    other = {**A, **{role: np.asarray(array, np.float32) for role, array in b.items()}}
    return list(suspect(Net().add("bn", A, other, kind="batch_norm", epsilon=1e-3).case()))


@pytest.mark.parametrize(
    ("b", "told"),
    [
        ({"moving_mean": MEAN * 0, "moving_variance": VARIANCE * 0 + 1}, "moving variance is 1 in B"),
        ({"moving_mean": MEAN * 0}, "the moving mean is 0 in B"),
        ({"moving_mean": -MEAN}, "the other sign"),
        ({"moving_variance": np.sqrt(VARIANCE)}, "the deviation (square root) stands as variance"),
        ({"moving_variance": np.sqrt(VARIANCE + 1e-3)}, "the deviation with epsilon stands as variance"),
        ({"moving_variance": VARIANCE**2}, "the variance was squared"),
        ({"moving_variance": 1 / np.sqrt(VARIANCE + 1e-3)}, "the inverse deviation stands as variance"),
        ({"moving_variance": VARIANCE + 1e-3}, "epsilon was added to the variance"),
        ({"moving_variance": VARIANCE * 64 / 63}, "the unbiased variance of 64 values?"),
    ],
)
def test_each_story_is_told_and_mended(b: dict[str, np.ndarray], told: str) -> None:
    (found,) = suspected(**b)
    assert (found.cause, found.confidence, found.layers) == ("batchnorm-statistics", 0.96, ("bn",))
    assert told in found.title
    assert set(put(found)) == {f"b/bn/{role}" for role in b}
    assert all(np.array_equal(value, A[node.rpartition("/")[2]]) for node, value in put(found).items())


def test_other_numbers_are_less_sure() -> None:
    (found,) = suspected(moving_mean=norm(5)["moving_mean"])
    assert found.confidence == 0.85
    assert "other numbers in B" in found.title
    apart = np.abs(norm(5)["moving_mean"] - A["moving_mean"]).max()
    assert f"moving_mean by up to {apart:.2f} (of {np.abs(MEAN).max():.2f})" in found.evidence


def test_the_same_story_in_most_norms_is_one_and_in_few_one_each() -> None:
    def case(faulty: int, number: int) -> list:
        net = Net()
        for index in range(number):
            a = norm(index)
            net.add(f"bn{index}", a, {**a, "moving_mean": a["moving_mean"] * (index >= faulty)}, kind="batch_norm")
        return list(suspect(net.case()))

    (one,) = case(5, 6)
    assert one.layers == ("bn0", "bn1", "bn2", "bn3", "bn4")
    assert len(put(one)) == 5
    assert [found.layers for found in case(2, 6)] == [("bn0",), ("bn1",)]


def test_gamma_and_beta_make_it_another_story() -> None:
    assert suspected(moving_mean=MEAN * 0, gamma=A["gamma"] * 2) == []
    assert suspected(gamma=A["gamma"] * 2) == []
    assert suspected() == []


def test_float32_s_rounding_is_nothing() -> None:
    assert suspected(moving_variance=np.nextafter(A["moving_variance"], np.float32(10))) == []


def test_where_all_kernels_differ_the_statistics_are_no_story() -> None:
    net = Net().add("bn", A, {**A, "moving_mean": A["moving_mean"] * 0}, kind="batch_norm")
    for index in range(3):
        net.add(f"conv{index}", {"kernel": trained(index, 8, 8)}, {"kernel": trained(index + 10, 8, 8)})
    assert list(suspect(net.case())) == []
