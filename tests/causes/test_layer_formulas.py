"""Formulas against numbers of tf_keras 2.21 on small arrays, and against loops written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from layer_case import layer, normal

from inspector.causes.formulas import activation, compute, linear

STEPS = np.cos(np.arange(12) * 0.9).reshape(1, 4, 3)
PICTURE = np.cos(np.arange(24) * 0.9).reshape(1, 3, 4, 2)


def filled(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Weights in Keras's order, as they were when the numbers below were made: 0.8 sin(0.7 i)."""
    found, start = {}, 0
    for role, shape in shapes.items():
        size = int(np.prod(shape))
        found[role] = (0.8 * np.sin(0.7 * np.arange(start, start + size))).reshape(shape)
        start += size
    return found


def gates(count: int, bias: tuple[int, ...]) -> dict[str, np.ndarray]:
    return filled(kernel=(3, 2 * count), recurrent_kernel=(2, 2 * count), bias=bias)


RECURRENT = [
    ("lstm", {}, gates(4, (8,)), [-0.4537293, -0.2616729]),
    ("lstm", {"recurrent_activation": "hard_sigmoid"}, gates(4, (8,)), [-0.4250939, -0.260381]),
    ("gru", {"reset_after": True}, gates(3, (2, 6)), [-0.3377666, -0.4083698]),
    ("gru", {"reset_after": False}, gates(3, (6,)), [-0.4134585, -0.381438]),
    (
        "simple_rnn",
        {"return_sequences": True},
        gates(1, (2,)),
        [0.7419276, 0.9466951, -0.8435282, -0.6673284, 0.9837409, 0.9797544, -0.9234132, -0.4419506],
    ),
]


@pytest.mark.parametrize(("kind", "settings", "weights", "wanted"), RECURRENT)
def test_recurrent_layers_are_those_of_keras(kind: str, settings: dict, weights: dict, wanted: list[float]) -> None:
    found = compute(layer(kind, **settings), [STEPS], weights)
    np.testing.assert_allclose(found.ravel(), wanted, atol=2e-6)


def test_both_ways_are_joined_with_the_second_half_turned_back() -> None:
    shapes = {"kernel": (3, 6), "recurrent_kernel": (2, 6), "bias": (2, 6)}
    weights = filled(**{f"{side}_{role}": shape for side in ("forward", "backward") for role, shape in shapes.items()})
    both = layer("bidirectional", layer_kind="gru", reset_after=True, return_sequences=True)
    wanted = [0.07148882, -0.1155655, 0.4493156, 0.5699959, -0.1257026, -0.2762176, 0.5122177, 0.1398479]
    wanted += [-0.2523547, -0.3125867, 0.2899428, 0.1834241, -0.3377666, -0.4083698, 0.5317858, 0.4042771]
    np.testing.assert_allclose(compute(both, [STEPS], weights).ravel(), wanted, atol=2e-6)


def test_a_normalization_is_that_of_keras_and_its_inverse_goes_back() -> None:
    """`tf_keras.layers.Normalization(mean=[0.1, -0.2, 0.3], variance=[0.5, 2.0, 0.25])` of the first row."""
    weights = {"mean": np.array([0.1, -0.2, 0.3]), "variance": np.array([0.5, 2.0, 0.25])}
    found = compute(layer("normalization", axis=(-1,)), [STEPS], weights)
    np.testing.assert_allclose(found[0, 0], [1.2727922, 0.580966, -1.0544043], atol=2e-6)
    back = compute(layer("normalization", axis=-1, invert=True), [found], weights)
    np.testing.assert_allclose(back, STEPS, atol=1e-12)


ONE = PICTURE[:, :2, :2, :1]
RESIZED = [
    (
        {"interpolation": "bilinear", "convention": "half_pixel"},
        [1.0, 0.6931995, 0.07959843, -0.2272021, 0.9020878, 0.5770199, -0.07311614, -0.3981841],
    ),
    (
        {"interpolation": "bilinear", "convention": "legacy"},
        [1.0, 0.38639897, -0.22720209, -0.22720209, 0.80417562, 0.11750475, -0.56916618, -0.56916618],
    ),
    (
        {"interpolation": "bilinear", "convention": "corners_aligned"},
        [1.0, 0.59093261, 0.18186528, -0.22720209, 0.86945045, 0.42790753, -0.01363531, -0.45517814],
    ),
]


@pytest.mark.parametrize(("settings", "wanted"), RESIZED)
def test_upsampling_is_that_of_tensorflow(settings: dict, wanted: list[float]) -> None:
    found = compute(layer("upsample", size=2, **settings), [ONE], {})
    np.testing.assert_allclose(found.ravel()[:8], wanted, atol=1e-6)


def test_bicubic_and_antialias_are_those_of_tensorflow() -> None:
    cubic = compute(layer("upsample", size=2, interpolation="bicubic"), [PICTURE[:, :2, :3, :1]], {})
    wanted = [1.140564, 0.8238925, 0.1535102, -0.4246975, -0.8347617, -1.02861]
    np.testing.assert_allclose(cubic.ravel()[:6], wanted, atol=1e-5)
    smaller = layer("upsample", height=2, width=2, interpolation="bilinear", antialias=True)
    wanted = [0.0678603, -0.0099008, -0.3057905, 0.3344691]
    np.testing.assert_allclose(compute(smaller, [PICTURE[..., :1]], {}).ravel(), wanted, atol=1e-6)


def test_a_transposed_convolution_is_that_of_keras() -> None:
    upwards = layer("conv2d_transpose", strides=(2, 2), padding="same")
    wanted = [0.01345112, 0.5288252, 0.8018109, -0.103643, 0.7040186, 0.2814417, -0.4240738, -0.04743689]
    wanted += [-0.6838095, -0.4589825, 0.1464566, -0.2775496, 0.4335588, 0.1764835, -0.7864654, -0.2307232]
    found = compute(upwards, [ONE], filled(kernel=(3, 3, 1, 1), bias=(1,)))
    np.testing.assert_allclose(found.ravel(), wanted, atol=1e-6)


def test_group_norm_is_that_of_keras() -> None:
    x = np.cos(np.arange(8)).reshape(1, 2, 4)
    wanted = [0.2679905, -0.06939524, -1.177266, -1.69571, 0.2679905, -0.2882309, 0.1624204, -0.208793]
    found = compute(layer("group_norm", groups=2, epsilon=1e-3), [x], filled(gamma=(4,), beta=(4,)))
    np.testing.assert_allclose(found.ravel(), wanted, atol=1e-6)


def looped(
    x: np.ndarray, kernel: np.ndarray, pads: tuple, stride: int, dilation: int, *, depthwise: bool
) -> np.ndarray:
    """A 2-D convolution of one sample, place by place."""
    framed = np.pad(x[0], (*pads, (0, 0)))
    rows, columns = (
        (n - (k - 1) * dilation - 1) // stride + 1 for n, k in zip(framed.shape[:2], kernel.shape[:2], strict=True)
    )
    found = []
    for row in range(rows):
        for column in range(columns):
            total = 0.0
            for i in range(kernel.shape[0]):
                for j in range(kernel.shape[1]):
                    given = framed[row * stride + i * dilation, column * stride + j * dilation]
                    total = total + ((given[:, None] * kernel[i, j]).ravel() if depthwise else given @ kernel[i, j])
            found.append(total)
    return np.array(found).reshape(1, rows, columns, -1)


@pytest.mark.parametrize(
    ("settings", "pads", "stride", "dilation"),
    [
        ({"padding": "same", "strides": (2, 2)}, ((0, 1), (1, 1)), 2, 1),
        ({"padding": "valid"}, ((0, 0), (0, 0)), 1, 1),
        ({"padding": "same", "dilation": (2, 2)}, ((2, 2), (2, 2)), 1, 2),
        ({"padding": "valid", "pads": ((2, 0), (1, 1))}, ((2, 0), (1, 1)), 1, 1),
    ],
)
def test_convolutions_are_the_loops(settings: dict, pads: tuple, stride: int, dilation: int) -> None:
    x, kernel, deep = normal(1, 6, 7, 2), normal(3, 3, 2, 4, seed=1), normal(3, 3, 2, 3, seed=2)
    found = compute(layer("conv2d", **settings), [x], {"kernel": kernel})
    np.testing.assert_allclose(found, looped(x, kernel, pads, stride, dilation, depthwise=False), atol=1e-5)
    found = compute(layer("depthwise_conv2d", **settings), [x], {"depthwise_kernel": deep})
    np.testing.assert_allclose(found, looped(x, deep, pads, stride, dilation, depthwise=True), atol=1e-5)
    point = normal(1, 1, 6, 5, seed=3)
    found = compute(layer("separable_conv2d", **settings), [x], {"depthwise_kernel": deep, "pointwise_kernel": point})
    middle = looped(x, deep, pads, stride, dilation, depthwise=True)
    np.testing.assert_allclose(found, middle @ point[0, 0], atol=1e-5)


def test_a_grouped_convolution_keeps_its_groups_apart() -> None:
    x, kernel = normal(1, 5, 5, 4), normal(3, 3, 2, 6, seed=1)
    found = compute(layer("conv2d", padding="valid"), [x], {"kernel": kernel})
    halves = [looped(x[..., at : at + 2], kernel[..., way], ((0, 0), (0, 0)), 1, 1, depthwise=False) for at, way in
              ((0, slice(0, 3)), (2, slice(3, 6)))]  # fmt: skip
    np.testing.assert_allclose(found, np.concatenate(halves, -1), atol=1e-5)


def test_an_average_leaves_the_border_out_unless_it_is_told_to_count_it() -> None:
    x = np.arange(1.0, 5.0).reshape(1, 4, 1)
    pool = {"pool": "average", "pool_size": (3,), "strides": (1,), "padding": "same"}
    assert compute(layer("pool", **pool), [x], {}).ravel().tolist() == [1.5, 2.0, 3.0, 3.5]
    counted = compute(layer("pool", **pool, counts_padding=True), [x], {}).ravel()
    np.testing.assert_allclose(counted, [1.0, 2.0, 3.0, 7 / 3])


POINTS = [
    ("gelu", 1.0, 0.8413447460685429),  # the normal distribution's share below 1
    ("gelu_tanh", 1.0, 0.8411919906082768),
    ("swish", 2.0, 2 / (1 + math.exp(-2))),
    ("selu", -1.0, 1.0507009873554805 * 1.6732632423543772 * math.expm1(-1)),
    ("hard_sigmoid", 1.0, 0.7),
    ("hard_sigmoid_3", 1.0, 1 / 6 + 0.5),
    ("softplus", 0.0, math.log(2)),
    ("mish", 1.0, math.tanh(math.log(1 + math.e))),
    ("leaky_relu", -2.0, -0.4),
]


@pytest.mark.parametrize(("name", "x", "wanted"), POINTS)
def test_activations_at_one_point(name: str, x: float, wanted: float) -> None:
    assert float(activation(name, np.array([x]))[0]) == pytest.approx(wanted, rel=1e-12)


def test_what_is_not_written_or_makes_no_sense_is_none() -> None:
    assert compute(layer("attention"), [STEPS], {}) is None
    assert compute(layer("conv2d", strides="two"), [STEPS], {"kernel": normal(3, 3, 2, 4)}) is None
    assert compute(layer("dense"), [STEPS], {"kernel": normal(5, 2)}) is None
    assert activation("something", STEPS) is None


def test_linear_is_the_value_before_the_activation() -> None:
    x, kernel = normal(2, 3), normal(3, 4, seed=1)
    found = linear(layer("dense", activation="relu", max_value=1.0), x.astype(np.float64), {"kernel": kernel})
    np.testing.assert_allclose(found, x.astype(np.float64) @ kernel)
