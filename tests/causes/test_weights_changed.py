"""What is left over: other numbers, in one layer, in most, or by an ulp."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from two_sides import Net, put, trained

from inspector.causes.arrays import partners
from inspector.causes.case import Graft, Suspicion
from inspector.causes.weights_changed import suspect


def net(*faulty: int, number: int = 6) -> Net:
    made = Net()
    for index in range(number):
        a = {"kernel": trained(index, 6, 8), "bias": trained(index + 20, 8)}
        made.add(f"d{index}", a, {**a, "kernel": trained(index + 50, 6, 8)} if index in faulty else a)
    return made


def test_another_training_is_one_suspicion() -> None:
    made = net(0, 1, 2, 4)
    (found,) = suspect(made.case())
    assert (found.cause, found.layers, found.confidence) == ("weights-changed", ("d0", "d1", "d2", "d4"), 0.9)
    assert found.title == "the weights of 4 layers differ: another training"
    apart = {i: np.abs(trained(i, 6, 8) - trained(i + 50, 6, 8)).max() for i in (0, 1, 2, 4)}
    assert f"the largest difference is {max(apart.values()):.3g}" in found.evidence
    assert f"a/d{max(apart, key=apart.__getitem__)}/kernel" in found.evidence
    assert {node: value.tolist() for node, value in put(found).items()} == {
        f"b/d{i}/kernel": trained(i, 6, 8).tolist() for i in (0, 1, 2, 4)
    }


def test_three_arrays_of_one_shape_find_partners_two_by_two() -> None:
    """Query, key and value of an attention: the first two crossed over, the third another training's."""
    query, key, value, other = (trained(seed, 6, 6) for seed in range(4))
    own = {"query_kernel": query, "key_kernel": key, "value_kernel": value}
    made = Net().add("attention", own, {"query_kernel": key, "key_kernel": query, "value_kernel": other})
    paired = {weight.a: weight.b for weight in partners(made.case(), made.rows[0])}
    assert paired == {
        "a/attention/query_kernel": "b/attention/key_kernel",
        "a/attention/key_kernel": "b/attention/query_kernel",
        "a/attention/value_kernel": "b/attention/value_kernel",
    }


def test_a_few_layers_are_proved_each_by_itself() -> None:
    assert [(found.layers, found.confidence) for found in suspect(net(1, 4).case())] == [(("d1",), 0.8), (("d4",), 0.8)]


def test_every_layer_of_a_small_net_is_another_training() -> None:
    (found,) = suspect(net(0, 1, number=2).case())
    assert found.layers == ("d0", "d1")


def one(b: np.ndarray, a: np.ndarray | None = None) -> Suspicion:
    a = trained(0, 6, 8) if a is None else a
    (found,) = suspect(Net().add("dense", {"kernel": a}, {"kernel": b}).add("other", {}, {}).case())
    return found


def test_what_happened_to_one_array_is_told() -> None:
    a = trained(0, 6, 8)
    block, nan = a.copy(), a.copy()
    block.ravel()[10:20] = 0
    nan[2, 3] = np.nan
    assert "10 of 48 numbers (20.8%), one block from 10 on, zero in B" in one(block).evidence
    assert "1 of 48 numbers (2.08%), NaN in B" in one(nan).evidence
    assert one(nan).confidence == 0.6
    assert "all 48 numbers: A's times 1.1" in one(a * np.float32(1.1)).evidence
    noisy = a + trained(9, 6, 8)
    like = np.corrcoef(a.ravel(), noisy.ravel())[0, 1]
    found = one(noisy)
    worst = np.unravel_index(np.abs(a - noisy).argmax(), a.shape)
    assert f"correlation with A's {like:.3f}" in found.evidence
    assert f"at {[int(i) for i in worst]}" in found.evidence


@pytest.mark.parametrize(
    ("shape_a", "shape_b"), [((2, 3), (2, 3)), ((2, 3), (3, 2)), ((3,), (1, 1, 1, 3)), ((2, 2, 3), (1, 2, 2, 3))]
)
def test_as_numbers_are_put_back_in_bs_shape(shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape_a), dtype=np.float32).reshape(shape_a)
    value = put(one(np.full(shape_b, 7, np.float32), values))["b/dense/kernel"]
    plain_a, plain_b = values.squeeze(), value.squeeze()
    assert value.shape == shape_b
    assert np.array_equal(plain_b, plain_a if plain_a.shape == plain_b.shape else plain_a.T)


def test_a_square_kernel_that_lies_the_other_way_is_put_back_so() -> None:
    a = trained(0, 32, 32)
    turned = a.T.copy()
    turned[0, 1] += 1
    assert np.array_equal(put(one(turned, a))["b/dense/kernel"], a.T)


def test_an_array_that_b_has_not_is_tried_with_as_layer() -> None:
    a = {"kernel": trained(0, 6, 8), "bias": trained(1, 8)}
    (found,) = suspect(Net().add("dense", a, {"kernel": a["kernel"]}).add("other", {}, {}).case())
    assert "no array of the size of `bias`, [8]" in found.evidence
    assert found.trial is not None
    assert found.trial.edits == (Graft(layer="dense"),)


def test_two_matrices_of_one_shape_are_told_by_what_they_hold() -> None:
    """Here the record pairs A's kernel with what is B's recurrent kernel, as a graph without names may."""
    a = {"kernel": trained(0, 8, 24), "recurrent_kernel": trained(1, 8, 24)}
    moved = {role: array + trained(7, 8, 24) * np.float32(0.1) for role, array in a.items()}
    crossed = {"kernel": moved["recurrent_kernel"], "recurrent_kernel": moved["kernel"]}
    (found,) = suspect(Net().add("gru", a, crossed).add("other", {}, {}).case())
    assert np.array_equal(put(found)["b/gru/kernel"], a["recurrent_kernel"])
    assert np.array_equal(put(found)["b/gru/recurrent_kernel"], a["kernel"])


def test_two_matrices_that_nothing_tells_apart_are_tried_with_as_layer() -> None:
    a = {"kernel": trained(0, 8, 24), "recurrent_kernel": trained(1, 8, 24)}
    b = {"kernel": trained(2, 8, 24), "recurrent_kernel": trained(3, 8, 24)}
    (found,) = suspect(Net().add("gru", a, b).add("other", {}, {}).case())
    assert found.trial is not None
    assert found.trial.edits == (Graft(layer="gru"),)


def test_an_ulp_is_a_note() -> None:
    a = trained(0, 6, 8)
    case = Net().add("dense", {"kernel": a}, {"kernel": np.nextafter(a, np.float32(9))}, status="within-noise").case()
    (found,) = suspect(case)
    assert found.note_only
    assert "1 weights differ by an ulp or two" in found.title
    assert list(suspect(replace(case, b=replace(case.b, precision="float16")))) == []


def test_equal_or_harmless_weights_are_no_suspicion() -> None:
    assert list(suspect(net().case())) == []
    assert (
        list(suspect(Net().add("d", {"kernel": trained(0, 4, 4)}, {"kernel": trained(1, 4, 4)}, status="same").case()))
        == []
    )
