"""Inputs and outputs that are exchanged, and tensors that are none of the outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from port_cases import Ports, a_layer

from inspector.causes import input_order, output_order, tensor_name
from inspector.causes.case import OutputPair
from inspector.causes.output_places import Offered, exchanged
from inspector.compare.metrics import measure
from inspector.domain.comparison import OutputDifference
from inspector.domain.computation import Port

RANDOM = np.random.default_rng(5)
LEFT, RIGHT = (RANDOM.normal(size=(2, 4)).astype(np.float32) for _ in "ab")
ONE, TWO, THREE = (RANDOM.normal(size=(2, 3)) for _ in "abc")
DENSE = {"weights": (("kernel", (4, 3)),)}


def towers(left_b: str, right_b: str, **more) -> Ports:
    """Two dense towers; which input of B each reads."""
    made = Ports(**more).fed("left", LEFT).fed("right", RIGHT)
    status = "same" if left_b == "left:0" else "different"
    made.both(a_layer("dl", "dense", "left", **DENSE), a_layer("dl", "dense", left_b, tensor="dl:0"), status)
    made.both(a_layer("dr", "dense", "right", **DENSE), a_layer("dr", "dense", right_b, tensor="dr:0"), status)
    return made.gives("out", "out:0", ONE, ONE if status == "same" else TWO)


def test_exchanged_inputs_are_told_by_what_reads_them() -> None:
    (found,) = input_order.suspect(towers("right:0", "left:0").case())
    assert found.title == "inputs are exchanged: A's `left` is B's `right:0`"
    assert (found.layer_a, found.layers, found.confidence) == ("left", ("left", "right"), 0.95)
    assert found.trial is not None
    assert found.trial.feeds_b is not None
    assert np.array_equal(found.trial.feeds_b["right:0"], LEFT)
    assert np.array_equal(found.trial.feeds_b["left:0"], RIGHT)


def test_inputs_in_their_places_are_no_suspicion() -> None:
    assert list(input_order.suspect(towers("left:0", "right:0").case())) == []


def test_an_exchange_that_does_not_close_is_none() -> None:
    assert not [item for item in input_order.suspect(towers("right:0", "right:0").case()) if not item.needs_proof]


def test_a_layer_before_the_readers_is_looked_through() -> None:
    made = Ports().fed("left", LEFT).fed("right", RIGHT).gives("out", "out:0", ONE, TWO)
    for name, other in (("left", "right:0"), ("right", "left:0")):
        made.a.append(a_layer(f"flat_{name}", "flatten", name))
        made.b.append(a_layer(f"norm_{name}", "rescaling", other, tensor=f"norm_{name}:0"))
        made.both(
            a_layer(f"d_{name}", "dense", f"flat_{name}", **DENSE),
            a_layer(f"d_{name}", "dense", f"norm_{name}:0", tensor=f"d_{name}:0"), "different",
        )  # fmt: skip
    (found,) = input_order.suspect(made.case())
    assert found.layers == ("left", "right")


@pytest.mark.parametrize(("kind", "sure"), [("concat", True), ("add", False)])
def test_a_layer_of_both_inputs(kind: str, sure: bool) -> None:
    made = Ports().fed("left", LEFT).fed("right", RIGHT).gives("out", "out:0", ONE, TWO)
    a = a_layer("both", kind, "left", "right")
    made.both(a, a_layer("both", kind, "right:0", "left:0", tensor="both:0"), "different")
    (found,) = input_order.suspect(made.case())
    assert found.needs_proof is not sure  # the sum says nothing of their order: it is tried


def test_two_calls_of_one_layer_say_nothing_of_their_inputs() -> None:
    """Matched crosswise they agree; what reads them both differs."""
    made = Ports().fed("left", LEFT).fed("right", RIGHT).gives("out", "out:0", ONE, TWO)
    made.both(a_layer("d", "dense", "left", **DENSE), a_layer("d_1", "dense", "left:0", tensor="d_1:0", **DENSE))
    made.both(a_layer("d@1", "dense", "right", **DENSE), a_layer("d", "dense", "right:0", tensor="d:0", **DENSE))
    made.both(a_layer("less", "subtract", "d", "d@1"), a_layer("less", "subtract", "d:0", "d_1:0"), "different")
    (found,) = input_order.suspect(made.case())
    assert found.needs_proof
    assert found.trial is not None


def test_keras_models_that_list_their_inputs_otherwise_get_a_note() -> None:
    made = towers("left:0", "right:0", format_b="keras_h5")
    case = made.case()
    swapped = type(case.b.computation)(
        layers=case.b.computation.layers, inputs=case.b.computation.inputs[::-1], outputs=case.b.computation.outputs
    )
    object.__setattr__(case.b, "computation", swapped)
    (found,) = input_order.suspect(case)
    assert found.note_only
    assert "number 2" in found.title


def test_outputs_exchanged_by_value() -> None:
    made = Ports().gives("age", "Identity:0", ONE, TWO).gives("sex", "Identity_1:0", TWO, ONE)
    (found,) = output_order.suspect(made.case())
    assert found.title == "outputs are exchanged: A's `age` is B's `Identity_1:0`"
    assert (found.layer_a, found.layers, found.confidence) == ("age", ("age", "sex"), 0.97)
    assert found.trial is not None
    assert found.trial.pairs == (("age", "Identity_1:0"), ("sex", "Identity:0"))


def test_three_in_a_ring_beside_one_that_is_right() -> None:
    made = Ports().gives("fine", "Identity_3:0", ONE * 3, ONE * 3)
    for at, (name, other) in enumerate(zip("abc", (TWO, THREE, ONE), strict=True)):
        made.gives(name, f"Identity_{at}:0", (ONE, TWO, THREE)[at], other)
    (found,) = output_order.suspect(made.case())
    assert found.trial is not None
    assert found.trial.pairs == (("a", "Identity_2:0"), ("b", "Identity_0:0"), ("c", "Identity_1:0"))


def test_exchanged_and_a_little_off_is_less_sure() -> None:
    made = Ports().gives("a", "x:0", ONE, TWO + 0.01).gives("b", "y:0", TWO, ONE - 0.01)
    (found,) = output_order.suspect(made.case())
    assert found.confidence == 0.6


FAULT, NOTE, NOTHING = "fault", "note", ""


def stated(pairs: list, values: tuple = (ONE, TWO), **more) -> str:
    """Pairs of outputs that compute the same, B's as the nodes of a frozen graph."""
    made = Ports(**more)
    for (a, b), value in zip(pairs, values, strict=True):
        made.gives(a, b, value, value)
    found = list(output_order.suspect(made.case()))
    assert all(item.layers == tuple(a for a, _ in pairs) for item in found)
    assert all(item.note_only is (item.measured is None) for item in found)
    return NOTHING if not found else NOTE if found[0].note_only else FAULT


@pytest.mark.parametrize(
    ("pairs", "right"),
    [
        ([("age", "Identity_1:0"), ("sex", "Identity:0")], FAULT),
        ([("age", "Identity:0"), ("sex", "Identity_1:0")], NOTHING),
        ([("age", "sex/BiasAdd:0"), ("sex", "age/BiasAdd:0")], NOTE),
        ([("age", "age/BiasAdd:0"), ("sex", "sex/BiasAdd:0")], NOTHING),
        ([("age", "n7:0"), ("sex", "n3:0")], NOTHING),
        ([("head_1", "head:0"), ("head", "head_1:0")], NOTE),
        ([("head_1", "head_1:0"), ("head", "head:0")], NOTHING),
        ([("age", "output_1:0"), ("sex", "output_2:0")], NOTHING),
        ([("age", "output_2:0"), ("sex", "output_1:0")], FAULT),
        # layers that are called so: B goes by A's names, whatever number stands in them
        ([("output_2", "output_2:0"), ("output_1", "output_1:0")], NOTHING),
    ],
)
def test_what_b_states_is_held_against_what_it_computes(pairs: list, right: str) -> None:
    assert stated(pairs) == right


def test_the_proof_of_an_exchange_is_what_a_caller_gets() -> None:
    made = Ports().gives("age", "Identity_1:0", ONE, ONE).gives("sex", "Identity:0", TWO, TWO)
    (found,) = output_order.suspect(made.case())
    assert found.title == "outputs are exchanged: B has `Identity` in the place of A's `age`"
    assert found.measured is not None
    assert found.measured.before == pytest.approx(float(np.abs(ONE - TWO).max()))
    assert (found.measured.after, found.measured.gone) == (0.0, 1.0)


def test_outputs_of_one_value_may_stand_anywhere() -> None:
    assert stated([("age", "Identity_1:0"), ("sex", "Identity:0")], (ONE, ONE.copy())) == NOTHING


def test_by_value_the_order_does_not_count() -> None:
    made = Ports().gives("age", "Identity_1:0", ONE, ONE).gives("sex", "Identity:0", TWO, TWO)
    assert list(output_order.suspect(replace(made.case(), by_value=True))) == []


def listed(format_a: str, names_a: list, format_b: str, names_b: list, right: dict):
    """Two sides whose outputs stand in the order of their names; `right` maps A's names to B's."""
    values = dict(zip(names_a, (ONE, TWO, THREE), strict=False))
    pairs = []
    for name in names_a:
        same = measure(values[name], values[name])
        difference = OutputDifference(
            a=name, b=right[name], shape=ONE.shape, metrics=same, noise_floor=1e-6, within_noise=True, identical=True
        )
        pairs.append(OutputPair(difference=difference, a=values[name], b=values[name]))
    a, b = (
        Offered(form, [Port(name=name, tensor=name, shape=None, dtype="float32") for name in names])
        for form, names in ((format_a, names_a), (format_b, names_b))
    )
    return exchanged(pairs, a, b)


@pytest.mark.parametrize("format_b", ["saved_model", "tflite", "tfjs", "recording"])
def test_names_in_alphabetical_order_are_no_fault(format_b: str) -> None:
    same = {"kind": "kind", "colour": "colour"}
    found = listed("keras_h5", ["kind", "colour"], format_b, ["colour", "kind"], same)
    assert found is None or not found.faulty
    assert (found is None) is (format_b in ("saved_model", "recording"))  # the others have an order, worth a note


@pytest.mark.parametrize("format_b", ["saved_model", "tflite", "tfjs"])
def test_a_signature_whose_names_are_exchanged(format_b: str) -> None:
    found = listed("keras_h5", ["kind", "colour"], format_b, ["colour", "kind"], {"kind": "colour", "colour": "kind"})
    assert found is not None
    assert (found.by_place, found.faulty) == (False, True)


def test_keras_models_that_list_their_outputs_otherwise_get_a_note() -> None:
    same = {"kind": "kind", "colour": "colour"}
    found = listed("keras_h5", ["kind", "colour"], "keras_zip", ["colour", "kind"], same)
    assert found is not None
    assert (found.by_place, found.faulty) == (True, False)


@pytest.mark.parametrize(("keys_b", "told"), [(("pa", "pb"), False), (("pb", "pa"), True), (("x", "y"), False)])
def test_outputs_in_a_dict_go_by_its_keys(keys_b: tuple[str, str], *, told: bool) -> None:
    """Whatever the layers behind them are called; as `Model(x, {"pa": a, "pb": b})` gives them."""
    made = Ports().gives("one", "one", ONE, ONE).gives("two", "two", TWO, TWO)
    pairs = made.case().outputs
    a, b = (
        Offered("keras_zip", [Port(name=n, tensor=n, shape=None, dtype="float32", key=k) for n, k in items])
        for items in (
            [("one", "pa"), ("two", "pb")],
            sorted(zip(("one", "two"), keys_b, strict=True), key=lambda item: item[1]),
        )
    )
    found = exchanged(pairs, a, b)
    assert (found is not None) is told
    assert found is None or (found.faulty and found.pairs == (("one", "pa"), ("two", "pb")))


@pytest.mark.parametrize("format_b", ["saved_model", "graphdef"])
def test_numbers_in_place_of_names_are_an_order(format_b: str) -> None:
    names = ["output_1", "output_0"]  # as they lie in the file says nothing
    found = listed("keras_h5", ["kind", "colour"], format_b, names, {"kind": "output_0", "colour": "output_1"})
    assert found is None
    found = listed("keras_h5", ["kind", "colour"], format_b, names, {"kind": "output_1", "colour": "output_0"})
    assert found is not None
    assert found.faulty
    assert found.pairs == (("kind", "output_0"), ("colour", "output_1"))


def test_the_same_pair_the_other_way_round_is_the_same_fault() -> None:
    right = {"Identity": "colour", "Identity_1": "kind"}
    found = listed("graphdef", ["Identity", "Identity_1"], "keras_h5", ["kind", "colour"], right)
    assert found is not None
    assert found.faulty


def test_outputs_that_differ_otherwise_are_no_exchange() -> None:
    made = Ports().gives("a", "x:0", ONE, ONE + 0.1).gives("b", "y:0", TWO, TWO + 0.1)
    assert list(output_order.suspect(made.case())) == []


def inner(*, whole: bool) -> Ports:
    """A: hidden, logits, scores. B gives `hidden` as its output; `whole`: and holds the rest as well."""
    made = Ports().fed("x", LEFT)
    hidden, logits = ONE, TWO
    made.both(
        a_layer("hidden", "dense", "x", **DENSE),
        a_layer("hidden", "dense", "x:0", tensor="hidden:0", aliases=("Identity:0",)),
    )
    made.numbers("hidden", LEFT, hidden, hidden)
    tail_b = a_layer("scores", "softmax", "logits:0", tensor="scores:0") if whole else None
    made.both(
        a_layer("logits", "dense", "hidden", **DENSE),
        a_layer("logits", "dense", "hidden:0", tensor="logits:0") if whole else None,
    )
    made.numbers("logits", hidden, logits, logits)
    made.both(a_layer("scores", "softmax", "logits"), tail_b)
    return made.gives("scores", "Identity:0", THREE, hidden)


def test_an_inner_tensor_was_fetched_though_b_has_the_right_one() -> None:
    (found,) = tensor_name.suspect(inner(whole=True).case())
    assert found.title == "`Identity:0` is not B's output: it is what `hidden` gives"
    assert found.trial is not None
    assert found.trial.pairs == (("scores", "scores:0"),)
    assert (found.layer_a, found.confidence) == ("scores", 0.96)


def test_b_ends_at_an_inner_tensor() -> None:
    (found,) = tensor_name.suspect(inner(whole=False).case())
    assert found.title == "B's output `Identity:0` is an inner tensor: what `hidden` gives"
    assert "nothing in B does the work of `scores`, `logits`" in found.evidence
    assert found.confidence == 0.95


def test_b_ends_at_an_inner_tensor_of_another_shape() -> None:
    """The outputs cannot be laid over each other, so that they are no pair."""
    made = inner(whole=False)
    made.outputs.clear()
    case = made.case()
    for side, tensor in ((case.a, "scores"), (case.b, "Identity:0")):
        port = Port(name=tensor, tensor=tensor, shape=None, dtype="float32")
        object.__setattr__(side, "computation", replace(side.computation, outputs=(port,)))
    (found,) = tensor_name.suspect(case)
    assert found.title == "B's output `Identity:0` is an inner tensor: what `hidden` gives"
    assert found.layers == ("scores", "hidden", "logits")


def test_a_last_softmax_alone_may_have_been_lost() -> None:
    made = Ports().fed("x", LEFT)
    logits = a_layer("logits", "dense", "x:0", tensor="logits:0", aliases=("Identity:0",))
    made.both(a_layer("logits", "dense", "x", **DENSE), logits).numbers("logits", LEFT, ONE, ONE)
    made.both(a_layer("scores", "softmax", "logits"), None).gives("scores", "Identity:0", TWO, ONE)
    (found,) = tensor_name.suspect(made.case())
    assert found.confidence == 0.6


def test_the_right_tensor_with_other_numbers_is_no_wrong_name() -> None:
    made = Ports().fed("x", LEFT)
    made.both(
        a_layer("hidden", "dense", "x", **DENSE), a_layer("hidden", "dense", "x:0", tensor="hidden:0"), "different"
    )
    made.numbers("hidden", LEFT, ONE, ONE + 1)
    made.both(a_layer("scores", "dense", "hidden", **DENSE), a_layer("scores", "dense", "hidden:0", tensor="scores:0"))
    made.gives("scores", "scores:0", TWO, THREE)
    assert list(tensor_name.suspect(made.case())) == []
