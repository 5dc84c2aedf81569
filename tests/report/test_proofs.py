"""A proof as two bars and in words."""

import math

import pytest

from inspector.domain.comparison import Finding, Proof
from inspector.report.proofs import gone_text, proof_bars, proof_text, unproved


def proof(before, after, gone=0.5):
    return Proof(edit="epsilon 0.001 put back into `bn`", before=before, after=after, gone=gone)


def test_near_numbers_stand_on_a_linear_scale():
    bars = proof_bars(proof(0.04, 0.01))
    assert (bars.before, bars.after, bars.logarithmic) == (1.0, 0.25, False)
    assert proof_bars(proof(1.0, 0.001)).logarithmic is False  # three decades, not more


def test_a_mend_that_makes_it_worse_has_the_longer_bar():
    bars = proof_bars(proof(0.01, 0.04))
    assert (bars.before, bars.after) == (0.25, 1.0)


def test_more_than_three_decades_apart_the_scale_is_logarithmic():
    """From 1e-8 to 0.1 are seven decades; 5e-8 is log10(5) = 0.69897 of a decade above the lower end."""
    bars = proof_bars(proof(0.1, 5e-8))
    assert bars.logarithmic
    assert bars.before == pytest.approx(1.0)
    assert bars.after == pytest.approx(0.69897 / 7, abs=1e-5)
    assert bars.ticks == pytest.approx([n / 7 for n in range(1, 8)])


def test_a_power_of_ten_still_has_a_bar():
    assert proof_bars(proof(1.0, 1e-6)).after == pytest.approx(1 / 7)


@pytest.mark.parametrize(
    ("before", "after", "drawn"),
    [
        (0.03, 0.0, (1.0, 0.0)),
        (0.0, 0.0, (0.0, 0.0)),
        (math.inf, 0.5, (1.0, 0.0)),
        (math.nan, 0.0, (1.0, 0.0)),
        (math.inf, math.inf, (1.0, 1.0)),
        (1e300, 5e-324, None),
    ],
)
def test_zero_and_what_is_not_finite(before, after, drawn):
    bars = proof_bars(proof(before, after))
    assert all(0 <= length <= 1 for length in (bars.before, bars.after))
    assert drawn is None or (bars.before, bars.after) == drawn


def test_all_is_said_only_of_all():
    assert gone_text(proof(1, 0, 1.0)) == "100.0% gone"
    assert gone_text(proof(1, 0, 0.99999)) == ">99.9% gone"
    assert gone_text(proof(1, 0.3, 0.72)) == "72% gone"


def test_the_sentence():
    assert proof_text(proof(1, 0, 1.0)) == (
        "Proved: with epsilon 0.001 put back into `bn`, 100.0% of the output's difference is gone."
    )
    assert proof_text(proof(1, 0.98, 0.02)).startswith("Tried: with epsilon 0.001 put back into `bn`, 2% of")
    assert proof_text(proof(1, 0, 1.0), alone=False) == "Proved: with epsilon 0.001 put back into `bn`."


def test_why_there_is_no_proof():
    made = {"cause": "x", "title": "x", "layer_a": "", "layer_b": "", "confidence": 1.0, "evidence": "", "mend": ""}
    assert unproved(Finding(**made, unproved="nothing was run")) == "nothing was run"
    assert unproved(Finding(**made)) == "it was not tried"
    assert unproved(Finding(**made, note_only=True)) == ""
    assert unproved(Finding(**made, proof=proof(1, 0))) == ""
