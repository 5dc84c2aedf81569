"""Quantized weights and activations, quantized here in numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from two_sides import Net, put, trained

from inspector.causes.grids import grid
from inspector.causes.quantization import suspect
from inspector.domain.wording import short

KERNEL = trained(0, 3, 3, 8, 16)
SAFE = np.float32(np.abs(KERNEL).max())


def rounded(array: np.ndarray, step: float | np.ndarray, limit: int = 127) -> np.ndarray:
    return (np.clip(np.round(array / step), -limit, limit) * step).astype(np.float32)


def suspected(kernel: np.ndarray, a: np.ndarray = KERNEL) -> list:
    return list(suspect(Net().add("conv", {"kernel": a}, {"kernel": kernel.astype(np.float32)}, kind="conv2d").case()))


@pytest.mark.parametrize("count", [7, 15, 127])
def test_a_grid_for_the_whole_kernel(count: int) -> None:
    (found,) = suspected(rounded(KERNEL, SAFE / count, count))
    assert (found.cause, found.layers, found.confidence) == ("quantization", ("conv",), 0.95)
    assert "kernel stands on a grid of" in found.title
    assert np.array_equal(put(found)["b/conv/kernel"], KERNEL)


def test_a_grid_of_any_number_of_steps_in_a_small_kernel() -> None:
    small = trained(4, 8, 4)
    step = np.abs(small).max() / 20
    (found,) = suspected(np.round(small / step) * step, small)
    assert f"a grid of {short(step)} " in found.title


@pytest.mark.parametrize("axis", [2, 3])
def test_a_grid_for_each_channel(axis: int) -> None:
    others = tuple(at for at in range(4) if at != axis)
    steps = np.abs(KERNEL).max(axis=others, keepdims=True) / 127
    (found,) = suspected(rounded(KERNEL, steps))
    assert f"a grid of {short(steps.max())} " in found.title


def test_unsigned_with_a_zero_point() -> None:
    low, step = KERNEL.min(), np.ptp(KERNEL) / 255
    (found,) = suspected(np.round((KERNEL - low) / step) * step + low)
    assert "256 levels" in found.title


@pytest.mark.parametrize(
    ("kernel", "told"),
    [
        (rounded(KERNEL, SAFE / 127) * 1.25, "A's times 1.25: a bad scale"),
        (rounded(KERNEL, SAFE / 127) + np.float32(SAFE / 127 * 3), "a zero point that is off"),
        (rounded(KERNEL, SAFE / 127 / 3), "cut off at"),
        (np.clip(KERNEL, -0.4 * SAFE, 0.4 * SAFE), "cut off at"),
        (KERNEL * np.float32(127 / 128), "A's times 0.992188: a scale that belongs elsewhere"),
        (KERNEL / 128, "A's times 0.0078125: a scale that belongs elsewhere"),
    ],
)
def test_what_is_wrong_besides_the_rounding(kernel: np.ndarray, told: str) -> None:
    (found,) = suspected(kernel)
    assert told in found.title


@pytest.mark.parametrize(
    "kernel",
    [
        KERNEL * (1 + 1e-7),
        trained(1, 3, 3, 8, 16),
        KERNEL * 1.1,
        KERNEL + trained(2, 3, 3, 8, 16) * 0.1,
        np.where(np.arange(16) < 4, 0, KERNEL),
        KERNEL.astype(np.float16),
        KERNEL[..., ::-1],
    ],
)
def test_other_changes_are_no_quantization(kernel: np.ndarray) -> None:
    assert suspected(kernel) == []


@pytest.mark.parametrize(("factor", "told"), [(1.0, ""), (1.25, "kernel is quantized, and is A's times 1.25")])
def test_where_b_states_its_steps_only_what_is_wrong_with_them_is_told(factor: float, told: str) -> None:
    step = SAFE / 127
    net = Net().add("conv", {"kernel": KERNEL}, {"kernel": rounded(KERNEL, step) * np.float32(factor)}, kind="conv2d")
    net.b[0] = replace(net.b[0], weights=tuple(replace(w, step=float(step)) for w in net.b[0].weights))
    found = list(suspect(net.case()))
    assert [told in item.title for item in found] == [True] * bool(told)


def test_a_net_that_is_on_the_grid_itself_is_not_blamed() -> None:
    small = rounded(KERNEL, SAFE / 7, 7)
    assert suspected(small * np.float32(1.1), small) == []


@pytest.mark.parametrize("seed", range(20))
def test_floats_are_on_no_grid(seed: int) -> None:
    random = np.random.default_rng(seed)
    assert all(grid(random.normal(size=shape)) == 0 for shape in [(16,), (4, 4), (3, 3, 16, 1), (100, 3)])


def activations(b: np.ndarray, a: np.ndarray, **fields: object) -> list:
    net = Net().add("act", {}, {}, kind="activation", status="different").sample("act", a, a, b)
    case = net.case()
    return list(suspect(replace(case, layers=tuple(replace(row, **fields) for row in case.layers))))


def test_activations_on_few_levels() -> None:
    x = np.random.default_rng(0).normal(0, 2, (4, 20, 8)).astype(np.float32)
    step = np.float32(3.0 / 127)
    (found,) = activations(np.clip(np.round(x / step), -127, 127) * step, x)
    beyond = (np.abs(x) > 3 + step).mean()
    assert "255 levels, 0.0236 apart" in found.title
    assert f"{100 * beyond:.1f}% of A's values lie beyond" in found.title
    assert found.trial is not None
    assert found.trial.edits == ()


def test_activations_in_four_bits() -> None:
    """relu(x), then 16 levels from 0 to 6 of which the values reach only four."""
    x = np.abs(np.random.default_rng(0).uniform(0, 1.3, (4, 20, 8))).astype(np.float32)
    (found,) = activations(np.round(x / np.float32(0.4)) * np.float32(0.4), x)
    assert "4 levels, 0.400 apart" in found.title


@pytest.mark.parametrize(("place", "word"), [(0, "gives"), (1, "reads")])
def test_a_fake_quant_node_that_only_b_has(place: int, word: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 64)).astype(np.float32)
    net = Net().add("one", {}, {}, kind="activation").add("two", {}, {}, kind="dense").sample("two", x, x, x * 1.5)
    net.rows[1] = replace(net.rows[1], status="different")
    net.b[1] = replace(net.b[1], inputs=("one:0",))
    net.b[1 - place] = replace(net.b[1 - place], kind="fake_quant", name="quantized", settings={"num_bits": 4})
    (found,) = suspect(net.case())
    assert f"what `two` {word} is quantized by `quantized` (num_bits 4)" in found.title
    net.a[0] = replace(net.a[0], kind="fake_quant")
    assert list(suspect(net.case())) == []


def test_values_at_the_end_of_a_quantized_range() -> None:
    x = np.zeros((1, 4), np.float32)
    (found,) = activations(x, x, clipped=0.25)
    assert "25% of its values lie at an end" in found.title
    assert found.trial is None
    assert activations(x + 1, x, clipped=0.001) == []


def test_plain_activations_are_not_blamed() -> None:
    x = np.random.default_rng(0).normal(0, 2, (4, 20, 8)).astype(np.float32)
    assert activations(x * 1.01, x) == []
    assert activations((x > 0).astype(np.float32), x) == []


def test_most_layers_are_one_story() -> None:
    def found(faulty: int) -> list:
        net = Net()
        for index in range(6):
            a = trained(index, 8, 16)
            net.add(f"d{index}", {"kernel": a}, {"kernel": rounded(a, np.abs(a).max() / 127) if index < faulty else a})
        return [item.layers for item in suspect(net.case())]

    assert found(6) == [tuple(f"d{index}" for index in range(6))]
    assert found(2) == [("d0",), ("d1",)]
