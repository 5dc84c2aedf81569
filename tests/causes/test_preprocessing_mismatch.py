"""A scale, a mean or the colours' order on one side: found in what is fed, in the files, or by searching."""

from __future__ import annotations

import numpy as np
import pytest
from port_cases import Ports, a_layer

from inspector.causes.case import Graft
from inspector.causes.preprocessing_mismatch import suspect

RANDOM = np.random.default_rng(3)
X = RANDOM.uniform(0, 1, (2, 6, 6, 3)).astype(np.float32)
KERNEL = RANDOM.normal(size=(3, 3, 3, 4))
BIAS = RANDOM.normal(size=4)
CONV = {"weights": (("kernel", KERNEL.shape), ("bias", BIAS.shape)), "padding": "same", "strides": (1, 1)}


def convolved(x: np.ndarray) -> np.ndarray:
    """3 x 3, same, written out."""
    padded = np.pad(np.asarray(x, np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    found = sum(padded[:, r : r + 6, c : c + 6] @ KERNEL[r, c] for r in range(3) for c in range(3))
    return found + BIAS


def net(x: np.ndarray = X, b: np.ndarray | None = None, **more) -> Ports:
    made = Ports(**more).fed("image", x, b)
    made.values = {"conv/kernel": KERNEL, "conv/bias": BIAS}
    made.gives("conv", "conv:0", np.zeros((2, 3)), np.ones((2, 3)))
    return made


def with_conv(made: Ports, reads_b: str, u: np.ndarray, v: np.ndarray, reads_a: str = "image", **more) -> Ports:
    made.both(
        a_layer("conv", "conv2d", reads_a, **CONV), a_layer("conv", "conv2d", reads_b, tensor="conv:0"),
        more.pop("status", "different"), **more,
    )  # fmt: skip
    return made.numbers("conv", u, convolved(u), convolved(v))


@pytest.mark.parametrize(
    ("v", "words"),
    [
        (X / 255, "x / 255"),
        (X * 2 - 1, "x * 2 - 1"),
        (X[..., ::-1], "x with red and blue exchanged"),
        ((X - [0.1, 0.2, 0.3]) / [4, 5, 6], "(x - mean) / deviation with mean 0.1 0.2 0.3 and deviation 4 5 6"),
    ],
)
def test_the_first_layers_numbers_tell_what_b_does(v: np.ndarray, words: str) -> None:
    (found,) = suspect(with_conv(net(), "image:0", X, v).case())
    assert found.title == f"`conv` reads x as it is in A and {words} in B"
    assert (found.layer_a, found.confidence) == ("conv", 0.97)
    assert found.trial is not None
    assert found.trial.edits == (Graft(layer="conv"),)


def test_a_rescaling_that_only_a_has_is_the_layer() -> None:
    made = net().both(a_layer("rescale", "rescaling", "image", scale=1 / 255, offset=0.0), None)
    (found,) = suspect(with_conv(made, "image:0", X / 255, X, reads_a="rescale").case())
    assert found.title == "`conv` reads x / 255 in A and x as it is in B"
    assert (found.layer_a, found.layers) == ("rescale", ("rescale", "conv"))
    assert '--preprocess-b "scale 1/255"' in found.mend


def test_twice_is_said() -> None:
    made = net().both(a_layer("rescale", "rescaling", "image", scale=1 / 255), a_layer("r", "rescaling", "image:0"))
    made.b.append(a_layer("again", "rescaling", "r", tensor="again:0"))
    (found,) = suspect(with_conv(made, "again:0", X / 255, X / 65025, reads_a="rescale").case())
    assert "preprocessed twice in B" in found.title
    assert (found.layer_a, found.layer_b) == ("rescale", "again")


def test_other_numbers_in_the_rescaling_itself() -> None:
    made = net().both(
        a_layer("rescale", "rescaling", "image", scale=2.0, offset=-1.0),
        a_layer("r", "rescaling", "image:0"),
        "different",
    )
    made.numbers("rescale", X, X * 2.0 - 1, X / 255)
    (found,) = suspect(with_conv(made, "r", X * 2 - 1, X * 2 - 1, reads_a="rescale", status="same").case())
    assert found.title == "`rescale` gives x * 2 - 1 in A and x / 255 in B"
    assert found.layer_a == "rescale"


def test_where_b_cannot_be_edited_it_is_fed_otherwise() -> None:
    (found,) = suspect(with_conv(net(can=()), "image:0", X, X / 4).case())
    assert found.trial is not None
    assert found.trial.feeds_b is not None
    assert np.allclose(found.trial.feeds_b["image:0"], X * 4)
    assert found.trial.feeds_b["image:0"].dtype == np.float32


def recurrent(*, extra: bool, status: str = "different", name: str = "net/scale/add") -> Ports:
    made = net()
    if extra:
        made.b.append(a_layer(name, "rescaling", "image:0", tensor="extra:0"))
    reads = "extra:0" if extra else "image:0"
    return made.both(a_layer("lstm", "lstm", "image"), a_layer("net/lstm/out", "lstm", reads, tensor="lstm:0"), status)


def test_arithmetic_before_a_layer_that_cannot_be_solved() -> None:
    (found,) = suspect(recurrent(extra=True).case())
    assert found.title == "B has `net/scale/add` (rescaling) before `lstm`, A has nothing there"
    assert found.confidence >= 0.9


def test_a_norms_own_parts_are_no_preprocessing() -> None:
    made = net()
    made.b.append(a_layer("net/bn/mul", "scale", "image:0", tensor="mul:0"))
    norm = a_layer("net/bn/add", "batch_norm", "mul:0", tensor="bn:0")
    made.both(a_layer("bn", "batch_norm", "image"), norm, "different")
    assert [item for item in suspect(made.case()) if not item.needs_proof] == []


@pytest.mark.parametrize(
    "made",
    [
        with_conv(net(), "image:0", X, X, status="same"),
        with_conv(net(), "image:0", X, X / 255, relation="different"),
        recurrent(extra=True, status="same"),
    ],
    ids=["nothing differs", "the weights differ", "an extra layer that changes nothing"],
)
def test_no_suspicion_without_a_reason(made: Ports) -> None:
    assert list(suspect(made.case())) == []


def test_a_depthwise_scale_is_left_to_others() -> None:
    made = net()
    kernel = RANDOM.normal(size=(1, 1, 3, 1))
    made.values = {"dw/kernel": kernel}
    layer = a_layer(
        "dw", "depthwise_conv2d", "image", weights=(("kernel", kernel.shape),), padding="same", strides=(1, 1)
    )
    made.both(layer, a_layer("dw", "depthwise_conv2d", "image:0", tensor="dw:0"), "different")
    made.numbers("dw", X, X * kernel[0, 0, :, 0], X * kernel[0, 0, :, 0] * [1.1, 1.2, 1.3])
    assert [item for item in suspect(made.case()) if not item.needs_proof] == []


def test_fed_differently_is_said_with_the_relation() -> None:
    made = net(X, (X * 255).astype(np.float32), can=("edit",))
    made.inputs[0] = type(made.inputs[0])(
        a=made.inputs[0].a, b=made.inputs[0].b, array_a=X, array_b=made.inputs[0].array_b, preprocess_a="scale 1/255"
    )
    with_conv(made, "image:0", X, X * 255)
    (found,) = suspect(made.case())
    assert found.title == "the sides are fed differently at `image`: B gets x, A gets x / 255"
    assert found.trial is not None
    assert found.trial.feeds_b is not None
    assert np.array_equal(found.trial.feeds_b["image:0"], X)
    assert found.mend == 'preprocess B as A: --preprocess-b "scale 1/255"'


def test_another_dtype_is_not_another_input() -> None:
    made = net(X, X.astype(np.float16))
    with_conv(made, "image:0", X, X, status="same")
    assert list(suspect(made.case())) == []


def test_the_search_tries_the_usual_ones_where_nothing_is_seen() -> None:
    tried = list(suspect(recurrent(extra=False).case()))
    assert all(item.needs_proof and item.family == "preprocess" for item in tried)
    fed = {item.trial.text: item.trial.feeds_b["image:0"] for item in tried if item.trial and item.trial.feeds_b}
    assert np.allclose(fed["B's input x / 255"], X / 255)
    assert np.allclose(fed["B's input x * 255"], X * 255)
    assert np.allclose(fed["B's input x with red and blue exchanged"], X[..., ::-1])


def test_pictures_are_searched_by_pipelines() -> None:
    asked = []

    def feeds(side: str, line: str) -> dict[str, np.ndarray]:
        asked.append((side, line))
        return {"image:0": X + len(asked)}

    made = recurrent(extra=False)
    pair = made.inputs[0]
    made.inputs[0] = type(pair)(
        a=pair.a, b=pair.b, array_a=X, array_b=X, picture=True,
        preprocess_a="resize 6x6 bilinear | tf", preprocess_b="resize 6x6 bilinear | tf",
    )  # fmt: skip
    made.feeds = feeds
    tried = list(suspect(made.case()))
    assert ("b", "resize 6x6 bilinear | caffe") in asked
    assert ("b", "resize 6x6 nearest | tf") in asked
    assert "preprocessed by `resize 6x6 bilinear | caffe`" in " ".join(item.title for item in tried)


def test_without_a_run_the_files_are_compared() -> None:
    made = Ports()
    made.a.append(a_layer("image", "input"))
    made.both(a_layer("rescale", "rescaling", "image", scale=1 / 255), None)
    made.both(a_layer("conv", "conv2d", "rescale", **CONV), a_layer("conv", "conv2d", "image:0", tensor="conv:0"))
    case = made.case(ran=False)
    assert list(suspect(case)) == []  # no ports are stated
    made.fed("image", X)
    case = made.case(ran=False)
    (found,) = suspect(case)
    assert found.title == "A has `rescale` (x / 255) in front, B has not"
