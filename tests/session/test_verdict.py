"""The words of the answer, on numbers made by hand."""

from __future__ import annotations

import pytest

from inspector.domain.comparison import LayerDifference, Metrics, OutputDifference, Status
from inspector.domain.match import WeightDifference
from inspector.session.verdict import sentence, status_of, verdict_of


def metrics(largest: float) -> Metrics:
    return Metrics(
        max_abs=largest,
        mean_abs=largest / 2,
        max_rel=largest,
        cosine=1.0,
        sqnr_db=60.0,
        fraction_beyond_noise=0.0,
        worst_index=(0, 1),
    )


def layer(name: str, introduced: float | None, *, changed: bool = False, note: str = "") -> LayerDifference:
    found = None if introduced is None else metrics(introduced)
    weights = (WeightDifference(a=name, b=name, role="kernel", relation="different", shape_a=(1,), shape_b=(1,)),)
    return LayerDifference(
        index=0,
        a=name,
        b=f"{name}:0",
        class_name="Dense",
        kind="dense",
        introduced=found,
        status=status_of(found, found, 1e-6),
        weights=weights if changed else (),
        note=note,
    )


def output(largest: float, *, floor: float = 1e-6) -> OutputDifference:
    return OutputDifference(
        a="y",
        b="y:0",
        shape=(1, 2),
        metrics=metrics(largest),
        noise_floor=floor,
        within_noise=largest <= floor,
        identical=largest == 0,
    )


@pytest.mark.parametrize(
    ("introduced", "status"),
    [
        (0.0, "same"),
        (5e-7, "within-noise"),
        (1e-6, "within-noise"),
        (2e-6, "different"),
    ],
)
def test_status_by_the_noise_floor(introduced: float, status: Status) -> None:
    assert status_of(metrics(introduced), metrics(introduced), 1e-6) == status


def test_without_a_replay_a_total_difference_says_nothing_of_the_layer() -> None:
    assert status_of(None, metrics(1.0), 1e-6) == "not-compared"
    assert status_of(None, metrics(0.0), 1e-6) == "same"


def test_bit_for_bit() -> None:
    layers = [layer("one", 0.0), layer("two", 0.0)]
    verdict = verdict_of([output(0.0)], layers)

    assert verdict == "same"
    assert sentence(verdict, [output(0.0)], layers) == "A and B give the same numbers, bit for bit; 2 layers compared."


def test_the_same_within_rounding() -> None:
    layers = [layer("one", 1e-7)]
    verdict = verdict_of([output(3e-7)], layers)

    assert verdict == "within-noise"
    assert sentence(verdict, [output(3e-7)], layers) == (
        "A and B are the same within rounding: outputs differ by at most 3.00e-7, and none of 1 layer introduces more "
        "than its noise floor."
    )


def test_one_layer_alone() -> None:
    layers = [layer("one", 0.0), layer("block_8_project_BN", 2.4e-2), layer("three", 1e-7)]
    verdict = verdict_of([output(0.1)], layers)

    assert verdict == "different"
    assert sentence(verdict, [output(0.1)], layers) == (
        "B differs from `block_8_project_BN` on: this layer alone introduces 0.0240; 2 others introduce nothing beyond "
        "rounding."
    )


def test_several_layers_with_other_weights_and_other_shapes() -> None:
    layers = [
        layer("one", 0.5, changed=True),
        layer("two", 0.25, changed=True),
        layer("three", 0.0),
        layer("four", None, note="the shapes differ: [1, 3] in A, [1, 2] in B"),
    ]
    verdict = verdict_of([output(0.1)], layers)

    assert sentence(verdict, [output(0.1)], layers) == (
        "B differs from `one` on: it introduces 0.500, the first of 2 layers that introduce a difference, 2 of them "
        "with other weights; 1 other introduces nothing beyond rounding; 1 cannot be compared, their shapes differ."
    )


def test_outputs_that_differ_without_a_culprit() -> None:
    layers = [layer("one", 0.0)]
    verdict = verdict_of([output(0.2)], layers)

    assert verdict == "different"
    assert "none of 1 layer introduces a difference" in sentence(verdict, [output(0.2)], layers)


def test_no_output_at_all() -> None:
    assert verdict_of([], [layer("one", 0.0)]) == "not-comparable"
