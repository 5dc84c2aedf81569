"""What is suspected, and which edits would mend it."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.causes import Case, suspicions
from inspector.causes.case import SetAttribute, SetConstant
from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Layer
from inspector.domain.match import WeightDifference


def difference(name: str, status: str = "different", weights: tuple[WeightDifference, ...] = ()) -> LayerDifference:
    return LayerDifference(index=0, a=name, b=f"{name}:0", class_name="Any", kind="any", status=status, weights=weights)


def case(*layers: LayerDifference, a: Layer | None = None, b: Layer | None = None, values=None) -> Case:
    first = layers[0]
    return Case(
        layers=layers,
        layer_a={first.a: a} if a else {},
        layer_b={first.b or "": b} if b else {},
        values_a=lambda value_id: values[value_id].ravel(),
    )


def norm(epsilon: float, **more) -> Layer:
    settings = {key: more.pop(key) for key in list(more) if key.startswith("epsilon_")}
    return Layer(
        name="bn",
        kind="batch_norm",
        settings={"epsilon": epsilon, **settings},
        **{"class_name": "FusedBatchNormV3", "nodes": ("bn/Fused",), **more},
    )


def test_an_epsilon_that_differs_is_put_back_into_the_fused_op() -> None:
    (found,) = suspicions(case(difference("bn"), a=norm(0.001), b=norm(0.002)))
    assert found.cause == "batchnorm-epsilon"
    assert found.edits == (SetAttribute(node="bn/Fused", name="epsilon", value=0.001),)
    assert "0.001 in A and 0.002 in B" in found.evidence


def test_an_epsilon_that_is_a_constant_is_set_there() -> None:
    other = norm(0.002, class_name="Rsqrt", epsilon_node="bn/add/y", epsilon_shape=())
    (found,) = suspicions(case(difference("bn"), a=norm(0.001), b=other))
    (edit,) = found.edits
    assert isinstance(edit, SetConstant)
    assert (edit.node, edit.value.shape, edit.value.dtype) == ("bn/add/y", (), np.float32)
    assert float(edit.value) == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("a", "b", "status"),
    [(0.001, 0.001, "different"), (0.001, 0.001 * (1 + 1e-7), "different"), (0.001, 0.002, "same")],
)
def test_no_suspicion_without_a_reason(a: float, b: float, status: str) -> None:
    assert suspicions(case(difference("bn", status), a=norm(a), b=norm(b))) == []


def changed(a: str, b: str, shape_a: tuple, shape_b: tuple, relation: str = "different") -> WeightDifference:
    return WeightDifference(
        a=a,
        b=b,
        role="kernel",
        relation=relation,
        shape_a=shape_a,
        shape_b=shape_b,
        max_abs=0.5,
        worst_index=(0,) * len(shape_a),
    )


@pytest.mark.parametrize(
    ("shape_a", "shape_b"), [((2, 3), (2, 3)), ((2, 3), (3, 2)), ((3,), (1, 1, 1, 3)), ((2, 2, 3), (1, 2, 2, 3))]
)
def test_changed_weights_are_put_back_in_bs_shape(shape_a: tuple, shape_b: tuple) -> None:
    values = np.arange(np.prod(shape_a), dtype=np.float32).reshape(shape_a)
    layer = difference("dense", weights=(changed("k", "dense/kernel", shape_a, shape_b),))
    (found,) = suspicions(case(layer, difference("other", "same"), values={"k": values}))
    (edit,) = found.edits
    plain_a, plain_b = values.squeeze(), edit.value.squeeze()
    assert edit.value.shape == shape_b
    assert np.array_equal(plain_b, plain_a if plain_a.shape == plain_b.shape else plain_a.T)
    assert found.title == "the weights of `dense` differ"


def test_many_changed_layers_are_one_suspicion() -> None:
    values = {name: np.zeros((2, 2)) for name in "abc"}
    layers = [difference(name, weights=(changed(name, f"{name}/k", (2, 2), (2, 2)),)) for name in "abc"]
    (found,) = suspicions(case(*layers, values=values))
    assert len(found.edits) == 3
    assert found.title == "the weights of 3 layers differ: another training"
    assert "the first is `a`" in found.evidence


@pytest.mark.parametrize(
    "weight",
    [changed("k norm", "kernel", (2, 2), (2, 2)), changed("k", "", (2, 2), ()), changed("k", "kernel", (2, 3), (6,))],
)
def test_what_cannot_be_laid_out_is_suspected_without_an_edit(weight: WeightDifference) -> None:
    (found,) = suspicions(case(difference("x", weights=(weight,)), values={"k": np.zeros(weight.shape_a)}))
    assert found.edits == ()


def test_equal_weights_are_no_suspicion() -> None:
    layer = difference("x", weights=(changed("k", "kernel", (2, 2), (2, 2), "exact"),))
    assert suspicions(case(layer)) == []
