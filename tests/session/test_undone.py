"""Differences that what follows undoes, worked out by hand on a net of two branches."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest

from inspector.compare.metrics import measure
from inspector.domain.comparison import LayerDifference, OutputDifference
from inspector.domain.computation import Computation, Layer
from inspector.domain.match import WeightDifference
from inspector.session.undone import NOTE, without_undone


def layer(name: str, *reads: str) -> Layer:
    return Layer(name=name, kind="other", class_name="", inputs=reads, outputs=(name,))


# x -> scale -> sum -> out, and x -> sum; and out -> aside
NET = Computation(
    layers=(layer("x"), layer("scale", "x"), layer("sum", "scale", "x"), layer("out", "sum"), layer("aside", "scale")),
    inputs=(),
    outputs=(),
)
INNER = replace(NET, layers=NET.layers[:4])


def row(name: str, total: float, introduced: float, status: str) -> LayerDifference:
    numbers = [measure(np.array([1.0]), np.array([1.0 + apart])) for apart in (total, introduced)]
    return LayerDifference(
        index=0, a=name, b=name, class_name="", kind="other", status=status, total=numbers[0], introduced=numbers[1],
        noise_floor=1e-6,
    )  # fmt: skip


def rows(**more: LayerDifference) -> list[LayerDifference]:
    """`scale` and `sum` introduce what cancels: at `out` both sides agree."""
    found = {
        "x": row("x", 0, 0, "same"),
        "scale": row("scale", 0.5, 0.5, "different"),
        "sum": row("sum", 0, 0.5, "different"),
        "out": row("out", 0, 0, "same"),
    }
    return list((found | more).values())


def output(apart: float) -> OutputDifference:
    return OutputDifference(
        a="out", b="out", shape=(1,), metrics=measure(np.array([1.0]), np.array([1.0 + apart])), noise_floor=1e-6,
        within_noise=apart <= 1e-6, identical=apart == 0,
    )  # fmt: skip


def statuses(
    found: list[LayerDifference], net: Computation = NET, *, b: Computation | None = None, apart: float = 0.0,
    stated: Collection[str] = (),
) -> dict[str, str]:  # fmt: skip
    return {item.a: item.status for item in without_undone(found, net, b or net, [output(apart)], stated)}


def test_what_cancels_before_the_output_is_no_difference() -> None:
    assert statuses(rows(), INNER) == {"x": "same", "scale": "within-noise", "sum": "within-noise", "out": "same"}
    assert [item.note for item in without_undone(rows(), INNER, INNER, [output(0)])] == ["", NOTE, NOTE, ""]


def test_what_another_branch_takes_on_is_one() -> None:
    found = statuses(rows(aside=row("aside", 0.5, 0, "same")))
    assert (found["scale"], found["sum"]) == ("different", "within-noise")


def test_what_reaches_the_output_is_one() -> None:
    lasting = rows(sum=row("sum", 0.5, 0.5, "different"), out=row("out", 0.5, 0, "same"))
    found = statuses(lasting, apart=0.5)
    assert (found["scale"], found["sum"]) == ("different", "different")


@pytest.mark.parametrize(("apart", "status"), [(0.0, "within-noise"), (0.5, "different")])
def test_the_last_layer_is_judged_by_the_output(apart: float, status: str) -> None:
    """It was matched with a tensor inside its work; what B gives in the end is the output."""
    inside = rows(out=row("out", 0.3, 0.3, "different"))
    assert statuses(inside, INNER, apart=apart)["out"] == status


def test_a_difference_that_fades_is_one_all_the_same() -> None:
    fading = rows(scale=row("scale", 0.5, 0.5, "different"), sum=row("sum", 0, 0, "same"))
    assert statuses(fading, INNER)["scale"] == "different"


def test_a_tensor_that_b_does_not_read_on_is_none() -> None:
    """`sum` agrees without ever being made of the tensor that `scale` was matched with."""
    fading = rows(scale=row("scale", 0.5, 0.5, "different"), sum=row("sum", 0, 0, "same"))
    b = replace(INNER, layers=(layer("x"), layer("scale", "x"), layer("sum", "x"), layer("out", "sum")))
    assert statuses(fading, INNER, b=b)["scale"] == "within-noise"


def test_two_layers_that_are_one_tensor_in_b() -> None:
    found = rows(sum=replace(row("sum", 0, 0, "same"), b="scale"))
    assert statuses(found, INNER)["scale"] == "within-noise"


def weighted(relation: str) -> LayerDifference:
    weight = WeightDifference(a="k", b="k", role="kernel", relation=relation, shape_a=(1,), shape_b=(1,))
    return replace(row("scale", 0.5, 0.5, "different"), weights=(weight,))


@pytest.mark.parametrize("relation", ["exact", "folded", "permuted"])
def test_the_same_weights_scaled_or_in_another_order_are_undone(relation: str) -> None:
    assert statuses(rows(scale=weighted(relation)), INNER)["scale"] == "within-noise"


def test_other_weights_are_never_undone() -> None:
    assert statuses(rows(scale=weighted("different")), INNER)["scale"] == "different"


# x -> first -> second -> out, the second a layer that scales
CHAIN = Computation(
    layers=(
        layer("x"),
        layer("first", "x"),
        replace(layer("second", "first"), kind="normalization"),
        layer("out", "second"),
    ),
    inputs=(),
    outputs=(),
)


@pytest.mark.parametrize(
    ("kind", "role", "behind", "status"),
    [
        ("normalization", "variance", "different", "within-noise"),
        ("conv2d", "bias", "different", "within-noise"),
        ("conv2d", "kernel", "different", "different"),  # where an input is 0, a kernel does not show
        ("normalization", "variance", "same", "different"),  # nothing makes up for it
    ],
)
def test_a_scale_that_the_next_one_makes_up_for_is_one_scale_cut_elsewhere(
    kind: str, role: str, behind: str, status: str
) -> None:
    weight = WeightDifference(a="w", b="w", role=role, relation="different", shape_a=(1,), shape_b=(1,))
    found = [
        row("x", 0, 0, "same"),
        replace(row("first", 0.5, 0.5, "different"), kind=kind, weights=(weight,)),
        row("second", 0, 0.5 if behind == "different" else 0, behind),
        row("out", 0, 0, "same"),
    ]
    (first,) = [item for item in without_undone(found, CHAIN, CHAIN, [output(0.0)]) if item.a == "first"]
    assert first.status == status
    assert first.weights[0].relation == ("folded" if status == "within-noise" else "different")


def test_infinity_is_never_undone() -> None:
    assert statuses(rows(scale=row("scale", 0.5, math.inf, "different")), INNER)["scale"] == "different"


def test_a_setting_that_is_stated_otherwise_is_never_undone() -> None:
    assert statuses(rows(), INNER, stated=("scale",))["scale"] == "different"
