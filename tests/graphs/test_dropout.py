"""Dropout whose rate is a placeholder: found by what it is compared with, and taken out."""

from __future__ import annotations

import pytest
from written import inference, written

from inspector.graphs.dropout import without_dropout

RANDOM = """
    x = Placeholder float32
    w = Const
    h = MatMul(x, w)
    size = Shape(h)
    one = Const [1]
    zero = Const [0]
    u = RandomUniform(size)
"""
# every form since TensorFlow 1.0: what is fed, and what the dropout's last node is
FORMS = {
    "floor": ("p", 1.0, "scaled = RealDiv(h, p)\n sum = Add(p, u)\n mask = Floor(sum)\n end = Mul(scaled, mask)"),
    "range": ("p", 1.0, """span = Sub(one, zero)
        wide = Mul(u, span)
        random = Add(wide, zero)
        scaled = RealDiv(h, p)
        sum = AddV2(random, p)
        mask = Floor(sum)
        end = Mul(scaled, mask)"""),
    "rate": ("p", 0.0, """kept = Sub(one, p)
        scale = RealDiv(one, kept)
        scaled = Mul(h, scale)
        over = GreaterEqual(u, p)
        mask = Cast(over)
        end = Mul(scaled, mask)"""),
    "keep_prob of 1.15": ("p", 1.0, """rate = Sub(one, p)
        kept = Sub(one, rate)
        scaled = RealDiv(h, kept)
        mask = GreaterEqual(u, rate)
        end = SelectV2(mask, scaled, zero)"""),
    "less": ("p", 1.0, "mask = Less(u, p)\n cast = Cast(mask)\n scaled = RealDiv(h, p)\n end = Mul(cast, scaled)"),
    "mirrored": ("p", 1.0, "mask = Greater(p, u)\n cast = Cast(mask)\n end = Mul(h, cast)"),
    "in a loop": ("p", 1.0, """inner = Enter(p)
        scaled = RealDiv(h, inner)
        sum = Add(inner, u)
        mask = Floor(sum)
        end = Mul(scaled, mask)"""),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("placeholder", ["p = Placeholder float32", "p = PlaceholderWithDefault(one) float32"])
def test_the_rate_is_fed_so_that_nothing_is_dropped(form: str, placeholder: str) -> None:
    name, value, body = FORMS[form]
    still = without_dropout(*written(f"{RANDOM}\n{placeholder}\n{body}"))
    assert still.rates == {name: value}
    assert (still.nodes["end"].op, list(still.nodes["end"].inputs)) == ("Identity", ["h:0"])
    assert {"u", "mask", "scaled"} & set(still.nodes) == set()
    assert {"x", "w", "h"} <= set(still.nodes)


@pytest.mark.parametrize("form", FORMS)
def test_the_placeholder_is_no_input_and_the_net_comes_out(form: str) -> None:
    _, _, body = FORMS[form]
    found = inference(f"{RANDOM}\n p = Placeholder float32\n {body}\n scores = Softmax(end)").ports
    assert (found.inputs, found.outputs) == (["x:0"], ["scores:0"])


def test_a_dropout_with_a_fixed_rate_stays() -> None:
    text = f"{RANDOM}\n p = Const [0.4]\n mask = GreaterEqual(u, p)\n cast = Cast(mask)\n end = Mul(h, cast)"
    still = without_dropout(*written(text))
    assert still.rates == {}
    assert still.nodes["end"].op == "Mul"


def test_a_rate_that_a_signature_feeds_stays() -> None:
    text = f"{RANDOM}\n p = Placeholder float32\n mask = GreaterEqual(u, p)\n cast = Cast(mask)\n end = Mul(h, cast)"
    assert without_dropout(*written(text), fed={"p"}).rates == {}


def test_one_placeholder_that_two_dropouts_read_the_other_way_round() -> None:
    """It is a rate here and a keep_prob there: no value switches both off, so it is left to whoever feeds."""
    text = f"""{RANDOM}
        p = Placeholder float32
        one_mask = GreaterEqual(u, p)
        one_cast = Cast(one_mask)
        middle = Mul(h, one_cast)
        other_mask = Less(u, p)
        other_cast = Cast(other_mask)
        end = Mul(middle, other_cast)"""
    assert without_dropout(*written(text)).rates == {}
