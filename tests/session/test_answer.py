"""The sentence on top and what stands below it: no result that can come about may contradict itself."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.comparison import Comparison, Finding, LayerDifference, Metrics, OutputDifference, SideRun
from inspector.domain.match import WeightDifference
from inspector.report.reasons import reasons
from inspector.session.answer import answer, sizes
from inspector.session.verdict import sentence, status_of, verdict_of

FLOOR = 1e-6
SIDE = SideRun(path="model", format="keras", sha256="", framework="", python="")
NAMES = ("one", "two", "three", "four")
SIZES = st.sampled_from((0.0, 5e-7, 0.25, math.inf))
TITLE = "something is turned round"


def metrics(largest: float) -> Metrics:
    nan = 3 if math.isinf(largest) else 0
    return Metrics(
        max_abs=largest, mean_abs=0.0, max_rel=largest, cosine=1.0, sqnr_db=60.0, fraction_beyond_noise=0.0,
        worst_index=(0,), nan_b=nan,
    )  # fmt: skip


def weight(relation: str) -> WeightDifference:
    apart = {"different": 0.3, "exact": 0.0}.get(relation)
    return WeightDifference(
        a="w", b="w", role="alpha", relation=relation, shape_a=(2,), shape_b=(2,), max_abs=apart
    )  # fmt: skip


def layer(name: str, introduced: float | None, relation: str) -> LayerDifference:
    """A layer as the session leaves it: one that agrees holds no other weight, and one that holds some differs."""
    found = None if introduced is None else metrics(introduced)
    status = status_of(found, found, FLOOR)
    if relation == "different" and status in ("same", "within-noise"):
        status = "different"
    return LayerDifference(
        index=NAMES.index(name), a=name, b=f"{name}:0", class_name="PReLU", kind="prelu", status=status,
        introduced=found, noise_floor=FLOOR, weights=(weight(relation),),
    )  # fmt: skip


def output(largest: float) -> OutputDifference:
    within = math.isfinite(largest) and largest <= FLOOR
    return OutputDifference(
        a="y", b="y:0", shape=(1, 2), metrics=metrics(largest), noise_floor=FLOOR, within_noise=within,
        identical=largest == 0,
    )  # fmt: skip


def finding(name: str, *, note: bool = False) -> Finding:
    return Finding(
        cause="weight-order", title=TITLE, layer_a=name, layer_b="", confidence=0.9, evidence="", mend="",
        layers=(name,) if name else (), note_only=note,
    )  # fmt: skip


def result(layers: list[LayerDifference], outputs: list[OutputDifference], findings: list[Finding]) -> Comparison:
    verdict = verdict_of(outputs, layers)
    made = Comparison(
        verdict=verdict, sentence=sentence(verdict, outputs, layers), a=SIDE, b=SIDE, inputs=(), outputs=tuple(outputs),
        layers=tuple(layers), findings=tuple(findings), unmatched_a=(), unmatched_b=(), warnings=(), timings={},
    )  # fmt: skip
    return replace(made, sentence=answer(made, {}))


LAYERS = st.lists(
    st.tuples(st.one_of(st.none(), SIZES), st.sampled_from(("exact", "folded", "different"))), min_size=1, max_size=4
).map(lambda rows: [layer(name, *row) for name, row in zip(NAMES, rows, strict=False)])
FINDINGS = st.lists(st.builds(finding, st.sampled_from(("", *NAMES)), note=st.booleans()), max_size=3)
RESULTS = st.builds(result, LAYERS, st.lists(SIZES.map(output), min_size=1, max_size=2), FINDINGS)


@given(RESULTS)
def test_the_sentence_is_the_first_findings(found: Comparison) -> None:
    causes = [item for item in found.findings if not item.note_only]
    if found.verdict != "different" or not causes:
        return
    named = f"`{causes[0].layer_a}`"
    assert TITLE in found.sentence.lower() or (causes[0].layer_a and f"at {named} (" in found.sentence)
    if "B differs from `" in found.sentence:
        assert f"B differs from {named} on: {TITLE}; " in found.sentence


@given(RESULTS)
def test_the_sentence_says_of_the_outputs_what_stands_below_it(found: Comparison) -> None:
    below = " ".join(reason.text for reason in reasons(found))
    if found.verdict == "different" and all(item.identical for item in found.outputs):
        assert "the outputs are identical on this input" in found.sentence
        assert "B differs" not in found.sentence
    if found.verdict in ("same", "within-noise"):
        assert "weights differ" not in below
        assert all(item.status != "different" for item in found.layers)
    if found.verdict == "same":
        assert all(item.identical for item in found.outputs)
    if "bit for bit" in found.sentence:
        assert "differs by" not in below


@given(RESULTS)
def test_what_is_no_number_is_counted(found: Comparison) -> None:
    causes = [item for item in found.findings if not item.note_only]
    if causes:
        assert "∞" not in found.sentence
    assert "∞" not in " ".join(reason.text for reason in reasons(found))


@given(LAYERS, st.lists(SIZES.map(output), min_size=1, max_size=2))
def test_a_layer_with_other_weights_is_never_the_same(layers: list[LayerDifference], outputs: list) -> None:
    judged = [item for item in layers if item.status != "not-compared"]
    if any(piece.relation == "different" for item in judged for piece in item.weights):
        assert verdict_of(outputs, layers) == "different"


def test_other_weights_that_do_not_show() -> None:
    found = result([layer("one", 0.0, "exact"), layer("two", 0.0, "different")], [output(0.0)], [finding("two")])
    assert found.sentence == (
        "Internal difference at `two` (alpha differs by 0.300); the outputs are identical on this input."
    )
    assert "1 of 2 weights differ, 1 are exactly equal." in [reason.text for reason in reasons(found)]


def test_a_finding_elsewhere_than_the_first_layer_that_differs() -> None:
    found = result([layer("one", 0.25, "exact"), layer("two", 0.25, "exact")], [output(0.25)], [finding("two")])
    assert found.sentence == "Something is turned round; output `y` differs by 0.250; 2 layers introduce a difference."


def test_the_cause_stands_in_the_sentence() -> None:
    found = result([layer("one", 0.0, "exact"), layer("two", 0.25, "exact")], [output(0.25)], [finding("two")])
    assert found.sentence == (
        "B differs from `two` on: something is turned round; this layer alone introduces 0.250; 1 other introduces "
        "nothing beyond rounding."
    )


@pytest.mark.parametrize("floor", [1e-6, math.inf])
def test_infinity_is_never_noise(floor: float) -> None:
    assert status_of(metrics(math.inf), metrics(math.inf), floor) == "different"
    assert sizes(metrics(math.inf)) == "numbers that are none (0 NaN in A, 3 in B)"
