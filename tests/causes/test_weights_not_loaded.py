"""Fresh weights are told by the distribution that the initializers' papers state."""

from __future__ import annotations

import numpy as np
import pytest
from two_sides import Net, glorot, norm, put, trained

from inspector.causes.initializers import initializer, starts_as
from inspector.causes.weights_not_loaded import suspect

ZEROS = np.zeros(16, np.float32)


def he(seed: int, *shape: int) -> np.ndarray:
    bound = np.sqrt(6.0 / np.prod(shape[:-1]))
    return np.random.default_rng(seed).uniform(-bound, bound, shape)


def truncated(seed: int, deviation: float, *shape: int) -> np.ndarray:
    """A normal distribution without what lies beyond two of its deviations, as Keras draws it."""
    drawn = np.random.default_rng(seed).normal(0, deviation, 4 * int(np.prod(shape)))
    return drawn[np.abs(drawn) < 2 * deviation][: int(np.prod(shape))].reshape(shape)


@pytest.mark.parametrize("shape", [(12, 16), (3, 3, 8, 16), (3, 3, 32, 1), (5, 16, 16), (16, 4, 8)])
@pytest.mark.parametrize("seed", range(5))
def test_the_initializers_of_keras_are_known(shape: tuple[int, ...], seed: int) -> None:
    assert initializer(glorot(seed, *shape)).startswith("glorot_uniform")
    assert "uniform" in initializer(he(seed, *shape))
    fans = int(np.prod(shape[:-2])) * (shape[-2] + shape[-1])
    sigma = np.sqrt(2.0 / fans) / 0.87962566103423978
    assert "normal" in initializer(truncated(seed, sigma, *shape))


def test_a_recurrent_kernel_is_orthogonal_and_embeddings_are_small() -> None:
    square = np.linalg.qr(np.random.default_rng(0).normal(size=(48, 12)))[0].T
    assert initializer(square) == "orthogonal"
    assert initializer(np.random.default_rng(0).uniform(-0.05, 0.05, (100, 16))).startswith("random_uniform")


@pytest.mark.parametrize("seed", range(20))
def test_trained_numbers_are_no_initializer_s(seed: int) -> None:
    assert initializer(trained(seed, 3, 3, 8, 16)) == ""
    moved = glorot(seed, 32, 32) + np.random.default_rng(seed).normal(0, 0.05, (32, 32))
    assert not initializer(moved).startswith("glorot_uniform")


@pytest.mark.parametrize(
    ("role", "values", "fresh"),
    [
        ("gamma", [1, 1, 1], True),
        ("gamma", [1, 1, 0.9], False),
        ("moving_variance", [1, 1], True),
        ("beta", [0, 0], True),
        ("bias", [0, 0, 0], True),
        ("forward_bias", [0, 0, 1, 1, 0, 0, 0, 0], True),
        ("bias", [1, 1, 1, 1], False),
        ("kernel", [0, 0], False),
    ],
)
def test_what_vectors_begin_as(role: str, values: list[float], fresh: bool) -> None:
    assert starts_as(role, np.array(values, np.float64)) is fresh


def net(b: dict[str, np.ndarray] | None = None) -> Net:
    right = {"kernel": trained(1, 12, 16), "bias": trained(2, 16)}
    other = {"kernel": trained(3, 16, 16), "bias": trained(4, 16)}
    return Net().add("one", right, right).add("two", other, b or {"kernel": glorot(5, 16, 16), "bias": ZEROS})


def test_a_layer_that_was_never_loaded() -> None:
    (found,) = suspect(net().case())
    assert (found.cause, found.layers, found.confidence) == ("weights-not-loaded", ("two",), 0.94)
    assert "glorot_uniform (bound 0.433)" in found.evidence  # sqrt(6 / 32)
    assert "bias is 0 throughout" in found.evidence
    assert np.array_equal(put(found)["b/two/kernel"], trained(3, 16, 16))
    assert np.array_equal(put(found)["b/two/bias"], trained(4, 16))


def test_all_layers_are_one_story_with_their_norms() -> None:
    kernels = {"kernel": trained(1, 3, 3, 8, 16)}, {"kernel": glorot(2, 3, 3, 8, 16)}
    ones = {role: np.full(8, role in ("gamma", "moving_variance"), np.float32) for role in norm(0)}
    case = Net().add("conv", *kernels, kind="conv2d").add("bn", norm(0), ones, kind="batch_norm").case()
    (found,) = suspect(case)
    assert found.layers == ("conv", "bn")
    assert found.title == "the weights of 2 of 2 layers were never loaded into B"


def test_where_a_is_fresh_too_it_is_only_probable() -> None:
    case = Net().add("one", {"kernel": glorot(1, 16, 16)}, {"kernel": glorot(2, 16, 16)}).case()
    (found,) = suspect(case)
    assert 0.8 < found.confidence < 0.9


def test_a_kernel_alone_is_less_sure_when_the_bias_was_loaded() -> None:
    (found,) = suspect(net({"kernel": glorot(5, 16, 16), "bias": trained(4, 16)}).case())
    assert found.confidence == 0.86
    assert set(put(found)) == {"b/two/kernel"}


def test_random_normal_numbers_alone_say_nothing() -> None:
    random = np.random.default_rng(0)
    a, b = (random.normal(0, 0.1, (32, 32)).astype(np.float32) for _ in range(2))
    assert list(suspect(Net().add("one", {"kernel": a}, {"kernel": b}).case())) == []


@pytest.mark.parametrize(
    "b",
    [
        {"kernel": trained(9, 16, 16), "bias": trained(8, 16)},  # another training
        {"kernel": -trained(3, 16, 16), "bias": trained(4, 16)},  # A's numbers, turned
        {"kernel": trained(3, 16, 16), "bias": ZEROS},  # only the bias was lost
        {"kernel": glorot(5, 16, 16)},  # another layer altogether
    ],
)
def test_what_is_no_fresh_layer(b: dict[str, np.ndarray]) -> None:
    assert list(suspect(net(b).case())) == []


def test_parts_of_a_fresh_kernel_that_were_overwritten_are_no_new_start() -> None:
    a = glorot(1, 32, 32)
    for b in (a * 0.95, -a, np.where(np.arange(32) < 4, 0, a)):
        assert list(suspect(Net().add("one", {"kernel": a}, {"kernel": b.astype(np.float32)}).case())) == []


def test_only_the_statistics_of_a_norm_are_another_cause() -> None:
    a = norm(0)
    b = {**a, "moving_mean": np.zeros(8, np.float32), "moving_variance": np.ones(8, np.float32)}
    assert list(suspect(Net().add("bn", a, b, kind="batch_norm").case())) == []
    plain = {**a, "gamma": np.ones(8, np.float32), "beta": np.zeros(8, np.float32)}
    reset = {**plain, "moving_mean": b["moving_mean"], "moving_variance": b["moving_variance"]}
    assert list(suspect(Net().add("bn", plain, reset, kind="batch_norm").case())) == []


def test_what_introduces_nothing_is_not_suspected() -> None:
    right = {"kernel": trained(3, 16, 16)}
    case = Net().add("two", right, {"kernel": glorot(5, 16, 16)}, status="within-noise").case()
    assert list(suspect(case)) == []
