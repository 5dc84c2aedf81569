"""How weights relate, against numbers worked out with numpy."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from made import Store, assigned, chain, contents, layer, node, tensors

from inspector.domain.match import WeightDifference
from inspector.matching.contents import CHUNK
from inspector.matching.numbers import Gap
from inspector.matching.weights import pair_weights

RANDOM = np.random.default_rng(0)


def related(a: np.ndarray, b: np.ndarray, role: str = "kernel") -> tuple[WeightDifference, Store, Store]:
    one, other = Store(), Store()
    layer_a = layer("a", "dense", "x", (one.weight("wa", role, a),))
    layer_b = node("b", "dense", "x", (other.weight("wb", role, b),))
    held = contents(one, other)
    (record,) = pair_weights(held, layer_a, [layer_b])
    return record, one, other


def array(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def test_exact_needs_no_values() -> None:
    values = array(3, 3, 4, 5)
    record, one, other = related(values, values.copy())
    assert (record.relation, record.max_abs) == ("exact", 0.0)
    assert one.asked == other.asked == []


@pytest.mark.parametrize("axes", [(1, 0), (2, 0, 1), (3, 2, 0, 1)])
def test_transposed_says_the_axes(axes: tuple[int, ...]) -> None:
    values = array(*(2, 3, 4, 5)[: len(axes)])
    record, _, _ = related(values, np.ascontiguousarray(values.transpose(axes)))
    assert record.relation == "transposed"
    assert str(list(axes)) in record.detail


def test_permuted() -> None:
    values = array(64)
    assert related(values, values[::-1].copy())[0].relation == "permuted"


@pytest.mark.parametrize(("dtype", "name"), [(np.float16, "float16"), (ml_dtypes.bfloat16, "bfloat16")])
def test_rounded_to_half(dtype: type, name: str) -> None:
    values = array(6, 7)
    record, _, _ = related(values, values.astype(dtype).astype(np.float32))
    assert record.relation == "rounded"
    assert f" {name}:" in record.detail


def test_last_bits() -> None:
    values = array(6, 7)
    assert related(values, np.nextafter(values, np.float32(9)))[0].relation == "rounded"


def test_different_says_where_and_how_much() -> None:
    values = array(6, 7)
    other = values.copy()
    other[4, 2] += 0.5
    record, _, _ = related(values, other)
    assert (record.relation, record.worst_index) == ("different", (4, 2))
    assert record.max_abs == pytest.approx(0.5, rel=1e-6)
    assert record.max_rel == pytest.approx(0.5 / np.abs(values).max(), rel=1e-6)


@pytest.mark.parametrize(("bad", "relation"), [(np.nan, "different"), (np.inf, "different")])
def test_a_hole_in_b_is_a_difference(bad: float, relation: str) -> None:
    values = array(5)
    other = values.copy()
    other[3] = bad
    record, _, _ = related(values, other)
    assert (record.relation, record.max_abs, record.worst_index) == (relation, np.inf, (3,))


def test_large_arrays_are_read_in_pieces() -> None:
    """The dense layer of VGG16 holds 411 MB: no more than a few megabytes of such are in memory at a time."""
    values = array(1500, 2000)
    other = values.copy()
    other[1400, 3] -= 0.25
    record, one, _ = related(values, other)
    assert (record.relation, record.worst_index) == ("different", (1400, 3))
    assert record.max_abs == pytest.approx(0.25, rel=1e-5)
    assert max(stop - start for _, start, stop in one.asked) <= CHUNK
    assert sum(stop - start for _, start, stop in one.asked) == values.size


def test_a_large_transposed_array_is_told_by_a_sample() -> None:
    values = array(1500, 2000)
    record, one, other = related(values, np.ascontiguousarray(values.T))
    assert record.relation == "transposed"
    assert sum(stop - start for _, start, stop in one.asked + other.asked) <= 128


def test_equal_arrays_go_to_equal_arrays_whatever_their_roles() -> None:
    """Four biases of one size, as in attention: content before order."""
    one, other = Store(), Store()
    arrays = [array(8) for _ in range(4)]
    layer_a = layer(
        "a", "multi_head_attention", "x", tuple(one.weight(f"a{i}", "bias", values) for i, values in enumerate(arrays))
    )
    layer_b = node(
        "b", "other", "x", tuple(other.weight(f"b{i}", "offset", arrays[i].reshape(2, 4)) for i in (2, 0, 3, 1))
    )
    records = pair_weights(contents(one, other), layer_a, [layer_b])
    assert [record.b for record in records] == ["b0", "b1", "b2", "b3"]
    assert {record.relation for record in records} <= {"exact", "transposed"}


def test_what_inference_does_not_use_is_left_out() -> None:
    one, other = Store(), Store()
    mean = array(3)
    layer_a = layer("a", "normalization", "x", (one.weight("m", "mean", mean), one.weight("c", "count", np.int64(7))))
    layer_b = node("b", "normalization", "x", (other.weight("n", "mean", mean.reshape(1, 1, 1, 3)),))
    (record,) = pair_weights(contents(one, other), layer_a, [layer_b])
    assert (record.role, record.max_abs) == ("mean", 0.0)


def norm(store: Store, size: int, epsilon: float = 0.001):
    vectors = {
        "gamma": RANDOM.uniform(0.5, 2, size),
        "beta": RANDOM.normal(size=size),
        "moving_mean": RANDOM.normal(size=size),
        "moving_variance": RANDOM.uniform(0.5, 2, size),
    }
    vectors = {role: value.astype(np.float32) for role, value in vectors.items()}
    scale = vectors["gamma"].astype(float) / np.sqrt(vectors["moving_variance"].astype(float) + epsilon)
    weights = tuple(store.weight(f"bn/{role}", role, value) for role, value in vectors.items())
    return (
        layer("bn", "batch_norm", "conv", weights, epsilon=epsilon),
        scale,
        vectors["beta"] - vectors["moving_mean"] * scale,
    )


def test_batch_norm_as_scale_and_offset() -> None:
    one, other = Store(), Store()
    layer_a, scale, offset = norm(one, 6)
    layer_b = node(
        "b",
        "batch_norm",
        "x",
        (other.weight("s", "scale", scale.astype(np.float32)), other.weight("o", "offset", offset.astype(np.float32))),
    )
    records = pair_weights(contents(one, other), layer_a, [layer_b])
    assert [(record.role, record.relation, record.b) for record in records] == [
        ("scale", "split", "s"),
        ("offset", "split", "o"),
    ]
    assert max(record.max_abs or 0 for record in records) < 1e-6


@pytest.mark.parametrize(
    ("kind", "shape", "axis"),
    [
        ("conv2d", (3, 3, 4, 6), -1),
        ("conv2d_transpose", (3, 3, 6, 4), -2),
        ("dense", (5, 6), -1),
        ("depthwise_conv2d", (3, 3, 3, 2), None),
    ],
)
@pytest.mark.parametrize("changed", [False, True])
def test_batch_norm_folded_into_what_is_before_it(kind: str, shape: tuple, axis: int | None, changed: bool) -> None:
    """Kernel and bias worked out here in float64; `changed`: with another epsilon than A says."""
    one, other = Store(), Store()
    values, bias = array(*shape), array(6)
    bn, scale, offset = norm(one, 6)
    if changed:
        scale = scale * RANDOM.uniform(0.8, 0.9, 6)
    factors = scale.reshape(shape[-2:]) if axis is None else scale if axis == -1 else scale[:, None]
    a = chain(
        layer("x", "input"),
        layer("conv", kind, "x", (one.weight("k", "kernel", values), one.weight("b", "bias", bias))),
        bn,
        layer("relu", "activation", "bn", activation="relu"),
    )
    folded = (
        other.weight("kb", "kernel", (values * factors).astype(np.float32)),
        other.weight("bb", "bias", (bias * scale + offset).astype(np.float32)),
    )
    b = chain(node("x", "input"), node("n1", kind, "x", folded), node("n2", "activation", "n1", activation="relu"))
    assignment = assigned(a, b, one, other)
    assert tensors(assignment) == {"x": "x:0", "conv": None, "bn": "n1:0", "relu": "n2:0"}
    _, conv, norm_match, _ = assignment.matches
    assert conv.note == "folded with bn into n1:0"
    relations = [(record.role, record.relation) for record in norm_match.weights]
    expected = "different" if changed else "folded"
    assert relations == [("kernel", expected), ("bias", expected)]
    if not changed:
        assert any(item.kind == "weights" and item.detail == "kernel and bias folded" for item in norm_match.evidence)


def test_a_plain_number_in_place_of_another_is_no_rounding() -> None:
    """1 is what bfloat16 makes of 1.001, and 0.5 what float16 makes of 0.50001; neither shows that B was rounded."""
    for a, b in ((1.001, 1.0), (0.50001, 0.5)):
        gap = Gap()
        gap.add(np.array([a, 1.0, 1.0]), np.array([b, 1.0, 1.0]))
        assert gap.relation()[0] == "different"


def test_numbers_with_many_digits_that_lost_the_last_ones_are_rounded() -> None:
    a = np.random.default_rng(0).normal(size=64).astype(np.float32).astype(np.float64)
    gap = Gap()
    gap.add(a, a.astype(np.float16).astype(np.float64))
    assert gap.relation()[0] == "rounded"
