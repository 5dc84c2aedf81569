"""Settings that both sides state otherwise, whatever the numbers of this input show."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.domain.comparison import LayerDifference
from inspector.domain.computation import Computation, Layer
from inspector.session.stated import in_words, unlike_settings, with_stated


def net(kind: str, **settings: Any) -> Computation:
    layer = Layer(name="l", kind=kind, class_name="", settings=settings, inputs=("x",), outputs=("l",))
    return Computation(layers=(layer,), inputs=(), outputs=())


ROW = LayerDifference(index=0, a="l", b="l", class_name="", kind="", status="same")


def told(a: Computation, b: Computation) -> str:
    return in_words(unlike_settings([ROW], a, b).get("l", ()))


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
def test_a_norms_epsilon(kind: str) -> None:
    a, b = net(kind, epsilon=0.001), net(kind, epsilon=0.03)
    assert told(a, b) == "epsilon 0.03 in B, 0.001 in A"
    (row,) = with_stated([ROW], unlike_settings([ROW], a, b))
    assert (row.status, row.note) == ("different", "epsilon 0.03 in B, 0.001 in A")


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ({"activation": "relu"}, {"activation": "relu6"}, "upper limit 6 in B, none in A"),
        ({"activation": "relu6"}, {"activation": "relu", "max_value": 6.0}, ""),
        ({"activation": "leaky_relu", "slope": 0.3}, {"activation": "leaky_relu"}, "negative slope 0.2 in B, 0.3 in A"),
        ({"activation": "leaky_relu"}, {"activation": "relu"}, "negative slope 0 in B, 0.2 in A"),
        ({"activation": "hard_sigmoid"}, {"activation": "relu", "max_value": 1.0}, ""),  # its slope is in the kernel
        ({"activation": "relu", "threshold": 1.0}, {"activation": "relu"}, ""),  # numbers tell
    ],
)
def test_where_a_relu_clips_and_leaks(a: dict[str, Any], b: dict[str, Any], words: str) -> None:
    assert told(net("activation", **a), net("activation", **b)) == words


def test_what_float32_rounds_or_another_kind_states_is_none() -> None:
    assert told(net("batch_norm", epsilon=0.001), net("batch_norm", epsilon=0.0010000000474974513)) == ""
    assert told(net("batch_norm", epsilon=0.001), net("scale", epsilon=0.5)) == ""


def test_layers_that_are_one_tensor_in_b_say_nothing_of_each_other() -> None:
    a, b = net("activation", activation="relu"), net("activation", activation="relu6")
    other = LayerDifference(index=1, a="m", b="l", class_name="", kind="", status="same")
    assert unlike_settings([ROW, other], a, b) == {}
