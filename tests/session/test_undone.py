"""Differences that what follows undoes, worked out by hand on a net of two branches."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from inspector.compare.metrics import measure
from inspector.domain.comparison import LayerDifference
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


def statuses(found: list[LayerDifference], net: Computation = NET) -> dict[str, str]:
    return {item.a: item.status for item in without_undone(found, net)}


def test_what_cancels_before_the_output_is_no_difference() -> None:
    inner = replace(NET, layers=NET.layers[:4])
    assert statuses(rows(), inner) == {"x": "same", "scale": "within-noise", "sum": "within-noise", "out": "same"}
    assert [item.note for item in without_undone(rows(), inner)] == ["", NOTE, NOTE, ""]


def test_what_another_branch_takes_on_is_one() -> None:
    found = statuses(rows(aside=row("aside", 0.5, 0, "same")))
    assert (found["scale"], found["sum"]) == ("different", "within-noise")


def test_what_reaches_the_output_is_one() -> None:
    found = statuses(rows(sum=row("sum", 0.5, 0.5, "different"), out=row("out", 0.5, 0, "same")))
    assert (found["scale"], found["sum"]) == ("different", "different")


def test_a_difference_that_fades_is_one_all_the_same() -> None:
    fading = rows(scale=row("scale", 0.5, 0.5, "different"), sum=row("sum", 0, 0, "same"))
    assert statuses(fading, replace(NET, layers=NET.layers[:4]))["scale"] == "different"


def test_two_layers_that_are_one_tensor_in_b() -> None:
    found = rows(sum=replace(row("sum", 0, 0, "same"), b="scale"))
    assert statuses(found, replace(NET, layers=NET.layers[:4]))["scale"] == "within-noise"


@pytest.mark.parametrize("what", ["weights", "infinity"])
def test_other_weights_and_infinity_are_never_undone(what: str) -> None:
    scale = row("scale", 0.5, math.inf if what == "infinity" else 0.5, "different")
    if what == "weights":
        weight = WeightDifference(a="k", b="k", role="kernel", relation="different", shape_a=(1,), shape_b=(1,))
        scale = replace(scale, weights=(weight,))
    assert statuses(rows(scale=scale), replace(NET, layers=NET.layers[:4]))["scale"] == "different"
