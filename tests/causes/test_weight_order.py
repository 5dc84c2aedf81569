"""The right numbers in the wrong place, within a layer and across layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from two_sides import Net, norm, put, trained

from inspector.causes.case import OutputPair
from inspector.causes.weight_order import suspect
from inspector.compare.metrics import measure
from inspector.domain.comparison import OutputDifference

ONE, TWO, THREE = ({"kernel": trained(i, 12, 12), "bias": trained(i + 10, 12)} for i in range(3))


def test_exchanged_layers_are_one_suspicion() -> None:
    (found,) = suspect(Net().add("one", ONE, TWO).add("two", TWO, ONE).add("three", THREE, THREE).case())
    assert (found.cause, found.layers, found.confidence) == ("weight-order", ("one", "two"), 0.97)
    assert "`one` has the kernel of `two`" in found.title
    assert "4 arrays of B are arrays of A" in found.evidence
    assert {node: value.tolist() for node, value in put(found).items()} == {
        "b/one/kernel": ONE["kernel"].tolist(),
        "b/one/bias": ONE["bias"].tolist(),
        "b/two/kernel": TWO["kernel"].tolist(),
        "b/two/bias": TWO["bias"].tolist(),
    }


def test_a_cycle_and_a_copy() -> None:
    (cycle,) = suspect(Net().add("one", ONE, TWO).add("two", TWO, THREE).add("three", THREE, ONE).case())
    assert cycle.layers == ("one", "two", "three")
    (copy,) = suspect(Net().add("one", ONE, TWO).add("two", TWO, TWO).case())
    assert copy.layers == ("one",)


def test_norms_exchanged_and_a_vector_of_ones_that_says_nothing() -> None:
    first, second = {**norm(0), "gamma": np.ones(8, np.float32)}, norm(1)
    (found,) = suspect(
        Net().add("n1", first, second, kind="batch_norm").add("n2", second, first, kind="batch_norm").case()
    )
    assert set(put(found)) == {f"b/{n}/{role}" for n in ("n1", "n2") for role in norm(0)} - {"b/n2/gamma"}


def test_a_layer_of_b_that_is_matched_twice_is_no_exchange() -> None:
    """B lost `two`, and matching laid it over what is `one`."""
    net = Net().add("one", ONE, ONE).add("two", TWO, ONE)
    records = tuple(replace(record, b=record.b.replace("two", "one")) for record in net.rows[1].weights)
    net.rows[1] = replace(net.rows[1], weights=records)
    assert list(suspect(net.case())) == []


@pytest.mark.parametrize("roles", [("gamma", "beta"), ("moving_mean", "moving_variance"), ("beta", "moving_mean")])
def test_vectors_of_one_layer_exchanged(roles: tuple[str, str]) -> None:
    """Matching pairs what holds the same numbers: A's gamma with the array that B's layer takes for its beta."""
    exchange = {roles[0]: roles[1], roles[1]: roles[0]}
    net = Net().add("bn", norm(0), norm(0), kind="batch_norm", status="different", roles_b=exchange)
    (found,) = suspect(net.case())
    assert found.layers == ("bn",)
    assert f"A's {roles[0]} stands as {roles[1]}" in found.title
    # the array that B takes for its beta gets A's beta
    assert np.array_equal(put(found)[f"b/bn/{roles[0]}"], norm(0)[roles[1]])
    assert np.array_equal(put(found)[f"b/bn/{roles[1]}"], norm(0)[roles[0]])


@pytest.mark.parametrize(("axis", "told"), [(3, "columns permuted"), (2, "slices along axis 2"), (0, "along axis 0")])
def test_an_axis_permuted(axis: int, told: str) -> None:
    kernel = trained(0, 3, 3, 8, 16)
    order = np.roll(np.arange(kernel.shape[axis]), 1)
    (found,) = suspect(
        Net().add("conv", {"kernel": kernel}, {"kernel": kernel.take(order, axis)}, kind="conv2d").case()
    )
    assert told in found.title
    assert found.confidence == 0.95
    assert np.array_equal(put(found)["b/conv/kernel"], kernel)


def test_all_numbers_permuted_is_less_sure() -> None:
    kernel = trained(0, 8, 16)
    shuffled = np.random.default_rng(1).permutation(kernel.ravel()).reshape(8, 16)
    (found,) = suspect(Net().add("dense", {"kernel": kernel}, {"kernel": shuffled}).case())
    assert found.confidence == 0.85


@pytest.mark.parametrize(
    ("kernel", "bias"),
    [
        (trained(7, 12, 12), trained(8, 12)),  # another training
        (ONE["kernel"] * 1.1, ONE["bias"]),
        (ONE["kernel"][::-1] + np.float32(0.01), ONE["bias"]),
        (ONE["kernel"], ONE["bias"] * 0),
    ],
)
def test_other_numbers_are_no_other_order(kernel: np.ndarray, bias: np.ndarray) -> None:
    case = Net().add("one", ONE, {"kernel": kernel, "bias": bias}).add("two", TWO, TWO).case()
    assert list(suspect(case)) == []


def test_what_introduces_nothing_is_not_suspected() -> None:
    assert list(suspect(Net().add("one", ONE, TWO, status="same").case())) == []
    assert list(suspect(Net().add("one", ONE, ONE).case())) == []


def test_the_last_layer_s_units_are_classes() -> None:
    """Outputs that are A's in another order are `label-order`."""
    order = np.roll(np.arange(12), 1)
    b = {"kernel": ONE["kernel"][:, order], "bias": ONE["bias"][order]}
    case = Net().add("scores", ONE, b).case()
    scores = np.random.default_rng(0).normal(size=(4, 12)).astype(np.float32)

    def with_outputs(given: np.ndarray) -> list:
        told = OutputDifference(
            a="scores",
            b="scores:0",
            shape=scores.shape,
            metrics=measure(scores, given),
            noise_floor=0.0,
            within_noise=False,
            identical=False,
        )
        return list(suspect(replace(case, outputs=(OutputPair(difference=told, a=scores, b=given),))))

    assert with_outputs(scores[:, order]) == []
    assert len(with_outputs(scores * 2)) == 1
    assert len(list(suspect(replace(case, ran=False)))) == 1
