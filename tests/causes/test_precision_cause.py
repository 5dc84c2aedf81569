"""Half precision, by numpy's float16 and by bfloat16 as ml_dtypes rounds it."""

from __future__ import annotations

from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest
from two_sides import Net, put, trained

from inspector.causes.case import Graft, OutputPair
from inspector.causes.precision import computed_in, suspect, to_half
from inspector.compare.metrics import measure
from inspector.domain.comparison import OutputDifference

KERNEL = trained(0, 12, 16)


def half(array: np.ndarray, kind: str) -> np.ndarray:
    return array.astype(np.float16 if kind == "float16" else ml_dtypes.bfloat16).astype(np.float32)


def suspected(kernel: np.ndarray, bias: np.ndarray | None = None) -> list:
    own = trained(1, 16)
    net = Net().add("dense", {"kernel": KERNEL, "bias": own}, {"kernel": kernel, "bias": own if bias is None else bias})
    return list(suspect(net.case()))


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_rounding_is_that_of_the_types(kind: str) -> None:
    numbers = np.concatenate([trained(3, 1000), np.float32([0, -0.0, 1e-8, 65504, 65520, 1e6, np.inf, -np.inf])])
    with np.errstate(over="ignore"):
        assert np.array_equal(to_half(numbers, kind), half(numbers, kind))


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_rounded_weights_are_told_and_mended(kind: str) -> None:
    (found,) = suspected(half(KERNEL, kind), half(trained(1, 16), kind))
    assert (found.cause, found.layers, found.confidence) == ("precision", ("dense",), 0.96)
    assert found.title == f"the weights of `dense` are rounded to {kind} in B"
    assert np.array_equal(put(found)["b/dense/kernel"], KERNEL)
    assert np.array_equal(put(found)["b/dense/bias"], trained(1, 16))


def test_a_constant_that_is_stored_in_half_cannot_hold_as_numbers() -> None:
    net = Net().add("dense", {"kernel": KERNEL}, {"kernel": half(KERNEL, "float16")})
    net.b[0] = replace(net.b[0], weights=tuple(replace(w, dtype="float16") for w in net.b[0].weights))
    (found,) = suspect(net.case())
    assert found.trial is not None
    assert found.trial.edits == (Graft(layer="dense"),)


def test_a_bfloat16_that_was_cut_off() -> None:
    cut = (KERNEL.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    assert [item.cause for item in suspected(cut)] == ["precision"]


@pytest.mark.parametrize(
    "kernel", [KERNEL, np.nextafter(KERNEL, np.float32(9)), trained(5, 12, 16), half(trained(5, 12, 16), "float16")]
)
def test_other_numbers_are_no_rounding(kernel: np.ndarray) -> None:
    assert suspected(kernel) == []


def test_ones_are_near_many_numbers_and_are_no_rounding() -> None:
    """1.0 is what bfloat16 makes of 0.998..1.003."""
    near = np.random.default_rng(0).uniform(0.999, 1.002, 16).astype(np.float32)
    net = Net().add("bn", {"gamma": near}, {"gamma": np.ones(16, np.float32)}, kind="batch_norm")
    assert list(suspect(net.case())) == []
    mixed = {"kernel": KERNEL, "bias": trained(1, 16)}
    other = {"kernel": trained(5, 12, 16), "bias": half(trained(1, 16), "float16")}
    assert list(suspect(Net().add("dense", mixed, other).case())) == []


def test_all_layers_are_one_story() -> None:
    net = Net()
    for index in range(5):
        a = trained(index, 8, 8)
        net.add(f"d{index}", {"kernel": a}, {"kernel": half(a, "float16")})
    (found,) = suspect(net.case())
    assert found.title == "the weights of 5 layers are rounded to float16 in B"
    assert len(put(found)) == 5


def activations(a: np.ndarray, b: np.ndarray) -> list:
    net = Net().add("act", {}, {}, kind="activation", status="different").sample("act", a, a, b)
    return list(suspect(net.case()))


def test_a_layer_that_computes_in_half() -> None:
    x = np.random.default_rng(0).normal(size=(4, 32)).astype(np.float32)
    for kind in ("float16", "bfloat16"):
        (found,) = activations(x, half(x, kind))
        assert found.title == f"`act` computes in {kind} on one side"
    assert activations(x, x * 1.001) == []
    assert activations(half(x, "float16"), half(x, "float16") * 2) == []
    assert computed_in(x, half(x[::-1], "float16")) == ""  # other numbers, that are halves by chance


def test_infinity_beyond_65504() -> None:
    x = np.linspace(60000, 70000, 64, dtype=np.float32).reshape(4, 16)
    with np.errstate(over="ignore"):
        (found,) = activations(x, half(x, "float16"))
    assert "its values go beyond 65504: infinity" in found.title


def test_what_the_layers_state() -> None:
    x = np.random.default_rng(0).normal(size=(4, 32)).astype(np.float32)
    net = Net().add("act", {}, {}, kind="activation", status="different").sample("act", x, x, x * 1.0004)
    case = net.case()
    stated = {name: replace(layer, dtype="float16") for name, layer in case.layer_b.items()}
    (found,) = suspect(replace(case, layer_b=stated))
    assert "float16" in found.title


def test_where_the_outputs_agree_half_precision_is_a_note() -> None:
    x = np.random.default_rng(0).normal(size=(4, 32)).astype(np.float32)
    near = half(x, "float16")
    net = Net().add("act", {}, {}, kind="activation", status="within-noise").sample("act", x, x, near)
    net.rows[0] = replace(net.rows[0], introduced=measure(x, near), noise_floor=0.01)
    output = OutputDifference(
        a="act",
        b="act:0",
        shape=x.shape,
        metrics=measure(x, near),
        noise_floor=0.01,
        within_noise=True,
        identical=False,
    )
    case = replace(net.case(), outputs=(OutputPair(difference=output, a=x, b=near),))
    assert list(suspect(case)) == []
    stated = {name: replace(layer, dtype="float16") for name, layer in case.layer_b.items()}
    (found,) = suspect(replace(case, layer_b=stated))
    assert (found.note_only, found.layers, found.trial) == (True, ("act",), None)
